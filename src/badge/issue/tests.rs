use super::*;
use crate::encoding::json::{Json, parse};

const NOW: i64 = 1_795_000_000;
const VALIDITY: Validity = Validity { iat: NOW, exp: NOW + 3600 };
const JTI: &str = "00000000-0000-4000-8000-000000000000";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const DID: &str = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw";

fn key(kid: Option<&str>) -> PrivateKey {
    let mut seed = [0; 32];
    assert!(base64url::decode_exact("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", &mut seed));
    PrivateKey::from_seed(seed, kid.map(str::to_owned)).unwrap()
}

fn registry(level: u8, domain: Option<&str>, audience: &[&str]) -> Identity {
    let issuance = Issuance::Registry {
        issuer: "https://registry.capisc.io".into(),
        subject: "did:web:example.com:agents:a".into(),
        level,
    };
    let audience = audience.iter().map(|a| (*a).to_owned()).collect();
    Identity { issuance, domain: domain.map(str::to_owned), audience }
}

fn self_signed() -> Identity {
    Identity { issuance: Issuance::SelfSigned, domain: None, audience: vec![] }
}

fn part(token: &str, n: usize) -> String {
    String::from_utf8(base64url::decode(token.split('.').nth(n).unwrap()).unwrap()).unwrap()
}

