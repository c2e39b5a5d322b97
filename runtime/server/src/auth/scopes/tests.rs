//! The claims about scopes: reading, matching, comparing, narrowing.

use super::*;

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

#[test]
fn nothing_is_allowed_without_a_scope() {
    for scope in Scope::ALL {
        assert!(!Scopes::none().allows(scope, None));
        assert!(!scopes("").allows(scope, Some("a")));
    }
}

#[test]
fn admin_implies_every_scope_on_every_name() {
    for scope in Scope::ALL {
        assert!(Scopes::all().allows(scope, None));
        assert!(Scopes::all().allows(scope, Some("review/../x")));
    }
}

#[test]
fn a_scope_implies_no_other() {
    for held in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Admin) {
        for asked in Scope::ALL {
            assert_eq!(scopes(held.as_str()).allows(asked, Some("x")), held == asked);
        }
    }
}

#[test]
fn a_pattern_fits_a_name_or_what_starts_like_it() {
    let held = scopes("agent:execute:review/* agent:execute:find-terms graph:read:text:upper@1.0.0");
    assert!(held.allows(Scope::AgentExecute, Some("review/a")));
    assert!(held.allows(Scope::AgentExecute, Some("review/a/b")));
    assert!(held.allows(Scope::AgentExecute, Some("find-terms")));
    assert!(held.allows(Scope::GraphRead, Some("text:upper@1.0.0")));
    for other in [
        "review",
        "reviewer",
        "Review/a",
        "find-terms2",
        "find-term",
        "x/review/a",
        "",
    ] {
        assert!(!held.allows(Scope::AgentExecute, Some(other)), "{other}");
    }
    assert!(!held.allows(Scope::AgentRead, Some("review/a")));
}

#[test]
fn a_narrowed_scope_does_not_cover_everything() {
    assert!(!scopes("agent:execute:review/*").allows(Scope::AgentExecute, None));
    assert!(scopes("agent:execute").allows(Scope::AgentExecute, None));
    assert!(scopes("agent:execute:*").allows(Scope::AgentExecute, None));
}

#[test]
fn a_pattern_is_not_escaped_by_a_path_in_the_name() {
    let held = scopes("agent:execute:review/*");
    let tricks = [
        "review/../payroll",
        "review/./a",
        "review//a",
        "review/",
        "review/a/..",
        "review/%2e%2e/a",
        "review/a\0",
    ];
    for trick in tricks
        .into_iter()
        .chain(["review/\\..\\a", "review/a\nb", "review/*", "review/../x://y"])
    {
        assert!(!held.allows(Scope::AgentExecute, Some(trick)), "{trick:?}");
    }
}

#[test]
fn an_address_of_a_resource_can_be_named() {
    let held = scopes("resource:read:file:///notes/*");
    assert!(held.allows(Scope::ResourceRead, Some("file:///notes/a.txt")));
    assert!(!held.allows(Scope::ResourceRead, Some("file:///notes/../etc/passwd")));
    assert!(!held.allows(Scope::ResourceRead, Some("file:///notes//a")));
}

#[test]
fn what_is_printed_is_read_back_equal() {
    for text in [
        "",
        "admin",
        "agent:execute",
        "agent:execute:a*",
        "agent:read:ns:n@1 graph:read:x/*",
        "run:cancel:g",
    ] {
        let set = scopes(text);
        assert_eq!(set.to_string(), text);
        assert_eq!(set.to_string().parse::<Scopes>().unwrap(), set);
    }
}

#[test]
fn equal_rights_are_equal_values() {
    assert_eq!(
        scopes("run:read, agent:read"),
        scopes("agent:read run:read run:read:x")
    );
    assert_eq!(scopes("admin run:read:x agent:execute"), Scopes::all());
    assert_eq!(scopes("agent:execute:*"), scopes("agent:execute"));
    assert_eq!(
        scopes("run:read:a/b run:read:a/* run:read:a/b*"),
        scopes("run:read:a/*")
    );
}

#[test]
fn wrong_patterns_are_refused() {
    let long = format!("agent:read:{}", "a".repeat(300));
    let wrong = [
        "agent:read:",
        "agent:read:a*b",
        "agent:read:**",
        "agent:read:../*",
        "agent:read:a/../b",
        &long,
    ];
    for text in wrong.into_iter().chain([
        "agent:read:a//b",
        "agent:read:/*",
        "agent:read:ä",
        "agent:read:a\tb",
    ]) {
        assert!(
            matches!(text.parse::<Scopes>(), Err(ScopeError::Pattern { .. })),
            "{text:?}"
        );
    }
    assert_eq!("admin:x".parse::<Scopes>(), Err(ScopeError::NarrowedAdmin));
    assert_eq!("admin:x:y".parse::<Scopes>(), Err(ScopeError::NarrowedAdmin));
}

