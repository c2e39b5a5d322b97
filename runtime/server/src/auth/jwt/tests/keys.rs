//! Which keys and settings are taken, and which files keys may come from.

use super::super::super::FileError;
use super::super::keys::KeySet;
use super::*;

fn why(result: Result<KeySet, JwtSetupError>) -> &'static str {
    match result.unwrap_err() {
        JwtSetupError::Key(why) => why,
        other => panic!("{other}"),
    }
}

#[test]
fn only_public_keys_of_a_good_kind_and_size_are_taken_from_pem() {
    let short = include_bytes!("../testdata/rsa_1024_public.pem");
    let ed448 = include_bytes!("../testdata/ed448_public.pem");
    assert_eq!(
        why(KeySet::from_public_pem(short)),
        "an RSA key must have 2048 to 4096 bits"
    );
    assert_eq!(
        why(KeySet::from_public_pem(ed448)),
        "it is neither an RSA nor an Ed25519 public key"
    );
    let ec = include_bytes!("../testdata/ec_public.pem");
    assert_eq!(
        why(KeySet::from_public_pem(ec)),
        "it is neither an RSA nor an Ed25519 public key"
    );
    let rsa_in_pkcs1 = include_bytes!("../testdata/rsa_public_pkcs1.pem");
    assert!(KeySet::from_public_pem(rsa_in_pkcs1).is_ok());
    assert!(KeySet::from_public_pem(&[b"# a comment\r\n", ED_PUBLIC, b"\n\n"].concat()).is_ok());
    assert!(
        KeySet::from_public_pem(&[ED_PUBLIC, RSA_PUBLIC].concat()).is_err(),
        "two keys"
    );
    for private in [RSA_PRIVATE, ED_PRIVATE] {
        assert!(why(KeySet::from_public_pem(private)).starts_with("it is a private key"));
    }
    let cut = &RSA_PUBLIC[..RSA_PUBLIC.len() / 2];
    for wrong in [
        &b""[..],
        b"\xff\xfe",
        SECRET,
        cut,
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        assert!(KeySet::from_public_pem(wrong).is_err());
    }
}

#[test]
fn a_shared_secret_is_long_and_no_pem() {
    assert!(why(KeySet::from_secret(b"secret")).contains("32 bytes"));
    assert!(why(KeySet::from_secret(&[b'a'; 31])).contains("32 bytes"));
    assert!(why(KeySet::from_secret(RSA_PUBLIC)).contains("PEM"));
    let with_line_end = [SECRET, b"\r\n"].concat();
    assert!(KeySet::from_secret(&with_line_end).is_ok());
    assert!(why(KeySet::from_secret(&with_line_end[1..])).contains("32 bytes"));
}

#[cfg(unix)]
#[test]
fn key_files_that_others_can_touch_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let set_mode = |file: &tempfile::NamedTempFile, mode| {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let (secret, public) = (file(SECRET), file(RSA_PUBLIC));
    for mode in [0o644, 0o640, 0o604, 0o660] {
        set_mode(&secret, mode);
        let refused = KeySource::secret_file(&secret);
        assert!(
            matches!(refused, Err(JwtSetupError::File(FileError::Exposed { .. }))),
            "{mode:o}"
        );
    }
    for (mode, good) in [(0o644, true), (0o600, true), (0o664, false), (0o646, false)] {
        set_mode(&public, mode);
        assert_eq!(KeySource::public_key_file(&public).is_ok(), good, "{mode:o}");
    }
    let oct = json!({"keys": [{"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)}]});
    let set = file(oct.to_string().as_bytes());
    assert!(KeySource::jwks_file(set.path()).is_ok());
    set_mode(&set, 0o644);
    assert!(
        KeySource::jwks_file(set.path()).is_err(),
        "a shared secret that all can read is none"
    );
}

#[test]
fn missing_and_oversized_key_files_are_refused() {
    assert!(matches!(
        KeySource::secret_file("no-such-file"),
        Err(JwtSetupError::NoFile { .. })
    ));
    let large = file(&vec![b'a'; (256 << 10) + 1]);
    assert!(matches!(
        KeySource::secret_file(&large),
        Err(JwtSetupError::File(FileError::TooLarge { .. }))
    ));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        KeySource::secret_file(folder.path()),
        Err(JwtSetupError::File(FileError::NotAFile { .. }))
    ));
}

#[test]
fn a_set_leaves_out_keys_that_can_not_be_used() {
    let ed = |x: &[u8]| json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": URL_SAFE_NO_PAD.encode(x)});
    let with = |name: &str, value: Value| {
        let mut key = ed(&[9; 32]);
        key[name] = value;
        key
    };
    let unusable = [
        ed(&[9; 31]),
        ed(&[9; 33]),
        ed(&[]),
        json!(7),
        json!({}),
        json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)}),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("HS256")),
        with("alg", json!("none")),
        with("crv", json!("X25519")),
        with("kid", json!(7)),
    ];
    for key in unusable {
        assert!(
            why(KeySet::from_json(
                json!({"keys": [key]}).to_string().as_bytes(),
                false
            ))
            .starts_with("none"),
            "{key}"
        );
        let beside = json!({"keys": [key, ed(&[9; 32])]}).to_string();
        assert!(KeySet::from_json(beside.as_bytes(), false).is_ok(), "{key}");
    }
    assert!(
        KeySet::from_json(
            json!({"keys": vec![ed(&[9; 32]); 65]}).to_string().as_bytes(),
            false
        )
        .is_err()
    );
    for wrong in ["", "[]", "{}", "<html>", "{\"keys\":7}"] {
        assert!(KeySet::from_json(wrong.as_bytes(), false).is_err());
    }
}

#[test]
fn settings_that_would_let_in_everybody_are_refused() {
    let wrong = [
        JwtSettings::new("", "hap"),
        JwtSettings::new(ISSUER, ""),
        JwtSettings {
            audience: vec![],
            ..settings()
        },
        JwtSettings {
            leeway: Duration::from_secs(601),
            ..settings()
        },
    ];
    for settings in wrong {
        let source = KeySource::secret_file(file(SECRET)).unwrap();
        assert!(matches!(
            JwtAuth::new(settings, source),
            Err(JwtSetupError::Settings(_))
        ));
    }
}

#[test]
fn a_damaged_public_key_is_refused_and_never_panics() {
    for public in [RSA_PUBLIC, ED_PUBLIC] {
        let der = pem_body(public);
        let pem = |der: &[u8]| {
            let body = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
        };
        assert!(KeySet::from_public_pem(pem(&der).as_bytes()).is_ok());
        assert!(KeySet::from_public_pem(pem(&[&der[..], &[0]].concat()).as_bytes()).is_err());
        for length in 0..der.len() {
            assert!(
                KeySet::from_public_pem(pem(&der[..length]).as_bytes()).is_err(),
                "{length}"
            );
        }
        for place in 0..24 {
            for value in [0, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff] {
                let mut changed = der.clone();
                changed[place] = value;
                let _ = KeySet::from_public_pem(pem(&changed).as_bytes());
            }
        }
    }
}
