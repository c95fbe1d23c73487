//! Which key a keeper accepts, and which it generates.

use super::*;
use crate::badge::claims::Issuance;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// The private key of RFC 8037, appendix A.1, and its did:key.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;
const DID: &str = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";
const VALIDITY: Validity = Validity { iat: 1_795_451_236, exp: 1_795_454_836 };

fn settings(key: KeySource, generate_key: bool, required_did: &[(&str, &str)]) -> Settings {
    let required_did = required_did.iter().map(|(origin, did)| ((*origin).into(), (*did).into())).collect();
    let identity = Identity { issuance: Issuance::SelfSigned, domain: None, audience: vec![] };
    Settings { identity, required_did, policy: Policy::default(), key, generate_key }
}

fn environment() -> KeySource {
    KeySource::Environment(KEY.into())
}

/// A new directory, removed at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("capiscio-prepare-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn key(&self) -> PathBuf {
        self.0.join("private.jwk")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_key_that_cannot_be_used_is_refused_before_the_first_badge() {
    let directory = Directory::new("refused");
    let file = || KeySource::File(directory.key());
    assert!(matches!(read_existing_key(&settings(file(), false, &[])), Err(Error::ReadKey(_))), "missing");
    assert!(read_existing_key(&settings(file(), true, &[])).is_ok(), "missing, to be generated");
    fs::write(directory.key(), "{}").unwrap();
    assert!(matches!(read_existing_key(&settings(file(), true, &[])), Err(Error::ReadKey(_))), "not a key");
    assert!(read_existing_key(&settings(environment(), false, &[])).is_ok());
}

#[test]
fn the_first_required_did_that_is_not_the_keys_own_is_refused() {
    let own = settings(environment(), false, &[("--sub", DID), ("--iss", DID)]);
    assert!(read_existing_key(&own).is_ok());
    let key = read_key(&own).unwrap().key;
    assert_eq!(issue(&own, &key, VALIDITY).unwrap().subject, DID);
    let other =
        settings(environment(), false, &[("--sub", DID), ("--iss", "did:key:z1"), ("CAPISCIO_X", "did:key:z2")]);
    for error in [read_existing_key(&other).map(drop).unwrap_err(), read_key(&other).map(drop).unwrap_err()] {
        let Error::NotOwnDid(error) = error else { panic!("{error}") };
        assert_eq!(
            (error.origin.as_str(), error.required.as_str(), error.actual.as_deref()),
            ("--iss", "did:key:z1", Some(DID))
        );
    }
}

#[test]
fn a_key_that_is_yet_to_be_generated_has_no_did_that_can_be_required() {
    let directory = Directory::new("required");
    let settings = settings(KeySource::File(directory.key()), true, &[("--sub", DID)]);
    assert!(matches!(read_existing_key(&settings), Err(Error::NotOwnDid(error)) if error.actual.is_none()));
}

#[test]
fn generates_a_key_only_if_told_so_and_its_name_is_free() {
    let directory = Directory::new("generated");
    let settings = |generate_key| settings(KeySource::File(directory.key()), generate_key, &[]);
    let first = |generate_key| first_key(&settings(generate_key), None);
    assert!(matches!(first(false), Err(Error::ReadKey(_))));
    assert!(!directory.key().exists());
    let generated = first(true).unwrap();
    assert!(generated.is_new && generated.sync_error.is_none());
    let did = generated.key.public().did_key();
    assert_eq!(issue(&settings(true), &generated.key, VALIDITY).unwrap().key.did_key(), did);
    // As if another keeper had generated it.
    let content = fs::read(directory.key()).unwrap();
    let existing = first(true).unwrap();
    assert!(!existing.is_new && existing.key.public().did_key() == did);
    assert_eq!(fs::read(directory.key()).unwrap(), content);
    fs::remove_file(directory.key()).unwrap();
    symlink("nowhere", directory.key()).unwrap();
    assert!(matches!(first(true), Err(Error::ReadKey(_))), "a broken symbolic link has the name");
    assert_eq!(first_key(&settings(true), Some(existing)).unwrap().key.public().did_key(), did);
}

#[test]
fn a_badge_is_valid_now_from_iat_until_exp() {
    let now = clock::wall() / 1000;
    for (iat, exp, is_valid) in [(now - 9, now + 9, true), (now - 9, now - 1, false), (now + 9, now + 18, false)] {
        assert_eq!(is_valid_now(Validity { iat, exp }), is_valid, "{iat} to {exp} at {now}");
    }
}