#[test]
fn writes_the_claims_of_a_registry_badge_in_order() {
    let identity = registry(1, Some("example.com:8443"), &["https://a.example", "b"]);
    let badge = issue(&identity, &key(Some("k1")), VALIDITY, [0; 16]).ok().unwrap();
    assert_eq!(part(&badge.token, 0), r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#);
    let payload = format!(
        concat!(
            r#"{{"jti":"{}","iss":"https://registry.capisc.io","sub":"did:web:example.com:agents:a","#,
            r#""aud":["https://a.example","b"],"iat":{},"exp":{},"ial":"0","#,
            r#""key":{{"kty":"OKP","crv":"Ed25519","x":"{}","kid":"k1"}},"#,
            r#""vc":{{"type":["VerifiableCredential","AgentIdentity"],"#,
            r#""credentialSubject":{{"domain":"example.com:8443","level":"1"}}}}}}"#
        ),
        JTI,
        NOW,
        NOW + 3600,
        X
    );
    assert_eq!(part(&badge.token, 1).replace(' ', ""), payload);
    assert_eq!((badge.jti.as_str(), badge.iat, badge.exp), (JTI, NOW, NOW + 3600));
    assert_eq!(badge.subject, "did:web:example.com:agents:a");
    assert_eq!(badge.issuer, "https://registry.capisc.io");
}

#[test]
fn the_key_is_issuer_and_subject_of_a_self_signed_badge() {
    let badge = issue(&self_signed(), &key(None), VALIDITY, [0; 16]).ok().unwrap();
    let fragment = &DID["did:key:".len()..];
    assert_eq!(part(&badge.token, 0), format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{DID}#{fragment}"}}"#));
    let payload = part(&badge.token, 1);
    assert!(payload.contains(&format!(r#""iss":"{DID}","sub":"{DID}","iat""#)), "{payload}");
    assert!(payload.contains(r#""credentialSubject":{"level":"0"}"#), "{payload}");
    assert_eq!((badge.issuer.as_str(), badge.subject.as_str()), (DID, DID));
}

#[test]
fn the_kid_of_a_registry_badge_is_the_did_key_if_the_key_has_none() {
    let badge = issue(&registry(1, None, &[]), &key(None), VALIDITY, [0; 16]).ok().unwrap();
    assert_eq!(part(&badge.token, 0), format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{DID}"}}"#));
    assert!(!part(&badge.token, 1).contains("aud"));
}

#[test]
fn pads_the_payload_to_whole_base64_groups() {
    for length in 1..8 {
        let identity = registry(1, Some(&"d".repeat(length)), &[]);
        let badge = issue(&identity, &key(None), VALIDITY, [0; 16]).ok().unwrap();
        let payload = part(&badge.token, 1);
        assert_eq!(payload.len() % 3, 0);
        assert!(payload.ends_with('}') && !payload.contains("   "));
        assert!(matches!(parse(&payload), Some(Json::Object(_))));
    }
}

#[test]
fn refuses_to_issue_a_badge_that_no_verifier_accepts() {
    let long = "a".repeat(MAX_TOKEN_LEN);
    for (identity, validity, error) in [
        (registry(1, None, &[]), Validity { iat: NOW, exp: MAX_TIME + 1 }, IssueError::Validity),
        (registry(1, None, &[]), Validity { iat: NOW, exp: i64::MAX }, IssueError::Validity),
        (registry(1, None, &[]), Validity { iat: NOW, exp: NOW }, IssueError::Validity),
        (registry(1, None, &[]), Validity { iat: -1, exp: NOW }, IssueError::Validity),
        (registry(1, None, &[&long]), VALIDITY, IssueError::TooLarge),
    ] {
        let found = issue(&identity, &key(None), validity, [0; 16]).err();
        assert_eq!(found, Some(error));
        assert!(error.to_string().contains("; "), "no advice: {error}");
    }
}

#[test]
fn issues_the_first_and_the_last_badge_of_the_unix_era() {
    for (iat, exp) in [(0, 1), (MAX_TIME - 1, MAX_TIME)] {
        let badge = issue(&registry(1, None, &[]), &key(None), Validity { iat, exp }, [0; 16]).ok().unwrap();
        assert_eq!((badge.iat, badge.exp), (iat, exp));
    }
}

#[test]
fn the_largest_badge_has_64_kib() {
    // Base64 makes four bytes of three, and the header with this kid has a multiple of three.
    let key = key(Some("k12"));
    let issue_with = |length| issue(&registry(1, None, &[&"a".repeat(length)]), &key, VALIDITY, [0; 16]);
    let shorter = issue_with(48_000).ok().unwrap().token.len();
    let longest = 48_000 + (65_536 - shorter) / 4 * 3;
    assert_eq!(issue_with(longest).ok().unwrap().token.len(), 65_536);
    assert_eq!(issue_with(longest + 3).err(), Some(IssueError::TooLarge));
}

#[test]
fn escapes_what_base64_would_encode_as_minus_or_underscore() {
    let audience = "a>b?c~d\u{7f}\u{e9}\u{20ac}\u{1f600}".to_owned();
    for shift in 0..3 {
        let text = "x".repeat(shift) + &audience;
        let badge = issue(&registry(1, None, &[&text]), &key(None), VALIDITY, [0; 16]).ok().unwrap();
        assert!(!badge.token.split('.').nth(1).unwrap().contains(['-', '_']), "{}", badge.token);
        let payload = part(&badge.token, 1);
        assert!(payload.is_ascii() && payload.contains(r"a\u003eb\u003fc\u007ed"), "{payload}");
        let Some(Json::Object(payload)) = parse(&payload) else { panic!("{payload}") };
        assert_eq!(payload.get("aud").unwrap().as_strings(), Some(vec![text.clone()]));
    }
}

#[test]
fn a_signature_that_does_not_verify_is_not_issued() {
    let other = PrivateKey::from_seed([7; 32], None).unwrap();
    let faulty = key(None).with_public_of(&other);
    let issued = issue(&registry(1, None, &[]), &faulty, VALIDITY, [0; 16]);
    assert_eq!(issued.err(), Some(IssueError::SelfCheck));
}

#[test]
fn makes_a_version_4_uuid_of_random_bytes() {
    assert_eq!(uuid_v4([0; 16]), JTI);
    assert_eq!(uuid_v4([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    let bytes = std::array::from_fn(|i| i as u8 * 0x11);
    assert_eq!(uuid_v4(bytes), "00112233-4455-4677-8899-aabbccddeeff");
}
