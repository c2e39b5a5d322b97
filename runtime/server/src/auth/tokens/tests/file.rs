//! The claims about the token file: its secrets, its mode, damage, and many writers.

use std::fs;

use super::*;

#[test]
fn neither_the_file_nor_debug_holds_a_secret() {
    let (_folder, store) = store();
    let (info, secret) = store
        .create(Authority::Operator, new_token("ci", "admin"), NOW)
        .unwrap();
    let text = fs::read_to_string(&store.shared.path).unwrap();
    let debug = format!("{store:?} {info:?} {secret:?}");
    let digest = text::to_hex(&text::digest(&secret).unwrap());
    assert!(!text.contains(&secret.expose()[4..]) && !debug.contains(&secret.expose()[4..]));
    assert!(text.contains(&digest) && !debug.contains(&digest));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_touch_lets_nobody_in() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = store();
    let path = &store.shared.path;
    let (_, secret) = store
        .create(Authority::Operator, new_token("ci", "admin"), NOW)
        .unwrap();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o666] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let error = TokenStore::open(path).unwrap_err();
        assert!(
            matches!(error, TokenError::File(FileError::Exposed { .. })),
            "{mode:o}: {error}"
        );
        assert!(store.reload().is_err());
        assert!(matches!(
            ask(&store, secret.expose(), NOW).await,
            Err(AuthError::Unavailable { .. })
        ));
        assert!(
            store
                .create(Authority::Operator, new_token("x", "admin"), NOW)
                .is_err()
        );
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    store.reload().unwrap();
    assert!(ask(&store, secret.expose(), NOW).await.is_ok());
}

#[tokio::test]
async fn a_damaged_file_lets_nobody_in_and_is_not_overwritten() {
    let (_folder, store) = store();
    let path = &store.shared.path;
    let (_, secret) = store
        .create(Authority::Operator, new_token("ci", "admin"), NOW)
        .unwrap();
    let good = fs::read_to_string(path).unwrap();
    let digest = text::to_hex(&text::digest(&secret).unwrap());
    let twice = good.replace(
        "\"tokens\": [",
        &format!(
            "\"tokens\": [{},",
            &good[good.find('[').unwrap() + 1..good.rfind(']').unwrap()]
        ),
    );
    let damaged = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\": 1", "\"version\": 2"),
        good.replace("\"admin\"", "\"root\""),
        good.replace("acme", "../acme"),
        good.replace(&digest, &digest[1..]),
        good.replace(&digest, &digest.to_uppercase()),
        good.replace("\"created\": 0", "\"created\": 18446744073709551615"),
        good.replace("\"created\"", "\"extra\": 1, \"created\""),
        good.replace("\"ada\"", "\"a\\u0000\""),
        twice,
        "[".repeat(100_000),
        " ".repeat(MAX_FILE_BYTES as usize + 1),
    ];
    for bad in damaged {
        fs::write(path, &bad).unwrap();
        let error = store.reload().unwrap_err();
        assert!(!error.to_string().contains(&digest[1..20]), "{error}");
        assert!(matches!(
            ask(&store, secret.expose(), NOW).await,
            Err(AuthError::Unavailable { .. })
        ));
        assert!(
            store
                .create(Authority::Operator, new_token("x", "admin"), NOW)
                .is_err()
        );
        assert_eq!(fs::read_to_string(path).unwrap(), bad);
    }
    fs::write(path, &good).unwrap();
    store.reload().unwrap();
    assert!(ask(&store, secret.expose(), NOW).await.is_ok());
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    assert!(matches!(
        store.reload(),
        Err(TokenError::File(FileError::NotAFile { .. }))
    ));
}

#[test]
fn concurrent_creates_lose_no_token() {
    let (folder, store) = store();
    std::thread::scope(|scope| {
        for thread in 0..6 {
            // Half of the threads have a store of their own, as other processes have.
            let store = if thread % 2 == 0 {
                store.clone()
            } else {
                TokenStore::open(&store.shared.path).unwrap()
            };
            scope.spawn(move || {
                for i in 0..5 {
                    store
                        .create(
                            Authority::Operator,
                            new_token(&format!("{thread}-{i}"), "admin"),
                            NOW,
                        )
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(store.list(Authority::Operator).unwrap().len(), 30);
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["tokens.json", "tokens.json.lock"],
        "no temporary file stays"
    );
}

#[test]
fn a_held_lock_is_waited_for_and_then_reported() {
    let (_folder, store) = store();
    let held = files::Lock::take(&store.shared.path, Duration::ZERO).unwrap();
    let refused = files::Lock::take(&store.shared.path, Duration::from_millis(30));
    assert!(matches!(refused, Err(FileError::Locked { .. })));
    drop(held);
    assert!(files::Lock::take(&store.shared.path, Duration::ZERO).is_ok());
}
