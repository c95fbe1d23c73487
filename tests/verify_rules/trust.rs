//! The rules of the caller: key, time, issuers, audience. TV numbers are those of RFC-002 §16.2.

use super::*;

fn level_with(token: &str, rules: &Rules<'_>) -> Result<u8, Code> {
    verify(token.as_bytes(), rules).map(|claims| claims.level).map_err(|invalid| invalid.code)
}

/// A self-signed badge of `key`, with these changes to its claims.
fn self_signed(key: &PrivateKey, changes: &[(&'static str, &str)]) -> String {
    let did = format!("\"{}\"", key.public().did_key());
    let (claim, vc) = (key.public().claim(), vc("0"));
    let members = [("iss", did.as_str()), ("sub", &did), ("key", &claim), ("vc", &vc)];
    sign(HEADER, &payload(&[&members, changes].concat()), key)
}

#[test]
fn tv_009_refuses_a_badge_that_expired_beyond_the_skew() {
    let token = badge(&[]);
    let key = issuer();
    let at = |now, skew| level_with(&token, &Rules { now, skew, ..rules(Some(key.public())) });
    assert_eq!(at(NOW + 299, 0), Ok(1));
    assert_eq!(at(NOW + 300, 0), Err(Code::Expired));
    assert_eq!(at(NOW + 359, 60), Ok(1));
    assert_eq!(at(NOW + 360, 60), Err(Code::Expired));
    assert_eq!(at(i64::MAX, 0), Err(Code::Expired));
}

#[test]
fn refuses_a_badge_before_its_iat_or_nbf() {
    let key = issuer();
    for name in ["iat", "nbf"] {
        let at = |time: i64, skew| {
            let token = badge(&[(name, &time.to_string()), ("exp", "253402300799")]);
            level_with(&token, &Rules { skew, ..rules(Some(key.public())) })
        };
        assert_eq!(at(NOW + 60, 60), Ok(1));
        assert_eq!(at(NOW + 61, 60), Err(Code::NotYetValid));
        assert_eq!(at(NOW + 1, 0), Err(Code::NotYetValid));
    }
}

#[test]
fn extreme_clocks_and_skews_do_not_overflow() {
    let key = issuer();
    for now in [i64::MIN, -1, 0, NOW, i64::MAX] {
        for skew in [0, 60, i64::MAX] {
            for token in [badge(&[]), badge(&[("exp", "253402300799"), ("iat", "0")]), badge(&[("exp", "0")])] {
                let _ = level_with(&token, &Rules { now, skew, ..rules(Some(key.public())) });
            }
        }
    }
}

#[test]
fn tv_010_refuses_an_issuer_that_is_not_trusted() {
    let key = issuer();
    let with = |trusted: &[&str]| {
        let trusted: Vec<String> = trusted.iter().map(|t| (*t).to_owned()).collect();
        level_with(&badge(&[]), &Rules { trusted_issuers: &trusted, ..rules(Some(key.public())) })
    };
    assert_eq!(with(&["https://other.example"]), Err(Code::IssuerUntrusted));
    assert_eq!(with(&["https://registry.capisc.io/"]), Err(Code::IssuerUntrusted));
    assert_eq!(with(&["https://other.example", "https://registry.capisc.io"]), Ok(1));
}

#[test]
fn tv_011_refuses_a_badge_of_another_key() {
    let key = other_key();
    assert_eq!(level_with(&badge(&[]), &rules(Some(key.public()))), Err(Code::SignatureInvalid));
}

#[test]
fn tv_012_to_016_accepts_badges_of_every_level() {
    let key = issuer();
    let token = self_signed(&key, &[]);
    assert_eq!(level_with(&token, &Rules { accept_self_signed: true, ..rules(None) }), Ok(0));
    assert_eq!(level_with(&token, &rules(Some(key.public()))), Ok(0));
    for (text, level) in [("1", 1), ("2", 2), ("3", 3), ("4", 4)] {
        assert_eq!(level_with(&badge(&[("vc", &vc(text))]), &rules(Some(key.public()))), Ok(level));
    }
}

#[test]
fn verifies_a_self_signed_badge_with_the_given_key() {
    let (key, other) = (issuer(), other_key());
    let rules = Rules { accept_self_signed: true, ..rules(Some(other.public())) };
    assert_eq!(level_with(&self_signed(&key, &[]), &rules), Err(Code::SignatureInvalid));
}

#[test]
fn ignores_keys_in_the_header() {
    let (key, other) = (issuer(), other_key());
    let jwk = other.public().to_jwk();
    for members in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://attacker.example/keys""#.to_owned(),
        r#""x5u":"https://attacker.example/cert","x5c":["MIIB"]"#.to_owned(),
        format!(r#""kid":"{}""#, other.public().did_url()),
    ] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"JWT",{members}}}"#);
        let token = sign(&header, &payload(&[]), &other);
        assert_eq!(level_with(&token, &rules(Some(key.public()))), Err(Code::SignatureInvalid));
        let unkeyed = Rules { accept_self_signed: true, ..rules(None) };
        assert_eq!(level_with(&token, &unkeyed), Err(Code::IssuerUntrusted));
        let token = sign(&header, &payload(&[]), &key);
        assert_eq!(level_with(&token, &rules(Some(key.public()))), Ok(1));
    }
}

