//! What is told of conditions that are wrong, at load and when they are evaluated.

use super::*;

#[test]
fn syntax_errors_tell_where_and_what() {
    for (source, message) in [
        ("", "it is empty | as in `output.verdict == \"good\"`"),
        ("(output.yes", "`(` is never closed (column 1)"),
        ("output.yes)", "`)` closes nothing (column 11)"),
        ("[output.yes)", "`)` does not close the `[` before it (column 12)"),
        ("output.yes &&", "something is missing at the end (column 14)"),
        (
            "output.yes and output.no",
            "unexpected `and` (column 12) | and is written `&&`",
        ),
        (
            "output.yes = true",
            "a single `=` is no operator (column 12) | `==` tells whether two values are equal",
        ),
        (
            "true & true",
            "a single `&` is no operator (column 6) | write `&&` for and, `||` for or, `!` for not",
        ),
        (
            "output.text == 'x",
            "the text is never closed (column 16) | add `'` at its end",
        ),
        (
            "output.text == '\\q'",
            "`\\q` is no escape that a text can have (column 17) | a backslash itself is written `\\\\`",
        ),
        (
            "output.größe > 1",
            "unexpected character `ö` (column 10) | text stands in quotes: `output.verdict == \"good\"`",
        ),
        ("true\n&& (x", "`(` is never closed (line 2, column 4)"),
        (
            "99999999999999999999 > 1",
            "`99999999999999999999` is no number, or too large for one (column 1)",
        ),
        ("if > 1", "`if` is a reserved word (column 1)"),
        ("has(context)", "`has` takes one field | as in `has(context.key)`"),
        (
            "context.?a",
            "`?` cannot stand there (column 8) | a condition of its own is `test ? value : other`",
        ),
        (
            "a{b: 1}",
            "`a` cannot have `{` behind it (column 1) | a map is written `{\"key\": value}`",
        ),
    ] {
        assert_eq!(refused(source), message, "{source}");
    }
    assert!(refused(&"x".repeat(2001)).starts_with("it is longer than 2000 bytes"));
}

#[test]
fn unknown_names_are_told_with_a_suggestion() {
    for (source, message) in [
        (
            "output.a == contxt.a",
            "unknown name `contxt` (column 13) | did you mean `context`?",
        ),
        (
            "good",
            "unknown name `good` (column 1) | what can be named: `context`, `output`, `iteration`; text stands in quotes",
        ),
        (
            "output.list.all(item, itme > 1)",
            "unknown name `itme` (column 23) | did you mean `item`?",
        ),
        (
            "sise(output) > 1",
            "unknown function `sise` (column 1) | did you mean `size`?",
        ),
        (
            "output.a.startswith('x')",
            "unknown function `startswith` (column 10) | did you mean `startsWith`?",
        ),
        (
            "size(output, 1)",
            "`size` takes 1 in its brackets, not 2 (column 1)",
        ),
        (
            "output.list.all(x)",
            "`all` needs a list before it, and a name and an expression in its brackets (column 13) | as in `context.items.all(item, item.score > 3)`",
        ),
        (
            "output.list.all(context, true)",
            "`context` cannot be the name of an item too | give the item another name, as in `context.items.all(item, item > 3)`",
        ),
    ] {
        assert_eq!(refused(source), message, "{source}");
    }
    for source in [
        "now() > 1",
        "timestamp('x') > 1",
        "duration('1s') > 1",
        "output.a.matches('x')",
        "optional.of(1)",
        "_(1)",
        ".context.a",
    ] {
        assert!(refused(source).starts_with("unknown"), "{source}");
    }
}

#[test]
fn evaluation_errors_tell_what_to_do() {
    for (source, message) in [
        (
            "output.score",
            "it gives a double, not true or false | compare it with something: `==`, `!=`, `<`, `>`, `in`",
        ),
        (
            "context.missing > 1",
            "there is no key `missing` | `has(context.missing)` tells whether there is one: `has(context.missing) && …`",
        ),
        (
            "context['m m'] > 1",
            "there is no key `m m` | `\"m m\" in context` tells whether there is one",
        ),
        (
            "context.n / 0 > 1",
            "it divides by zero | test first: `n != 0 && total / n > 3`",
        ),
        (
            "context.n % (context.n - 3) > 1",
            "it divides by zero | test first: `n != 0 && total / n > 3`",
        ),
        (
            "9223372036854775807 + context.n > 1",
            "the result of `+` is too large for an int | `double(value)` holds larger numbers, less exactly",
        ),
        (
            "context.n + output.score > 1.0",
            "`+` does not take an int and a double | an int and a double are only computed with after `double(value)` or `int(value)`",
        ),
        (
            "output.text > 3",
            "`>` does not take a string and an int | `string(value)` makes text, `int(text)` and `double(text)` make numbers",
        ),
        ("context.nothing > 3", "`>` does not take null and an int"),
        ("context.n.field > 3", "an int has no fields"),
        ("context.n[0] > 3", "an int has no such items"),
        (
            "context.items[7] == 1",
            "a list has no item 7 | items count from 0; `size(list) > n` tells whether there is an item n",
        ),
        ("context.n.all(x, true)", "an int has no items to go through"),
        (
            "'r' in output.text",
            "`in` does not take a string and a string | `text.contains(\"part\")` looks into text; `in` looks into lists and for keys",
        ),
        ("!context.n", "`!` does not take an int"),
        ("true && context.n", "`&&` does not take a bool and an int"),
        (
            "context.n ? true : false",
            "there is an int, where a bool is needed",
        ),
        (
            "int('x') == 1",
            "`int` failed: string parse error: invalid digit found in string",
        ),
        ("{1: 2, 1: 3} == {}", "a map in it has one key twice"),
    ] {
        assert_eq!(failure(source), message, "{source}");
    }
    let error = evaluate("output > 1", "{}", "1e999").unwrap_err();
    assert_eq!(error.message, "`output` holds a number that is too large");
    let error = new("iteration > 1").unwrap().evaluate(&[]).unwrap_err();
    assert_eq!(error.message, "`iteration` has no value here");
}
