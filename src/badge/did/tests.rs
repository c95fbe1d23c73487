use super::*;

#[test]
fn accepts_dids_of_every_method() {
    for did in [
        "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
        "did:web:registry.capisc.io:agents:my-agent-001",
        "did:web:localhost%3A8443",
        "did:capiscio:agent:test",
        "did:0:a",
        "did:a:::b",
        "did:example:A_b-c.D",
    ] {
        assert!(is_did(did), "{did}");
    }
}

#[test]
fn refuses_what_is_not_a_did() {
    for text in [
        "",
        "did",
        "did:",
        "did:key",
        "did:key:",
        "did::a",
        "did:web:a:",
        "did:Web:a",
        "did:we-b:a",
        "DID:web:a",
        " did:web:a",
        "did:web:a ",
        "did:web:a/b",
        "did:web:a?q",
        "did:web:a#k",
        "did:web:a%",
        "did:web:a%4",
        "did:web:a%4g",
        "did:web:ä",
        "did:web:a\n",
        "did:web:a%3",
        "web:did:a",
        "did:web:a\0",
    ] {
        assert!(!is_did(text), "{text:?}");
    }
}

#[test]
fn an_https_origin_is_a_host_with_an_optional_port() {
    for origin in [
        "https://registry.capisc.io",
        "https://localhost",
        "https://10.0.0.7:8443",
        "https://db_1.internal:1",
        "https://a:65535",
        "https://[::1]",
        "https://[2001:db8::7]:8443",
    ] {
        assert!(is_https_origin(origin), "{origin}");
    }
    for text in [
        "",
        "https://",
        "http://a",
        "HTTPS://a",
        "https:a",
        "https:///a",
        "https://a/",
        "https://a/b",
        "https://a?q",
        "https://a#f",
        "https://u@a",
        "https://u:p@a",
        "https://a:",
        "https://a:0",
        "https://a:65536",
        "https://a:080",
        "https://a:+1",
        "https://a:1:2",
        "https://[::1",
        "https://[::1]x",
        "https://[::1]:",
        "https://[::g]",
        "https://::1",
        "https://[1.2.3.4]",
        "https://[fe80::1%25eth0]",
        "https://a b",
        "https://a\n",
        "https://ä",
        "https://a..b",
        "https://.a",
    ] {
        assert!(!is_https_origin(text), "{text:?}");
    }
}

#[test]
fn a_host_is_dns_labels_with_an_optional_port() {
    let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
    for host in ["a", "api.example.com", "API.Example.com:443", "my_db-1:8080", "xn--bcher-kva.de", "10.0.0.1", &long] {
        assert!(is_host(host), "{host}");
    }
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a",
        "a-",
        "a.-b",
        "a:",
        ":80",
        "a:0",
        "a:99999",
        "a:1x",
        "a b",
        "a/b",
        "ä",
        "a:1:2",
        "[::1]",
        "a\u{7f}",
        &"a".repeat(64),
        &format!("{long}e"),
    ] {
        assert!(!is_host(text), "{text:?}");
    }
}
