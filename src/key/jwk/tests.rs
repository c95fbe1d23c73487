//! The rules of a JWK, with the key of RFC 8037 A.1.

use super::*;

const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const OTHER_X: &str = "TLWr9q15-fVAQFtuB2jcRcYhUVPDCnYwuS31nPS_wwo";

/// The private JWK with further `members` after kty, crv, x and d.
fn private(members: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","d":"{D}"{members}}}"#)
}

fn public(members: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{members}}}"#)
}

fn private_error(text: &str) -> Option<JwkError> {
    PrivateKey::from_jwk(text).err()
}

/// The member that the error names.
fn member_of(error: Option<JwkError>) -> Option<&'static str> {
    match error {
        Some(JwkError::Member { name, .. }) => Some(name),
        _ => None,
    }
}

#[test]
fn reads_the_key_of_rfc_8037() {
    let key =
        PrivateKey::from_jwk(&private(r#","kid":"k1","alg":"EdDSA","use":"sig","key_ops":["sign"]"#)).ok().unwrap();
    assert_eq!(base64url::encode(key.public().bytes()), X);
    assert_eq!(key.public().kid(), Some("k1"));
    assert_eq!(key.public().did_key(), "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
    assert_eq!(private_error(&format!("\n {} \r\n", private(""))), None);
    assert_eq!(PublicKey::from_jwk(&public(r#","key_ops":["verify"],"kid":"k1""#)).as_ref(), Ok(key.public()));
}

#[test]
fn signs_the_jws_of_rfc_8037() {
    let key = PrivateKey::from_jwk(&private("")).ok().unwrap();
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = key.sign(message);
    assert_eq!(
        base64url::encode(&signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    assert!(key.public().verify(message, &signature));
    assert!(!key.public().verify(b"something else", &signature));
}

#[test]
fn derives_x_where_it_is_absent() {
    let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}"}}"#);
    assert_eq!(base64url::encode(PrivateKey::from_jwk(&text).ok().unwrap().public().bytes()), X);
}

#[test]
fn refuses_an_x_that_does_not_match_d() {
    let text = private("").replace(X, OTHER_X);
    assert_eq!(private_error(&text), Some(JwkError::Mismatch));
}

#[test]
fn d_is_43_characters_without_padding_or_stray_bits() {
    let wrong =
        ["", "AAAA", &format!("{D}="), &format!("{D}A"), &D[1..], &D.replace('_', "/"), &D.replace("f2A", "f2B")];
    for d in wrong {
        assert_eq!(member_of(private_error(&private("").replace(D, d))), Some("d"), "{d}");
    }
    let number = private("").replace(&format!("\"{D}\""), "5");
    assert_eq!(member_of(private_error(&number)), Some("d"));
}

#[test]
fn x_is_43_characters_without_padding_or_stray_bits() {
    for x in ["", "AAAA", &format!("{X}="), &X[1..], &X.replace("URo", "URp")] {
        assert_eq!(member_of(private_error(&private("").replace(X, x))), Some("x"), "{x}");
        assert_eq!(member_of(PublicKey::from_jwk(&public("").replace(X, x)).err()), Some("x"), "{x}");
    }
    assert_eq!(member_of(private_error(&private("").replace(&format!("\"{X}\""), "null"))), Some("x"));
}

#[test]
fn refuses_the_all_zero_seed() {
    let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{}"}}"#, "A".repeat(43));
    assert!(private_error(&text).unwrap().to_string().contains("all zeros"));
    assert!(PrivateKey::from_seed([0; 32], None).is_none());
}

#[test]
fn refuses_an_x_of_small_order() {
    let text = public("").replace(X, &base64url::encode(&[0; 32]));
    assert!(PublicKey::from_jwk(&text).unwrap_err().to_string().contains("not a usable"));
}

#[test]
fn alg_use_and_key_ops_must_allow_signatures() {
    for (members, name) in [
        (r#","alg":"ES256""#, "alg"),
        (r#","alg":"eddsa""#, "alg"),
        (r#","alg":7"#, "alg"),
        (r#","alg":null"#, "alg"),
        (r#","use":"enc""#, "use"),
        (r#","use":[]"#, "use"),
        (r#","key_ops":"sign""#, "key_ops"),
        (r#","key_ops":["sign",1]"#, "key_ops"),
        (r#","key_ops":[]"#, "key_ops"),
        (r#","key_ops":["verify"]"#, "key_ops"),
    ] {
        assert_eq!(member_of(private_error(&private(members))), Some(name), "{members}");
    }
    assert_eq!(private_error(&private(r#","alg":"Ed25519","key_ops":["verify","sign"]"#)), None);
    assert_eq!(member_of(PublicKey::from_jwk(&public(r#","key_ops":["sign"]"#)).err()), Some("key_ops"));
}

#[test]
fn kid_is_a_string() {
    for kid in ["7", "null", "[\"k\"]"] {
        assert_eq!(member_of(private_error(&private(&format!(",\"kid\":{kid}")))), Some("kid"));
    }
}

#[test]
fn refuses_duplicate_members_of_a_key() {
    for name in ["kty", "crv", "x", "d", "alg", "use", "key_ops", "kid"] {
        let value = match name {
            "kty" => "\"OKP\"",
            "crv" => "\"Ed25519\"",
            "x" => &format!("\"{X}\""),
            "d" => &format!("\"{D}\""),
            "alg" => "\"EdDSA\"",
            "use" => "\"sig\"",
            "key_ops" => "[\"sign\"]",
            _ => "\"k\"",
        };
        let twice = format!(",\"{name}\":{value},\"{name}\":{value}");
        assert_eq!(private_error(&private(&twice)), Some(JwkError::Duplicate(name)));
    }
    assert_eq!(private_error(&private(r#","note":1,"note":2"#)), None);
}

#[test]
fn explains_why_a_text_is_not_a_private_ed25519_key() {
    for (text, error) in [
        ("", JwkError::Empty),
        (" \r\n\t", JwkError::Empty),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw", JwkError::Pem),
        ("\n-----BEGIN OPENSSH PRIVATE KEY-----", JwkError::Pem),
        ("hello", JwkError::NotJson),
        ("{\"kty\":", JwkError::NotJson),
        ("[]", JwkError::NotJson),
        ("\"{}\"", JwkError::NotJson),
        (&(private("") + "x"), JwkError::NotJson),
        (&(private("") + "\n" + &private("")), JwkError::NotJson),
        (&"{".repeat(1_000_000), JwkError::NotJson),
        ("{\"keys\":[{\"kty\":\"OKP\"}]}", JwkError::KeySet),
        (&public(""), JwkError::PublicOnly),
    ] {
        assert_eq!(private_error(text), Some(error), "{}", &text[..text.len().min(80)]);
    }
    for (text, kind) in [
        ("{}", "kty"),
        ("{\"kty\":1}", "kty"),
        ("{\"kty\":\"okp\",\"crv\":\"Ed25519\"}", "kty"),
        ("{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "RSA"),
        ("{\"kty\":\"EC\",\"crv\":\"P-256\"}", "EC"),
        ("{\"kty\":\"oct\",\"k\":\"AAAA\"}", "shared secret"),
        ("{\"kty\":\"OKP\",\"crv\":\"X25519\"}", "X25519"),
        ("{\"kty\":\"OKP\",\"crv\":\"Ed448\"}", "crv"),
        ("{\"kty\":\"OKP\"}", "crv"),
    ] {
        let error = private_error(text).unwrap();
        assert!(matches!(error, JwkError::WrongType(_)) && error.to_string().contains(kind), "{text}: {error}");
    }
}

#[test]
fn reads_a_private_key_as_public_only_with_from_any_jwk() {
    assert_eq!(PublicKey::from_jwk(&private("")), Err(JwkError::PrivateGiven));
    assert_eq!(PublicKey::from_any_jwk(&private("")), PublicKey::from_jwk(&public("")));
    assert_eq!(PublicKey::from_any_jwk(&public("")), PublicKey::from_jwk(&public("")));
    assert_eq!(PublicKey::from_any_jwk(&private("").replace(X, OTHER_X)), Err(JwkError::Mismatch));
    let no_x = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}";
    assert_eq!(member_of(PublicKey::from_jwk(no_x).err()), Some("x"));
}

#[test]
fn reads_back_what_it_writes() {
    let key = PrivateKey::from_jwk(&private("")).ok().unwrap();
    let did = key.public().did_key();
    assert_eq!(
        key.to_jwk(),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","d":"{D}","kid":"{did}","alg":"EdDSA","use":"sig"}}"#)
    );
    assert_eq!(
        key.public().to_jwk(),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"{did}","alg":"EdDSA","use":"sig"}}"#)
    );
    assert_eq!(key.public().claim(), public(""));
    let with_kid = PrivateKey::from_jwk(&key.to_jwk()).ok().unwrap();
    assert_eq!(with_kid.public().claim(), public(&format!(",\"kid\":\"{did}\"")));
    assert_eq!(with_kid.to_jwk(), key.to_jwk());
}

#[test]
fn no_error_contains_key_material() {
    for text in [private("").replace(X, OTHER_X), private(&format!(",\"kid\":\"a\",\"kid\":\"{D}\"")), D.to_owned()] {
        let message = private_error(&text).unwrap().to_string();
        assert!(!message.contains(&D[..6]) && !message.contains(&X[..6]), "{message}");
        assert!(message.contains("; "), "no advice: {message}");
    }
    assert_eq!(JwkError::Duplicate("d").to_string(), "it has more than one \"d\"; remove the wrong one");
}
