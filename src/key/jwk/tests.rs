//! One test per rule of badge-format.md, "Keys", with the key of RFC 8037 A.1.

use super::*;

const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const OTHER_X: &str = "TLWr9q15-fVAQFtuB2jcRcYhUVPDCnYwuS31nPS_wwo";

/// The private JWK with `more` members after kty, crv, x and d.
fn private(more: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","d":"{D}"{more}}}"#)
}

fn public(more: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{more}}}"#)
}

fn refused(text: &str) -> Option<JwkError> {
    PrivateKey::from_jwk(text).err()
}

#[test]
fn the_key_of_rfc_8037_is_read_whole() {
    let key =
        PrivateKey::from_jwk(&private(r#","kid":"k1","alg":"EdDSA","use":"sig","key_ops":["sign"]"#)).ok().unwrap();
    assert_eq!(base64url::encode(key.public().bytes()), X);
    assert_eq!(key.public().kid(), Some("k1"));
    assert_eq!(key.public().did_key(), "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw");
    assert_eq!(refused(&format!("\n {} \r\n", private(""))), None);
    assert_eq!(PublicKey::from_jwk(&public(r#","key_ops":["verify"],"kid":"k1""#)).as_ref(), Ok(key.public()));
}

#[test]
fn it_signs_the_jws_of_rfc_8037() {
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
fn x_may_be_absent_and_is_derived() {
    let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}"}}"#);
    assert_eq!(base64url::encode(PrivateKey::from_jwk(&text).ok().unwrap().public().bytes()), X);
}

#[test]
fn an_x_that_is_not_the_public_half_of_d_is_refused() {
    let text = private("").replace(X, OTHER_X);
    assert_eq!(refused(&text), Some(JwkError::Mismatch));
}

#[test]
fn d_is_43_characters_without_padding_or_stray_bits() {
    let wrong =
        ["", "AAAA", &format!("{D}="), &format!("{D}A"), &D[1..], &D.replace('_', "/"), &D.replace("f2A", "f2B")];
    for d in wrong {
        assert_eq!(refused(&private("").replace(D, d)), Some(JwkError::D), "{d}");
    }
    let number = private("").replace(&format!("\"{D}\""), "5");
    assert_eq!(refused(&number), Some(JwkError::D));
}

#[test]
fn x_is_43_characters_without_padding_or_stray_bits() {
    for x in ["", "AAAA", &format!("{X}="), &X[1..], &X.replace("URo", "URp")] {
        assert_eq!(refused(&private("").replace(X, x)), Some(JwkError::X), "{x}");
        assert_eq!(PublicKey::from_jwk(&public("").replace(X, x)), Err(JwkError::X), "{x}");
    }
    assert_eq!(refused(&private("").replace(&format!("\"{X}\""), "null")), Some(JwkError::X));
}

#[test]
fn the_all_zero_seed_is_refused() {
    let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{}"}}"#, "A".repeat(43));
    assert_eq!(refused(&text), Some(JwkError::ZeroSeed));
    assert!(PrivateKey::from_seed([0; 32], None).is_none());
}

#[test]
fn points_of_small_order_and_bytes_that_are_no_point_are_no_public_keys() {
    let mut identity = [0; 32];
    identity[0] = 1;
    for bytes in [[0; 32], identity, [0xff; 32]] {
        assert_eq!(PublicKey::from_bytes(bytes, None), None);
        let text = public("").replace(X, &base64url::encode(&bytes));
        assert_eq!(PublicKey::from_jwk(&text), Err(JwkError::WeakX));
    }
}

#[test]
fn alg_use_and_key_ops_must_allow_signatures() {
    for (more, error) in [
        (r#","alg":"ES256""#, JwkError::Alg),
        (r#","alg":"eddsa""#, JwkError::Alg),
        (r#","alg":7"#, JwkError::Alg),
        (r#","alg":null"#, JwkError::Alg),
        (r#","use":"enc""#, JwkError::Use),
        (r#","use":[]"#, JwkError::Use),
        (r#","key_ops":"sign""#, JwkError::KeyOps),
        (r#","key_ops":["sign",1]"#, JwkError::KeyOps),
        (r#","key_ops":[]"#, JwkError::NotForSigning),
        (r#","key_ops":["verify"]"#, JwkError::NotForSigning),
    ] {
        assert_eq!(refused(&private(more)), Some(error), "{more}");
    }
    assert_eq!(refused(&private(r#","alg":"Ed25519","key_ops":["verify","sign"]"#)), None);
    assert_eq!(PublicKey::from_jwk(&public(r#","key_ops":["sign"]"#)), Err(JwkError::NotForVerifying));
}

#[test]
fn kid_is_a_string() {
    for kid in ["7", "null", "[\"k\"]"] {
        assert_eq!(refused(&private(&format!(",\"kid\":{kid}"))), Some(JwkError::Kid));
    }
}

#[test]
fn the_members_that_matter_may_be_there_only_once() {
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
        assert_eq!(refused(&private(&twice)), Some(JwkError::Duplicate(name)));
    }
    assert_eq!(refused(&private(r#","note":1,"note":2"#)), None);
}

#[test]
fn other_things_are_told_apart() {
    for (text, error) in [
        ("", JwkError::Empty),
        (" \r\n\t", JwkError::Empty),
        ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw", JwkError::Pem),
        ("\n-----BEGIN OPENSSH PRIVATE KEY-----", JwkError::Pem),
        ("hello", JwkError::NotJson),
        ("{\"kty\":", JwkError::NotJson),
        ("}}}}{{{{", JwkError::NotJson),
        ("[]", JwkError::NotObject),
        ("\"{}\"", JwkError::NotObject),
        ("{}", JwkError::NoKty),
        ("{\"kty\":1}", JwkError::NoKty),
        ("{\"keys\":[{\"kty\":\"OKP\"}]}", JwkError::KeySet),
        ("{\"kty\":\"RSA\",\"n\":\"AQAB\"}", JwkError::Rsa),
        ("{\"kty\":\"EC\",\"crv\":\"P-256\"}", JwkError::Ec),
        ("{\"kty\":\"oct\",\"k\":\"AAAA\"}", JwkError::Symmetric),
        ("{\"kty\":\"okp\",\"crv\":\"Ed25519\"}", JwkError::Kty),
        ("{\"kty\":\"OKP\",\"crv\":\"X25519\"}", JwkError::X25519),
        ("{\"kty\":\"OKP\",\"crv\":\"Ed448\"}", JwkError::Crv),
        ("{\"kty\":\"OKP\"}", JwkError::Crv),
        (&public(""), JwkError::PublicOnly),
        (&(private("") + "x"), JwkError::TrailingGarbage),
        (&(private("") + "\n" + &private("")), JwkError::TrailingGarbage),
        (&(private(r#","note":"}{\"}""#) + "}"), JwkError::TrailingGarbage),
        (&format!("{}{}", private(""), "}".repeat(100_000)), JwkError::TrailingGarbage),
        (&"{".repeat(1_000_000), JwkError::NotJson),
    ] {
        assert_eq!(refused(text), Some(error), "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn a_verifier_takes_a_private_key_only_where_it_says_so() {
    assert_eq!(PublicKey::from_jwk(&private("")), Err(JwkError::PrivateGiven));
    assert_eq!(PublicKey::from_any_jwk(&private("")), PublicKey::from_jwk(&public("")));
    assert_eq!(PublicKey::from_any_jwk(&public("")), PublicKey::from_jwk(&public("")));
    assert_eq!(PublicKey::from_any_jwk(&private("").replace(X, OTHER_X)), Err(JwkError::Mismatch));
    let no_x = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}";
    assert_eq!(PublicKey::from_jwk(no_x), Err(JwkError::NoX));
}

#[test]
fn what_is_written_is_read_back_member_by_member() {
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
    let named = PrivateKey::from_jwk(&key.to_jwk()).ok().unwrap();
    assert_eq!(named.public().claim(), public(&format!(",\"kid\":\"{did}\"")));
    assert_eq!(named.to_jwk(), key.to_jwk());
}

#[test]
fn no_sentence_contains_anything_of_the_key() {
    for text in [private("").replace(X, OTHER_X), private(&format!(",\"kid\":\"a\",\"kid\":\"{D}\"")), D.to_owned()] {
        let sentence = refused(&text).unwrap().to_string();
        assert!(!sentence.contains(&D[..6]) && !sentence.contains(&X[..6]), "{sentence}");
        assert!(sentence.contains("; "), "no cure: {sentence}");
    }
    assert_eq!(
        JwkError::PublicOnly.to_string(),
        "it holds a public key only (no \"d\"); the keeper signs, so it needs the private JWK"
    );
    assert_eq!(JwkError::Duplicate("d").to_string(), "it has more than one \"d\"; keep the one that is meant");
}
