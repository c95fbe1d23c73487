//! The names in a badge: DIDs, issuer origins, host names. Syntax only, nothing is resolved.

use std::net::Ipv6Addr;

/// Whether `text` is a DID by W3C DID Core §3.1 (a DID, not a DID URL: no path, query, fragment).
///
/// `did:` method `:` id, where the method is lower-case letters and digits, and the id is made of
/// letters, digits, `.`, `-`, `_`, percent-encoded bytes and `:`, not ending in `:`.
pub fn is_did(text: &str) -> bool {
    let Some((method, id)) = text.strip_prefix("did:").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    !method.is_empty()
        && method.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && !id.is_empty()
        && !id.ends_with(':')
        && is_method_specific_id(id)
}

fn is_method_specific_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|b| b.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// Whether `text` is an HTTPS origin (RFC 6454 §6.2): `https://host` or `https://host:port`.
///
/// No user, path, query, fragment or trailing slash: issuers are compared as text, and an origin
/// has one spelling. The host may be an IPv6 literal in brackets (RFC 3986 §3.2.2).
pub fn is_https_origin(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://") else {
        return false;
    };
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => address.parse::<Ipv6Addr>().is_ok(),
        Some((address, port)) => address.parse::<Ipv6Addr>().is_ok() && port.strip_prefix(':').is_some_and(is_port),
        None => is_host(authority),
    }
}

/// Whether `text` is a host name with an optional `:port`, as in `api.example.com` or `db_1:8443`.
///
/// ASCII letters, digits, `-` and `_`, in labels of 1 to 63 characters that neither begin nor end
/// with `-`; at most 253 characters without the port (RFC 1123 §2.1, with the underscore that
/// container networks use). Issuance beyond ASCII come in their `xn--` form.
pub fn is_host(text: &str) -> bool {
    let (name, port_fine) = match text.split_once(':') {
        Some((name, port)) => (name, is_port(port)),
        None => (text, true),
    };
    port_fine && name.len() <= 253 && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// 1 to 65535, without leading zeros.
fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dids_of_every_method_are_dids() {
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
    fn what_is_not_a_did_by_its_syntax_is_refused() {
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
    fn an_origin_is_scheme_host_and_port() {
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
    fn a_host_is_labels_with_an_optional_port() {
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        for host in
            ["a", "api.example.com", "API.Example.com:443", "my_db-1:8080", "xn--bcher-kva.de", "10.0.0.1", &long]
        {
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
}
