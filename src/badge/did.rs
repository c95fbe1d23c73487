//! Names in a badge: DIDs, issuer origins, host names. Only the syntax is checked, nothing is resolved.

use std::net::Ipv6Addr;

/// Whether `text` is a DID by W3C DID Core §3.1 (a DID, not a DID URL: no path, query, fragment).
///
/// `did:` method `:` id, where the method is lower-case letters and digits, and the id is made of
/// letters, digits, `.`, `-`, `_`, percent-encoded bytes and `:`, not ending in `:`.
pub fn is_did(text: &str) -> bool {
    let Some((method, id)) = text.strip_prefix("did:").and_then(|rest| rest.split_once(':')) else { return false };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    !method.is_empty()
        && method.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && !id.is_empty()
        && !id.ends_with(':')
        && id.bytes().all(is_allowed)
        && id.split('%').skip(1).all(is_escape)
}

/// Whether `text` is an HTTPS origin (RFC 6454 §6.2): `https://host` or `https://host:port`.
///
/// No user, path, query, fragment or trailing slash: issuers are compared as text, and an origin
/// has one spelling. The host may be an IPv6 literal in brackets (RFC 3986 §3.2.2).
pub fn is_https_origin(text: &str) -> bool {
    let Some(authority) = text.strip_prefix("https://") else { return false };
    let Some((address, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return is_host(authority);
    };
    address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Whether `text` is a host name with an optional `:port`, as in `api.example.com` or `db_1:8443`.
///
/// ASCII letters, digits, `-` and `_`, in labels of 1 to 63 characters that neither begin nor end
/// with `-`; at most 253 characters without the port (RFC 1123 §2.1, with the underscore that
/// container networks use). Names beyond ASCII are given in their `xn--` form.
pub fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    port.is_none_or(is_port) && name.len() <= 253 && name.split('.').all(is_label)
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
mod tests;
