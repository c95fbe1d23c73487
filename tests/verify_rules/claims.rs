//! The rules of each claim; every badge is correctly signed. TV numbers are those of RFC-002 §16.2.

use super::*;

fn assert_claims_invalid(changes: &[(&'static str, &str)]) {
    assert_eq!(verdict(&badge(changes)), Err(Code::ClaimsInvalid), "{changes:?}");
}

#[test]
fn tv_001_refuses_aud_that_is_not_an_array() {
    for aud in ["\"x\"", "7", "null", "{}", "[]", "[7]", "[\"x\",null]", "[[\"x\"]]"] {
        assert_claims_invalid(&[("aud", aud)]);
    }
}

#[test]
fn tv_002_refuses_level_0_with_ial_1() {
    assert_claims_invalid(&[("vc", &vc("0")), ("ial", "\"1\""), ("cnf", r#"{"kid":"k"}"#)]);
}

#[test]
fn tv_003_refuses_ial_0_with_cnf() {
    for cnf in [r#"{"kid":"k"}"#, "{}", "null"] {
        assert_claims_invalid(&[("cnf", cnf)]);
    }
}

#[test]
fn tv_004_refuses_ial_1_without_cnf() {
    assert_claims_invalid(&[("ial", "\"1\"")]);
    assert_claims_invalid(&[("ial", "\"1\""), ("cnf", "\"k\"")]);
    assert_eq!(verdict(&badge(&[("ial", "\"1\""), ("cnf", r#"{"kid":"k"}"#)])).unwrap().ial, 1);
}

#[test]
fn refuses_a_badge_without_a_required_claim() {
    for name in ["jti", "iss", "sub", "iat", "exp", "ial", "key", "vc"] {
        assert_claims_invalid(&[(name, "")]);
        assert_claims_invalid(&[(name, "null")]);
        assert_claims_invalid(&[(name, "[]")]);
    }
    assert_claims_invalid(&[("jti", "\"\"")]);
}

#[test]
fn times_are_whole_seconds_from_1970_to_9999() {
    for name in ["iat", "exp", "nbf"] {
        for time in [
            "1795000000.5",
            "1.795e9",
            "1795000000.0",
            "-1",
            "-0",
            "-9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775807",
            "9223372036854775808",
            "253402300800",
            "99999999999999999999999999",
            "\"1795000000\"",
            "null",
            "true",
        ] {
            assert_claims_invalid(&[(name, time)]);
        }
        assert_eq!(verdict(&badge(&[(name, "1e999999999")])), Err(Code::Malformed));
    }
    assert!(verdict(&badge(&[("exp", "253402300799"), ("iat", "0"), ("nbf", "0")])).is_ok());
}

#[test]
fn exp_is_after_iat() {
    let with = |iat: i64, exp: i64| badge(&[("iat", &iat.to_string()), ("exp", &exp.to_string())]);
    for (iat, exp) in [(NOW, NOW), (NOW + 50, NOW + 40), (NOW, NOW - 1)] {
        assert_eq!(verdict(&with(iat, exp)), Err(Code::ClaimsInvalid), "{iat} {exp}");
        assert_eq!(read_unverified(with(iat, exp).as_bytes()).err().unwrap().code, Code::Malformed);
    }
    assert!(verdict(&with(NOW, NOW + 1)).is_ok());
}

#[test]
fn level_is_a_string_of_one_digit() {
    let vc_with = |level: &str| format!(r#"{{"credentialSubject":{{"level":{level}}}}}"#);
    for level in
        ["1", "\"5\"", "\"-1\"", "\"01\"", "\"\"", "\" 1\"", "\"1\\u0000\"", "\"\u{661}\"", "null", "1.0", "true"]
    {
        assert_claims_invalid(&[("vc", &vc_with(level))]);
    }
    for vc in ["{}", "[]", "\"1\"", r#"{"credentialSubject":{}}"#, r#"{"credentialSubject":"1"}"#] {
        assert_claims_invalid(&[("vc", vc)]);
    }
    assert_eq!(verdict(&badge(&[("vc", &vc_with("\"3\""))])).unwrap().domain, None);
    assert_claims_invalid(&[("vc", r#"{"credentialSubject":{"level":"1","domain":7}}"#)]);
}

#[test]
fn ial_is_the_string_0_or_1() {
    for ial in ["0", "1", "\"2\"", "\"\"", "\"00\"", "null", "false"] {
        assert_claims_invalid(&[("ial", ial)]);
    }
}

#[test]
fn iss_is_an_https_origin_or_a_did_and_sub_is_a_did() {
    for iss in ["https://a.example/path", "http://a.example", "a.example", "did:web:", "https://a.example/"] {
        assert_claims_invalid(&[("iss", &format!("\"{iss}\""))]);
    }
    for sub in ["https://a.example", "did:web", "agent", "did:web:a#k", "did:web:a b"] {
        assert_claims_invalid(&[("sub", &format!("\"{sub}\""))]);
    }
    assert!(verdict(&badge(&[("iss", "\"did:web:ca.example\""), ("sub", "\"did:capiscio:agent:test\"")])).is_ok());
}

#[test]
fn key_is_a_public_ed25519_jwk() {
    let x = base64url::encode(issuer().public().bytes());
    for key in [
        "{}".to_owned(),
        "\"k\"".to_owned(),
        r#"{"kty":"EC","crv":"P-256"}"#.to_owned(),
        format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","use":"enc"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}="}}"#),
        issuer().to_jwk(),
    ] {
        assert_claims_invalid(&[("key", &key)]);
    }
    let other = other_key().public().to_jwk();
    assert!(verdict(&badge(&[("key", &other)])).is_ok(), "the agent's key differs from the issuer's");
}

#[test]
fn no_error_contains_a_private_key_of_a_badge() {
    let token = badge(&[("key", &issuer().to_jwk())]);
    let invalid = verify(token.as_bytes(), &rules(Some(issuer().public()))).unwrap_err();
    assert!(!invalid.to_string().contains("nWGx"), "{invalid}");
}

#[test]
fn refuses_a_duplicate_claim_as_malformed() {
    let twice = |extra: &str| {
        let text = payload(&[]);
        sign(HEADER, &format!("{},{extra}}}", &text[..text.len() - 1]), &issuer())
    };
    for extra in [r#""exp":1"#, r#""sub":"did:web:other""#, r#""s\u0075b":"did:web:other""#, r#""x":{"a":1,"a":1}"#] {
        assert_eq!(verdict(&twice(extra)), Err(Code::Malformed), "{extra}");
    }
    assert!(verdict(&twice(r#""x":{"a":1,"b":[null,1e3,"e"]}"#)).is_ok(), "unknown claims are ignored");
}

#[test]
fn no_error_contains_control_characters_of_a_badge() {
    let hostile = "\"did:key:\\u001b[2J\\u009b1m\\u202e\\n\u{9b}\"";
    for (token, rules) in [
        (badge(&[("iss", hostile)]), rules(None)),
        (badge(&[("iss", hostile)]), Rules { accept_self_signed: true, ..rules(None) }),
        (badge(&[("iss", hostile)]), rules(Some(issuer().public()))),
    ] {
        let invalid = verify(token.as_bytes(), &rules).unwrap_err().to_string();
        assert!(!invalid.chars().any(|c| c.is_control() || c == '\u{202e}'), "{invalid:?}");
    }
    let long = format!("\"{}\"", "é".repeat(20_000));
    let invalid = verify(badge(&[("iss", &long)]).as_bytes(), &rules(None)).unwrap_err();
    assert!(invalid.detail.len() < 400);
}
