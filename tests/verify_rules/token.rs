//! The rules of the token's text: parts, base64url, header.

use super::*;

#[test]
fn reads_every_claim_of_a_valid_badge() {
    let claims = verdict(&badge(&[("aud", r#"["x","y"]"#), ("nbf", "1794999990")])).unwrap();
    assert_eq!(
        claims,
        Claims {
            jti: "9b2f6f0e-5f2f-4d1c-8b8f-2f6f0e5f2f4d".into(),
            iss: "https://registry.capisc.io".into(),
            sub: "did:web:registry.capisc.io:agents:a".into(),
            aud: vec!["x".into(), "y".into()],
            iat: NOW,
            exp: NOW + 300,
            nbf: Some(NOW - 10),
            ial: 0,
            level: 1,
            domain: Some("a.example".into()),
        }
    );
}

#[test]
fn accepts_one_newline_after_the_token_and_nothing_else() {
    let valid = badge(&[]);
    assert!(verdict(&format!("{valid}\n")).is_ok());
    for token in [
        format!("{valid}\n\n"),
        format!("{valid}\r\n"),
        format!(" {valid}"),
        format!("Bearer {valid}"),
        format!("{valid} "),
        format!("\n{valid}"),
        format!("{valid}\0"),
        format!("\u{feff}{valid}"),
        valid.replacen('.', ".\n", 1),
    ] {
        assert_eq!(verdict(&token), Err(Code::Malformed), "{token:?}");
    }
}

#[test]
fn refuses_a_token_that_is_not_three_parts() {
    let valid = badge(&[]);
    let parts: Vec<&str> = valid.split('.').collect();
    for token in [
        String::new(),
        "\n".into(),
        "..".into(),
        "...".into(),
        "hello".into(),
        parts[0].into(),
        parts[..2].join("."),
        format!("{valid}."),
        format!(".{valid}"),
        format!("{valid}.{}", parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
    ] {
        let verdict = verdict(&token);
        // An empty part may also be reported as a wrong signature.
        assert!(matches!(verdict, Err(Code::Malformed | Code::SignatureInvalid)), "{token}: {verdict:?}");
    }
}

#[test]
fn refuses_the_json_serialization() {
    let valid = badge(&[]);
    let parts: Vec<&str> = valid.split('.').collect();
    let signature = format!(r#"{{"protected":"{}","signature":"{}"}}"#, parts[0], parts[2]);
    let json = format!(r#"{{"payload":"{}","signatures":[{signature},{signature}]}}"#, parts[1]);
    assert_eq!(verdict(&json), Err(Code::Malformed));
}

#[test]
fn accepts_only_the_canonical_base64url_of_a_signature() {
    let valid = badge(&[]);
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    // 64 bytes leave four unused bits in the last of 86 characters: A, Q, g or w, and only those.
    let (start, last) = signature.split_at(85);
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        if !last.starts_with(other) {
            assert!(verdict(&format!("{signed}.{start}{other}")).is_err());
        }
    }
    let with_stray_bit = char::from(last.as_bytes()[0] + 1);
    assert_eq!(verdict(&format!("{signed}.{start}{with_stray_bit}")), Err(Code::Malformed));
    for token in [format!("{valid}=="), format!("{valid}="), format!("{signed}.{}", "+".repeat(86))] {
        assert_eq!(verdict(&token), Err(Code::Malformed));
    }
}

#[test]
fn refuses_a_signature_that_is_not_64_bytes() {
    let valid = badge(&[]);
    let (signed, _) = valid.rsplit_once('.').unwrap();
    for length in [0, 1, 63, 65, 128] {
        let token = format!("{signed}.{}", base64url::encode(&vec![1; length]));
        assert_eq!(verdict(&token), Err(Code::SignatureInvalid), "{length}");
    }
}

#[test]
fn refuses_tokens_over_64_kib() {
    assert_eq!(verdict(&"a".repeat(MAX_TOKEN_LEN + 1)), Err(Code::Malformed));
    let long = format!("\"{}\"", "j".repeat(40_000));
    assert!(verdict(&badge(&[("jti", &long)])).is_ok());
    let longer = format!("\"{}\"", "j".repeat(60_000));
    assert_eq!(verdict(&badge(&[("jti", &longer)])), Err(Code::Malformed));
}

#[test]
fn refuses_any_algorithm_but_eddsa() {
    for alg in [
        "\"none\"",
        "\"None\"",
        "\"HS256\"",
        "\"eddsa\"",
        "\"EDDSA\"",
        "\"ES256\"",
        "\"Ed25519\"",
        "\"\"",
        "null",
        "[\"EdDSA\"]",
    ] {
        let token = sign(&format!(r#"{{"alg":{alg},"typ":"JWT"}}"#), &payload(&[]), &issuer());
        assert_eq!(verdict(&token), Err(Code::Malformed), "{alg}");
    }
    assert_eq!(verdict(&sign(r#"{"typ":"JWT"}"#, &payload(&[]), &issuer())), Err(Code::Malformed));
}

#[test]
fn refuses_alg_none() {
    let part = |text: &str| base64url::encode(text.as_bytes());
    let token = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&payload(&[])));
    assert_eq!(verdict(&token), Err(Code::Malformed));
    assert_eq!(verdict(&(token.clone() + &"A".repeat(86))), Err(Code::Malformed));
    assert!(read_unverified(token.as_bytes()).is_err());
}

/// The signatures are correct HMACs from Python's hmac. Their secrets are the 32 public bytes and the text of the public
/// JWK.
#[test]
fn refuses_hs256_with_the_public_key_as_secret() {
    let parts = [r#"{"alg":"HS256","typ":"JWT"}"#, &payload(&[])];
    let signed = parts.map(|part| base64url::encode(part.as_bytes())).join(".");
    for signature in ["GA_zNwDwvdprRZcJLkhlNqoXCde228fJ3R4KDDr38NU", "XVesDqgn_rYBChRKQqIUqiaqLfR7m3a7vTdGaQ6DzJc"] {
        assert_eq!(verdict(&format!("{signed}.{signature}")), Err(Code::Malformed));
    }
}

#[test]
fn typ_is_absent_or_jwt() {
    assert!(verdict(&sign(r#"{"alg":"EdDSA"}"#, &payload(&[]), &issuer())).is_ok());
    for typ in ["\"JOSE\"", "\"at+jwt\"", "\"\"", "null", "1"] {
        let token = sign(&format!(r#"{{"alg":"EdDSA","typ":{typ}}}"#), &payload(&[]), &issuer());
        assert_eq!(verdict(&token), Err(Code::Malformed), "{typ}");
    }
}

#[test]
fn refuses_critical_extensions() {
    for crit in [r#"["b64"]"#, r#"["x"]"#, "[]", "null", "\"exp\""] {
        let token = sign(&format!(r#"{{"alg":"EdDSA","b64":true,"crit":{crit}}}"#), &payload(&[]), &issuer());
        assert_eq!(verdict(&token), Err(Code::Malformed), "{crit}");
    }
}

#[test]
fn refuses_a_header_with_b64() {
    for b64 in ["false", "true", "null", "\"false\""] {
        let token = sign(&format!(r#"{{"alg":"EdDSA","b64":{b64}}}"#), &payload(&[]), &issuer());
        assert_eq!(verdict(&token), Err(Code::Malformed), "{b64}");
    }
}

#[test]
fn refuses_duplicate_header_members() {
    for header in [
        r#"{"alg":"none","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","kid":"a","kid":"b"}"#,
    ] {
        assert_eq!(verdict(&sign(header, &payload(&[]), &issuer())), Err(Code::Malformed));
    }
}

#[test]
fn refuses_a_header_or_payload_that_is_not_an_object() {
    for json in ["", "[]", "\"x\"", "null", "{", "{}x", "\u{0}", &"[".repeat(40_000), &"{\"a\":".repeat(8_000)] {
        assert_eq!(verdict(&sign(json, &payload(&[]), &issuer())), Err(Code::Malformed));
        assert_eq!(verdict(&sign(HEADER, json, &issuer())), Err(Code::Malformed));
    }
    let part = base64url::encode(&[0xff, 0xfe]);
    assert_eq!(verdict(&format!("{part}.{part}.{part}")), Err(Code::Malformed));
}

#[test]
fn refuses_a_badge_with_any_byte_changed() {
    let valid = badge(&[]);
    for at in 0..valid.len() {
        let mut changed = valid.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(verify(&changed, &rules(Some(issuer().public()))).is_err(), "byte {at}");
    }
    for end in 0..valid.len() {
        assert!(verdict(&valid[..end]).is_err(), "first {end} bytes");
    }
}

#[test]
fn read_unverified_reads_badges_of_other_issuers() {
    let token = sign(r#"{"alg":"ES256"}"#, &payload(&[("jti", ""), ("vc", ""), ("key", "")]), &issuer());
    let unverified = read_unverified(token.as_bytes()).ok().unwrap();
    assert_eq!((unverified.exp, unverified.iat, unverified.nbf, unverified.jti), (NOW + 300, Some(NOW), None, None));
    assert_eq!(unverified.sub.as_deref(), Some("did:web:registry.capisc.io:agents:a"));
}

#[test]
fn read_unverified_refuses_malformed_badges() {
    for token in [
        String::new(),
        "a.b.c".into(),
        "e30.e30.e30".into(),
        badge(&[]) + "=",
        badge(&[("exp", "")]),
        badge(&[("exp", "\"1795000300\"")]),
        badge(&[("exp", "1795000300.5")]),
        badge(&[("exp", "-5")]),
        badge(&[("exp", "18446744073709551615")]),
        badge(&[("iat", "true")]),
        badge(&[("sub", "7")]),
    ] {
        let invalid = read_unverified(token.as_bytes()).err().unwrap();
        assert_eq!(invalid.code, Code::Malformed, "{token}");
    }
}
