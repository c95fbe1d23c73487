//! Keys, time, issuers, audiences. TV numbers are those of RFC-002 §16.2.

use super::*;

fn under(token: &str, rules: &Rules<'_>) -> Result<u8, Code> {
    verify(token.as_bytes(), rules).map(|claims| claims.level).map_err(|invalid| invalid.code)
}

/// A self-signed badge of `key` with changes.
fn own_word(key: &PrivateKey, changes: &[(&'static str, &str)]) -> String {
    let did = format!("\"{}\"", key.public().did_key());
    let (claim, vc) = (key.public().claim(), vc("0"));
    let own = [("iss", did.as_str()), ("sub", &did), ("key", &claim), ("vc", &vc)];
    sign(HEADER, &payload(&[&own, changes].concat()), key)
}

#[test]
fn tv_009_expired_beyond_the_skew() {
    let token = badge(&[]);
    let public = issuer();
    let at = |now, skew| under(&token, &Rules { now, skew, ..rules(Some(public.public())) });
    assert_eq!(at(NOW + 299, 0), Ok(1));
    assert_eq!(at(NOW + 300, 0), Err(Code::Expired));
    assert_eq!(at(NOW + 359, 60), Ok(1));
    assert_eq!(at(NOW + 360, 60), Err(Code::Expired));
    assert_eq!(at(i64::MAX, 0), Err(Code::Expired));
}

#[test]
fn a_badge_from_the_future_is_not_yet_valid() {
    let key = issuer();
    for name in ["iat", "nbf"] {
        let at = |time: i64, skew| {
            let token = badge(&[(name, &time.to_string()), ("exp", "253402300799")]);
            under(&token, &Rules { skew, ..rules(Some(key.public())) })
        };
        assert_eq!(at(NOW + 60, 60), Ok(1));
        assert_eq!(at(NOW + 61, 60), Err(Code::NotYetValid));
        assert_eq!(at(NOW + 1, 0), Err(Code::NotYetValid));
    }
}

#[test]
fn no_clock_and_no_skew_overflows() {
    let key = issuer();
    for now in [i64::MIN, -1, 0, NOW, i64::MAX] {
        for skew in [0, 60, i64::MAX] {
            for token in [badge(&[]), badge(&[("exp", "253402300799"), ("iat", "0")]), badge(&[("exp", "0")])] {
                let _ = under(&token, &Rules { now, skew, ..rules(Some(key.public())) });
            }
        }
    }
}

#[test]
fn tv_010_issuer_that_is_not_trusted() {
    let key = issuer();
    let with = |trusted: &[&str]| {
        let trusted: Vec<String> = trusted.iter().map(|t| (*t).to_owned()).collect();
        under(&badge(&[]), &Rules { trusted_issuers: &trusted, ..rules(Some(key.public())) })
    };
    assert_eq!(with(&["https://other.example"]), Err(Code::IssuerUntrusted));
    assert_eq!(with(&["https://registry.capisc.io/"]), Err(Code::IssuerUntrusted));
    assert_eq!(with(&["https://other.example", "https://registry.capisc.io"]), Ok(1));
}

#[test]
fn tv_011_wrong_key() {
    let key = stranger();
    assert_eq!(under(&badge(&[]), &rules(Some(key.public()))), Err(Code::SignatureInvalid));
}

#[test]
fn tv_012_to_016_badges_of_every_level() {
    let key = issuer();
    let token = own_word(&key, &[]);
    assert_eq!(under(&token, &Rules { accept_self_signed: true, ..rules(None) }), Ok(0));
    assert_eq!(under(&token, &rules(Some(key.public()))), Ok(0));
    for (text, level) in [("1", 1), ("2", 2), ("3", 3), ("4", 4)] {
        assert_eq!(under(&badge(&[("vc", &vc(text))]), &rules(Some(key.public()))), Ok(level));
    }
}

#[test]
fn the_key_that_the_caller_names_is_used_for_a_did_key_badge_too() {
    let (key, other) = (issuer(), stranger());
    let rules = Rules { accept_self_signed: true, ..rules(Some(other.public())) };
    assert_eq!(under(&own_word(&key, &[]), &rules), Err(Code::SignatureInvalid));
}

#[test]
fn keys_in_the_header_are_not_looked_at() {
    let (key, thief) = (issuer(), stranger());
    let jwk = thief.public().to_jwk();
    for more in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/keys""#.to_owned(),
        r#""x5u":"https://evil.example/cert","x5c":["MIIB"]"#.to_owned(),
        format!(r#""kid":"{}""#, thief.public().did_url()),
    ] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"JWT",{more}}}"#);
        let forged = sign(&header, &payload(&[]), &thief);
        assert_eq!(under(&forged, &rules(Some(key.public()))), Err(Code::SignatureInvalid));
        let unkeyed = Rules { accept_self_signed: true, ..rules(None) };
        assert_eq!(under(&forged, &unkeyed), Err(Code::IssuerUntrusted));
        let honest = sign(&header, &payload(&[]), &key);
        assert_eq!(under(&honest, &rules(Some(key.public()))), Ok(1));
    }
}

