//! What the attribute says to an author who wrote something else. Every message names the remedy.

use crate::expand::agent;
use proc_macro2::TokenStream;

fn expand(options: &str, item: &str) -> Result<String, String> {
    let tokens = |text: &str| text.parse::<TokenStream>().expect("the test is Rust");
    agent(tokens(options), tokens(item))
        .map(|tokens| tokens.to_string())
        .map_err(|error| error.to_string())
}

fn refusal(options: &str, item: &str) -> String {
    expand(options, item).expect_err("it is refused")
}

const GOOD: &str = "fn shout(input: Input, cx: &Context) -> Result<Output> { todo() }";

#[test]
fn an_agent_function_becomes_a_type_and_its_export() {
    let written = expand(
        "read_only, name = \"loud\",",
        &format!("/// Shouts\n/// out.\n///\n/// More.\n{GOOD}"),
    );
    let written = written.expect("it is an agent");
    for part in [
        "struct ShoutAgent ;",
        "type Input = Input ;",
        "manifest ! () . name (\"loud\") . description (\"Shouts out.\") . read_only () ;",
        "shout (input , cx)",
        "export ! (ShoutAgent) ;",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let written =
        expand("", "pub fn two_words(x: I) -> Result<O> { todo() }").expect("the context may be left out");
    assert!(
        written.contains("pub struct TwoWordsAgent ;") && written.contains("two_words (input)"),
        "{written}"
    );
}

#[test]
fn what_is_no_free_function_is_refused() {
    let shape = "`fn name(input: Input, cx: &Context) -> Result<Output>`";
    assert_eq!(
        refusal("", "struct S;"),
        format!("`#[hap_guest::agent]` goes on a free function like {shape}")
    );
    assert_eq!(
        refusal("", "fn shout(&self, input: Input) -> Result<O> { todo() }"),
        format!("`#[hap_guest::agent]` goes on a free function, not on a method: write {shape}")
    );
}

#[test]
fn signatures_that_no_host_can_call_are_refused() {
    for (item, message) in [
        (
            "fn f() -> Result<O> { t() }",
            "an agent takes its input: write `fn name(input: Input, cx: &Context) -> Result<Output>`",
        ),
        (
            "fn f(input: &I) -> Result<O> { t() }",
            "an agent owns its input: remove the `&`, and put `cx: &Context` second",
        ),
        (
            "fn f(a: I, b: I) -> Result<O> { t() }",
            "the second parameter is `cx: &Context`; put all input into one struct",
        ),
        (
            "fn f(a: I, cx: &Context, c: I) -> Result<O> { t() }",
            "an agent takes an input and a context and nothing else; put all input into one struct",
        ),
        (
            "fn f(input: I) { t() }",
            "an agent returns its output: write `fn name(input: Input, cx: &Context) -> Result<Output>`",
        ),
        (
            "fn f<T>(input: T) -> Result<O> { t() }",
            "an agent has no generic parameters: name the input and output types",
        ),
        (
            "async fn f(input: I) -> Result<O> { t() }",
            "an agent is not `async`: remove the keyword; every function of the SDK returns when it is done",
        ),
    ] {
        assert_eq!(refusal("", item), message, "{item}");
    }
}

#[test]
fn an_unknown_option_is_refused_with_the_known_ones() {
    assert_eq!(
        refusal("readonly", GOOD),
        "unknown option `readonly`; options are `read_only`, `idempotent` and `name = \"…\"`"
    );
}