#[test]
fn without_a_key_accepts_only_self_signed_badges_if_allowed() {
    let token = self_signed(&issuer(), &[]);
    let invalid = verify(token.as_bytes(), &rules(None)).unwrap_err();
    assert_eq!(invalid.code, Code::IssuerUntrusted);
    assert!(invalid.detail.contains("self-signed"), "{invalid}");
    let invalid = verify(badge(&[]).as_bytes(), &Rules { accept_self_signed: true, ..rules(None) }).unwrap_err();
    assert_eq!(invalid.code, Code::IssuerUntrusted);
    assert!(invalid.detail.contains("no key was given"), "{invalid}");
    let listed = Rules { trusted_issuers: &[issuer().public().did_key()], ..rules(None) };
    assert_eq!(level_with(&token, &listed), Ok(0));
}

#[test]
fn refuses_a_badge_for_the_did_key_of_another_key() {
    let (key, other) = (issuer(), other_key());
    let did = format!("\"{}\"", key.public().did_key());
    let token = self_signed(&other, &[("iss", &did), ("sub", &did)]);
    assert_eq!(level_with(&token, &Rules { accept_self_signed: true, ..rules(None) }), Err(Code::SignatureInvalid));
}

#[test]
fn refuses_a_self_signed_badge_above_level_0() {
    let accepting = Rules { accept_self_signed: true, ..rules(None) };
    for level in ["1", "4"] {
        let token = self_signed(&other_key(), &[("vc", &vc(level))]);
        assert_eq!(level_with(&token, &accepting), Err(Code::ClaimsInvalid));
    }
    let did = "\"did:web:victim.example\"";
    assert_eq!(level_with(&self_signed(&other_key(), &[("sub", did)]), &accepting), Err(Code::ClaimsInvalid));
}

#[test]
fn level_0_requires_iss_sub_and_key_to_be_the_signing_key() {
    let key = issuer();
    let other_did = format!("\"{}\"", other_key().public().did_key());
    let claim = other_key().public().claim();
    for change in [("iss", other_did.as_str()), ("sub", &other_did), ("key", &claim), ("iss", "\"https://a.example\"")]
    {
        let token = self_signed(&key, &[change]);
        assert_eq!(level_with(&token, &rules(Some(key.public()))), Err(Code::ClaimsInvalid), "{change:?}");
    }
}

#[test]
fn checks_the_signature_before_the_claims() {
    let key = issuer();
    for changes in [[("exp", "1")], [("aud", "7")], [("iss", "\"x\"")], [("vc", "")]] {
        let token = sign(HEADER, &payload(&changes), &other_key());
        assert_eq!(level_with(&token, &rules(Some(key.public()))), Err(Code::SignatureInvalid));
    }
}

#[test]
fn requires_the_callers_audience_in_aud() {
    let key = issuer();
    let token = badge(&[("aud", r#"["https://a.example","urn:b"]"#)]);
    let with = |audience| level_with(&token, &Rules { audience, ..rules(Some(key.public())) });
    assert_eq!(with(None), Ok(1));
    assert_eq!(with(Some("urn:b")), Ok(1));
    for other in ["urn:B", "urn", "https://a.example/", ""] {
        assert_eq!(with(Some(other)), Err(Code::AudienceMismatch));
    }
    let without = |audience| level_with(&badge(&[]), &Rules { audience, ..rules(Some(key.public())) });
    assert_eq!(without(Some("urn:b")), Err(Code::AudienceMismatch));
    assert_eq!(without(None), Ok(1));
}

#[test]
fn refuses_parts_of_other_badges() {
    let valid = badge(&[]);
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other_badge = badge(&[("jti", "\"x\"")]);
    let other_payload = format!("{header}.{}.{signature}", other_badge.split('.').nth(1).unwrap());
    let other_signer = sign(HEADER, &payload(&[("key", &other_key().public().claim())]), &other_key());
    for token in [other_payload, other_signer, format!("{signed}.")] {
        assert_eq!(verdict(&token).err(), Some(Code::SignatureInvalid), "{token}");
    }
}