#[test]
fn a_misspelt_scope_gets_the_nearest_name() {
    let nearest = |text: &str| match text.parse::<Scopes>() {
        Err(ScopeError::Unknown { nearest, .. }) => nearest,
        other => panic!("{other:?}"),
    };
    assert_eq!(nearest("agent:excute"), Some(Scope::AgentExecute));
    assert_eq!(nearest("agents:read"), Some(Scope::AgentRead));
    assert_eq!(nearest("graph.create"), Some(Scope::GraphCreate));
    assert_eq!(nearest("Agent:Execute:review/*"), Some(Scope::AgentExecute));
    assert_eq!(nearest("amdin"), Some(Scope::Admin));
    assert_eq!(nearest("openid"), None);
    assert_eq!(nearest("something-else-altogether"), None);
    let error = "agent:excute".parse::<Scopes>().unwrap_err().to_string();
    assert_eq!(
        error,
        "`agent:excute` is not a scope (did you mean `agent:execute`?)"
    );
}

#[test]
fn a_wrong_scope_is_shown_short_and_clean() {
    let error = format!("x\u{1b}[31m{}", "y".repeat(9000))
        .parse::<Scopes>()
        .unwrap_err()
        .to_string();
    assert!(
        error.len() < 200 && !error.chars().any(char::is_control),
        "{error}"
    );
}

#[test]
fn the_number_of_scopes_is_bounded() {
    let words = |count: usize| (0..count).map(|i| format!("run:read:g{i}")).collect::<Vec<_>>();
    assert!(Scopes::from_list(words(MAX_SCOPES)).is_ok());
    assert_eq!(Scopes::from_list(words(MAX_SCOPES + 1)), Err(ScopeError::TooMany));
    let many = words(MAX_SCOPES + 1);
    assert_eq!(
        Scopes::from_foreign(many.iter().map(String::as_str)),
        Err(ScopeError::TooMany)
    );
    assert_eq!("a".repeat(1 << 20).parse::<Scopes>(), Err(ScopeError::TooMany));
}

#[test]
fn foreign_words_are_left_out() {
    let got =
        Scopes::from_foreign("openid profile agent:read admin:x agent:execute:../*".split(' ')).unwrap();
    assert_eq!(got, scopes("agent:read"));
}

#[test]
fn covering_is_what_allowing_says() {
    let cases = [
        ("admin", "run:read graph:read:x", true),
        ("agent:execute", "agent:execute:a/*", true),
        ("agent:execute:a/*", "agent:execute:a/b/* agent:execute:a/c", true),
        ("agent:execute:a/*", "agent:execute", false),
        ("agent:execute:a/*", "agent:execute:a*", false),
        ("agent:execute:a/b", "agent:execute:a/b*", false),
        ("agent:execute agent:read", "admin", false),
        ("", "", true),
        ("", "run:read", false),
    ];
    for (have, want, answer) in cases {
        assert_eq!(scopes(have).covers(&scopes(want)), answer, "{have} covers {want}");
    }
}

#[test]
fn narrowing_gives_exactly_what_both_allow() {
    let sets = [
        "",
        "admin",
        "agent:execute",
        "agent:execute:a/* run:read",
        "agent:execute:a/b/* graph:read:g",
    ]
    .into_iter()
    .chain([
        "agent:execute:a/b/c agent:execute:z",
        "graph:read run:read:g*",
        "agent:execute:a*",
    ])
    .map(scopes)
    .collect::<Vec<_>>();
    let names = [
        None,
        Some("a/b"),
        Some("a/b/c"),
        Some("z"),
        Some("g"),
        Some("gg"),
        Some("a"),
    ];
    for a in &sets {
        for b in &sets {
            let both = a.narrowed_by(b);
            assert_eq!(both, b.narrowed_by(a));
            assert!(a.covers(&both) && b.covers(&both));
            for scope in Scope::ALL {
                for name in names {
                    let expected = a.allows(scope, name) && b.allows(scope, name);
                    assert_eq!(
                        both.allows(scope, name),
                        expected,
                        "{a} and {b}: {scope} {name:?}"
                    );
                }
            }
        }
    }
}