#[test]
fn without_a_key_only_a_self_signed_badge_that_is_asked_for_is_accepted() {
    let token = own_word(&issuer(), &[]);
    let why = verify(token.as_bytes(), &rules(None)).unwrap_err();
    assert_eq!(why.code, Code::IssuerUntrusted);
    assert!(why.sentence.contains("self-signed"), "{why}");
    let why = verify(badge(&[]).as_bytes(), &Rules { accept_self_signed: true, ..rules(None) }).unwrap_err();
    assert_eq!(why.code, Code::IssuerUntrusted);
    assert!(why.sentence.contains("no key was named"), "{why}");
    let listed = Rules { trusted_issuers: &[issuer().public().did_key()], ..rules(None) };
    assert_eq!(under(&token, &listed), Ok(0));
}

#[test]
fn a_long_name_is_shortened_in_the_sentence_and_never_within_a_character() {
    for shift in 0..4 {
        let name = format!("{}{}", "a".repeat(shift), "\u{1f980}".repeat(1000));
        let why = verify(badge(&[("iss", &format!("\"{name}\""))]).as_bytes(), &rules(None)).unwrap_err();
        assert!(why.sentence.contains("...") && why.sentence.len() < 300, "{why}");
    }
}

#[test]
fn a_stranger_cannot_speak_as_somebody_elses_did_key() {
    let (key, thief) = (issuer(), stranger());
    let did = format!("\"{}\"", key.public().did_key());
    let forged = own_word(&thief, &[("iss", &did), ("sub", &did)]);
    assert_eq!(under(&forged, &Rules { accept_self_signed: true, ..rules(None) }), Err(Code::SignatureInvalid));
}

#[test]
fn nobody_gives_himself_a_level() {
    let accepting = Rules { accept_self_signed: true, ..rules(None) };
    for level in ["1", "4"] {
        let token = own_word(&stranger(), &[("vc", &vc(level))]);
        assert_eq!(under(&token, &accepting), Err(Code::ClaimsInvalid));
    }
    let did = "\"did:web:victim.example\"";
    assert_eq!(under(&own_word(&stranger(), &[("sub", did)]), &accepting), Err(Code::ClaimsInvalid));
}

#[test]
fn level_0_means_that_iss_sub_and_key_are_the_key_that_signed() {
    let key = issuer();
    let strangers = format!("\"{}\"", stranger().public().did_key());
    let claim = stranger().public().claim();
    for change in [("iss", strangers.as_str()), ("sub", &strangers), ("key", &claim), ("iss", "\"https://a.example\"")]
    {
        let token = own_word(&key, &[change]);
        assert_eq!(under(&token, &rules(Some(key.public()))), Err(Code::ClaimsInvalid), "{change:?}");
    }
}

#[test]
fn a_forged_badge_is_called_forged_whatever_else_is_wrong_with_it() {
    let key = issuer();
    for changes in [[("exp", "1")], [("aud", "7")], [("iss", "\"x\"")], [("vc", "")]] {
        let forged = sign(HEADER, &payload(&changes), &stranger());
        assert_eq!(under(&forged, &rules(Some(key.public()))), Err(Code::SignatureInvalid));
    }
}

#[test]
fn the_audience_contains_the_caller_who_names_one() {
    let key = issuer();
    let token = badge(&[("aud", r#"["https://a.example","urn:b"]"#)]);
    let as_whom = |audience| under(&token, &Rules { audience, ..rules(Some(key.public())) });
    assert_eq!(as_whom(None), Ok(1));
    assert_eq!(as_whom(Some("urn:b")), Ok(1));
    for other in ["urn:B", "urn", "https://a.example/", ""] {
        assert_eq!(as_whom(Some(other)), Err(Code::AudienceMismatch));
    }
    let without = |audience| under(&badge(&[]), &Rules { audience, ..rules(Some(key.public())) });
    assert_eq!(without(Some("urn:b")), Err(Code::AudienceMismatch));
    assert_eq!(without(None), Ok(1));
}
