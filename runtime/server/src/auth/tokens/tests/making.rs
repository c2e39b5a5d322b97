//! The claims about making tokens: nobody gets more than they have.

use super::*;

#[test]
fn a_client_makes_no_token_that_is_worth_more_than_its_own() {
    let (_folder, store) = store();
    let maker = principal("ada", "agent:execute:a/* run:read", Some(at(100)));
    let make = |new| {
        store
            .create(Authority::Principal(&maker), new, NOW)
            .map(|(info, _)| info)
    };
    let until = |new, end| NewToken {
        expires: Some(at(end)),
        ..new
    };
    let wide = make(until(new_token("1", "agent:execute run:read"), 50)).unwrap_err();
    assert_eq!(
        wide.to_string(),
        "a token can't be given `agent:execute`, which its maker does not have"
    );
    assert!(matches!(
        make(until(new_token("1", "admin"), 50)),
        Err(TokenError::ScopeNotHeld { .. })
    ));
    assert!(matches!(
        make(until(new_token("1", "run:read"), 101)),
        Err(TokenError::Expiry)
    ));
    assert!(matches!(
        make(new_token("1", "run:read")),
        Err(TokenError::Expiry)
    ));
    let for_bob = NewToken {
        user: "bob".into(),
        ..until(new_token("1", "run:read"), 50)
    };
    assert!(matches!(make(for_bob), Err(TokenError::NotYours)));
    let elsewhere = NewToken {
        tenant: TenantId::parse("other").unwrap(),
        ..until(new_token("1", "run:read"), 50)
    };
    assert!(matches!(make(elsewhere), Err(TokenError::NotYours)));
    assert!(make(until(new_token("1", "agent:execute:a/b"), 100)).is_ok());
}

#[test]
fn nobody_gains_scopes_by_rotating_or_learns_of_others_tokens() {
    let (_folder, store) = store();
    let (mine, _) = store
        .create(Authority::Operator, new_token("mine", "admin"), NOW)
        .unwrap();
    let bobs = NewToken {
        user: "bob".into(),
        ..new_token("bobs", "run:read")
    };
    let (bobs, _) = store.create(Authority::Operator, bobs, NOW).unwrap();
    let weak = principal("ada", "run:read", None);
    let weak = Authority::Principal(&weak);
    assert!(matches!(
        store.rotate(weak, &mine.id, NOW),
        Err(TokenError::ScopeNotHeld { .. })
    ));
    assert!(matches!(
        store.rotate(weak, &bobs.id, NOW),
        Err(TokenError::NotFound)
    ));
    assert!(matches!(store.revoke(weak, &bobs.id), Err(TokenError::NotFound)));
    assert_eq!(store.list(weak).unwrap(), [mine]);
    let stranger = Principal {
        tenant: TenantId::parse("other").unwrap(),
        ..principal("ada", "admin", None)
    };
    assert!(store.list(Authority::Principal(&stranger)).unwrap().is_empty());
    let admin = principal("root", "admin", None);
    assert!(store.revoke(Authority::Principal(&admin), &bobs.id).is_ok());
}

#[test]
fn names_are_checked_and_unique_within_a_tenant() {
    let (_folder, store) = store();
    let make = |new| {
        store
            .create(Authority::Operator, new, at(10))
            .map(|(info, _)| info)
    };
    make(new_token("ci", "admin")).unwrap();
    assert!(matches!(
        make(new_token("ci", "admin")),
        Err(TokenError::NameTaken { .. })
    ));
    assert!(
        make(NewToken {
            tenant: TenantId::parse("other").unwrap(),
            ..new_token("ci", "admin")
        })
        .is_ok()
    );
    for name in ["", "a\nb", &"x".repeat(257)] {
        assert!(matches!(make(new_token(name, "admin")), Err(TokenError::Name)));
        assert!(matches!(
            make(NewToken {
                user: name.into(),
                ..new_token("n", "admin")
            }),
            Err(TokenError::Name)
        ));
    }
    assert!(matches!(
        make(NewToken {
            expires: Some(at(10)),
            ..new_token("n", "admin")
        }),
        Err(TokenError::Expiry)
    ));
}
