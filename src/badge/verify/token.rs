//! The three parts of a compact JWS (RFC 7515 §7.1) and its header.

use super::verdict::{Code, Invalid};
use crate::badge::MAX_TOKEN_LEN;
use crate::encoding::json::{self, Json, Object};
use crate::encoding::{base64url, quoted};
use crate::key::PublicKey;

/// A token that is split and decoded, not yet verified.
pub(super) struct Token<'a> {
    /// `header.payload` as received: what is signed (RFC 7515 §5.2 step 8).
    signed: &'a str,
    header: Object,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn split(token: &'a [u8]) -> Result<Token<'a>, Box<Invalid>> {
        let token = token.strip_suffix(b"\n").unwrap_or(token);
        Code::Malformed.unless(token.len() <= MAX_TOKEN_LEN, "it is larger than 64 KiB")?;
        Code::Malformed.unless(!token.is_empty(), "it is empty")?;
        let token = str::from_utf8(token).map_err(|_| malformed("it is not text"))?;
        let mut parts = token.split('.');
        let mut next = || parts.next();
        let (Some(header), Some(payload), Some(signature), None) = (next(), next(), next(), next()) else {
            return Err(malformed("it is not three parts separated by dots (a compact JWS)"));
        };
        let decode = |part| {
            base64url::decode(part)
                .ok_or_else(|| malformed("it is not strict base64url (no padding, no whitespace, no stray bits)"))
        };
        let fields = parse(&decode(header)?, "its header is not a JSON object")?;
        // With it the payload may be plain text, which a JWT must not have (RFC 7797 §7).
        Code::Malformed.unless(fields.get("b64").is_none(), "its header has a \"b64\", which no JWT may have")?;
        Ok(Token {
            signed: &token[..header.len() + 1 + payload.len()],
            header: fields,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// The verifier chooses the algorithm and the token has to agree (RFC 8725 §3.1).
    pub(super) fn check_header(&self) -> Result<(), Box<Invalid>> {
        let is_jwt = self.header.get("typ").is_none_or(|typ| typ.as_str() == Some("JWT"));
        Code::Malformed.unless(self.algorithm() == Some("EdDSA"), "its header's \"alg\" is not EdDSA")?;
        Code::Malformed.unless(is_jwt, "its header's \"typ\" is not JWT")?;
        // No extension is supported, and an empty list is not allowed (RFC 7515 §4.1.11).
        Code::Malformed.unless(self.header.get("crit").is_none(), "its header has a \"crit\" that is not understood")
    }

    /// Any algorithm but `none` passes: the caller does not verify the signature.
    pub(super) fn check_header_leniently(&self) -> Result<(), Box<Invalid>> {
        let is_named = |alg: &str| !alg.is_empty() && !alg.eq_ignore_ascii_case("none");
        let is_signed = self.algorithm().is_some_and(is_named) && !self.signature.is_empty();
        Code::Malformed.unless(is_signed, "it is not signed")
    }

    pub(super) fn check_signature(&self, key: &PublicKey) -> Result<(), Box<Invalid>> {
        let signature = self.signature.as_slice().try_into();
        let is_valid = signature.is_ok_and(|signature| key.verify(self.signed.as_bytes(), signature));
        let detail = format!("its signature was not made by the key {}", key.did_key());
        Code::SignatureInvalid.unless(is_valid, detail)
    }

    /// The payload, an object without duplicate members (RFC 7519 §4).
    pub(super) fn payload(&self) -> Result<Object, Box<Invalid>> {
        parse(&self.payload, "its payload is not a JSON object")
    }

    fn algorithm(&self) -> Option<&str> {
        self.header.get("alg").and_then(Json::as_str)
    }
}

/// Parses an object without duplicate members.
fn parse(bytes: &[u8], fault: &str) -> Result<Object, Box<Invalid>> {
    let json = str::from_utf8(bytes).ok().and_then(json::parse).ok_or_else(|| malformed(fault))?;
    if let Some(name) = json.duplicate() {
        return Err(malformed(format!("it has the member {} twice", quoted(name))));
    }
    if let Json::Object(object) = json { Ok(object) } else { Err(malformed(fault)) }
}

fn malformed(detail: impl Into<String>) -> Box<Invalid> {
    Code::Malformed.with_detail(detail)
}
