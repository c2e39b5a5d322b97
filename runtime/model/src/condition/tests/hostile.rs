//! Conditions that were written to exhaust the stack, the memory or the time of the host.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[test]
fn long_lists_in_loops_are_refused_before_they_take_long() {
    let list = |length: usize| format!("[{}]", vec!["1"; length].join(","));
    let error = evaluate(
        "context.a.all(x, context.a.all(y, x == y))",
        &format!(r#"{{"a": {}}}"#, list(3000)),
        "1",
    );
    assert!(error.unwrap_err().message.contains("more than 5000000 steps"));
    let error = evaluate(
        "context.a.map(x, context.a).size() > 1",
        &format!(r#"{{"a": {}}}"#, list(3000)),
        "1",
    );
    assert!(error.unwrap_err().message.contains("more than 5000000 steps"));
    let context = format!(r#"{{"a": {}, "b": 1}}"#, list(100_000));
    let start = Instant::now();
    assert_eq!(
        evaluate("context.a.all(x, x == context.b)", &context, "1"),
        Ok(true)
    );
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// The largest `n` for which `source(n)` is accepted.
fn largest(source: impl Fn(usize) -> String) -> Option<String> {
    (1..1000).rev().map(source).find(|source| new(source).is_ok())
}

/// Runs each kind of nesting at its maximum and far beyond on a stack half as large as that of a thread.
#[test]
fn the_worst_fits_on_a_small_stack() {
    let nest = |open: &'static str, inner: &'static str, close: &'static str| {
        move |n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let chain = |first: &'static str, next: &'static str, last: &'static str| {
        move |n: usize| format!("{first}{}{last}", next.repeat(n))
    };
    let kinds: Vec<Box<dyn Fn(usize) -> String + Send>> = vec![
        Box::new(nest("(", "true", ")")),
        Box::new(nest("[", "1", "]")),
        Box::new(nest("context.a[", "0", "] == 1")),
        Box::new(nest("{1:", "1", "}")),
        Box::new(nest("!", "true", "")),
        Box::new(nest("-", "1", "")),
        Box::new(nest("!-", "1", "")),
        Box::new(nest("!(", "true", ")")),
        Box::new(nest("-(-", "1", ")")),
        Box::new(nest("1+[(", "1", ")]")),
        Box::new(nest("int(", "1", ")")),
        Box::new(nest("false||true&&(1==1+1*-", "1", ")")),
        Box::new(nest("false ? true : ", "true", "")),
        Box::new(nest("true ? ", "true", " : false")),
        Box::new(nest("[1].all(x, ", "true", ")")),
        Box::new(nest("[[1].map(x, [x].map(y, ", "1", "))]")),
        Box::new(chain("context", ".b", "")),
        Box::new(chain("[1][0]", ".b", "")),
        Box::new(chain("context", "[0]", "")),
        Box::new(chain("1", "+1", " > 0")),
        Box::new(chain("true", "==true", "")),
        Box::new(chain("false", "||false", "")),
        Box::new(chain("true", "&&true", "")),
        Box::new(chain("'a'", ".contains('a')", "")),
        Box::new(chain("[1]", ".map(x,x)", " == [1]")),
        Box::new(chain("'", "\\u0041", "'.size() > 1")),
        Box::new(chain("[", "1,", "1].size() > 1")),
    ];
    let work = move || {
        let deep = Json::parse(
            &format!("{{\"a\": {}1{}}}", "[".repeat(110), "]".repeat(110)),
            120,
        )
        .unwrap();
        let values = [("context", ConditionValue::Json(&deep))];
        assert_eq!(new("context == context").unwrap().evaluate(&values), Ok(true));
        for kind in &kinds {
            let source = largest(kind).unwrap_or_else(|| kind(1));
            drop(new(&source).and_then(|condition| condition.evaluate(&values)));
            // One half only, too: brackets that are never closed.
            for n in [5, 24, 25, 64, 300, 500, 990, 1990] {
                let text: String = kind(n).chars().take(MAX_CONDITION_BYTES).collect();
                drop(new(&text).and_then(|condition| condition.evaluate(&values)));
            }
        }
    };
    let thread = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(work)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn what_is_usual_is_not_too_deep() {
    let clause = |n: usize| format!("(context.a{n} == \"x\" && output.score > {n}.5)");
    let clauses: Vec<String> = (0..40).map(clause).collect();
    assert_eq!(new(&clauses.join("||")).map(|_| ()), Ok(()));
    let words: Vec<String> = (0..200).map(|n| format!("'w{n}'")).collect();
    assert_eq!(
        new(&format!("output.word in [{}]", words.join(","))).map(|_| ()),
        Ok(())
    );
    assert_eq!(
        new(&format!("{}true{}", "(".repeat(20), ")".repeat(20))).map(|_| ()),
        Ok(())
    );
    assert_eq!(new(&format!("1{} > 0", "+1".repeat(18))).map(|_| ()), Ok(()));
}

#[test]
fn conditions_can_cross_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Condition>();
}

const TOKENS: &[&str] = &[
    "context",
    "output",
    "iteration",
    "x",
    "y",
    ".",
    ".a",
    ".b",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "&&",
    "||",
    " in ",
    "=",
    "&",
    "has(",
    "size(",
    "int(",
    "uint(",
    "double(",
    "string(",
    "bool(",
    "bytes(",
    "type(",
    ".all(x, ",
    ".exists(y, ",
    ".map(x, ",
    ".filter(x, ",
    ".exists_one(x, ",
    ".contains(",
    ".startsWith(",
    ".size()",
    "0",
    "1",
    "2.5",
    "-1",
    "1u",
    "0u",
    "1e308",
    "1e-400",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615u",
    "0x7fffffffffffffff",
    "0x",
    "1.",
    "''",
    "'a'",
    "\"é\"",
    "'\\",
    "r'\\'",
    "b'\\xff'",
    "'''",
    "\\u12",
    "true",
    "false",
    "null",
    "//",
    "\n",
    "é",
    "🦀",
    "\u{0}",
    "`a`",
    "int",
    "list",
    "[1, 2]",
    "{'a': 1}",
    "{1u: 2}",
    "_",
    "@",
    "#",
    "$",
    "\\",
    ";",
    "if",
    "as",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..24).prop_map(|tokens| tokens.concat())
}

/// Expressions that mostly pass the check, to get to the evaluator.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "context",
            "context.n",
            "context.items",
            "output",
            "output.list",
            "output.text",
            "context.big",
            "iteration",
            "1",
            "-1",
            "0",
            "2.5",
            "1u",
            "0u",
            "'a'",
            "b'a'",
            "true",
            "null",
            "[]",
            "{}",
            "9223372036854775807",
            "-9223372036854775808",
            "1e308",
            "0.0",
            "18446744073709551615u",
            "int",
            "'1'",
            "''",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 20, 3, |inner| {
        let operator =
            prop::sample::select(&["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", " in "][..]);
        let function = prop::sample::select(
            &[
                "size", "int", "uint", "double", "string", "bool", "bytes", "type", "-", "!", "dyn",
            ][..],
        );
        let method = prop::sample::select(&["all", "exists", "exists_one", "map", "filter"][..]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, operator, b)| format!("({a}{operator}{b})")),
            (function, inner.clone()).prop_map(|(function, a)| format!("{function}({a})")),
            (inner.clone(), method, inner.clone())
                .prop_map(|(a, method, b)| format!("({a}).{method}(x, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.clone().prop_map(|a| format!("has(({a}).n)")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("string({a}).contains(string({b}))")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(source in any::<String>(), soup in soup(), expression in expression()) {
        for source in [&source, &soup, &expression] {
            if let Err(error) = evaluate(source, CONTEXT, OUTPUT) {
                prop_assert!(!error.message.is_empty() && error.message.len() < 2000);
            }
        }
    }
}
