//! The three parts of a compact JWS (RFC 7515 §7.1) and its header.

use super::verdict::{Code, Invalid};
use crate::badge::MAX_TOKEN_LEN;
use crate::encoding::json::{self, Json};
use crate::encoding::{base64url, quoted};
use crate::key::PublicKey;

/// A token that is split and decoded, not yet verified.
pub(super) struct Token<'a> {
    /// `header.payload` as received: what is signed (RFC 7515 §5.2 step 8).
    signed: &'a str,
    header: Json,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn split(token: &'a [u8]) -> Result<Token<'a>, Box<Invalid>> {
        let token = token.strip_suffix(b"\n").unwrap_or(token);
        if token.len() > MAX_TOKEN_LEN {
            return Err(malformed("it is larger than 64 KiB"));
        }
        if token.is_empty() {
            return Err(malformed("it is empty"));
        }
        let token = str::from_utf8(token).map_err(|_| malformed("it is not text"))?;
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it is not three parts separated by dots (a compact JWS)"));
        };
        let decode = |part| {
            base64url::decode(part)
                .ok_or_else(|| malformed("it is not strict base64url (no padding, no whitespace, no stray bits)"))
        };
        Ok(Token {
            signed: &token[..header.len() + 1 + payload.len()],
            header: parse(&decode(header)?, "its header is not a JSON object")?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// The verifier chooses the algorithm and the token has to agree (RFC 8725 §3.1).
    pub(super) fn check_header(&self) -> Result<(), Box<Invalid>> {
        if self.algorithm() != Some("EdDSA") {
            return Err(malformed("its header's \"alg\" is not EdDSA"));
        }
        if !matches!(self.header_member("typ").map(Json::as_str), None | Some(Some("JWT"))) {
            return Err(malformed("its header's \"typ\" is not JWT"));
        }
        // No extension is supported, and an empty list is not allowed (RFC 7515 §4.1.11).
        if self.header_member("crit").is_some() {
            return Err(malformed("its header has a \"crit\" that is not understood"));
        }
        Ok(())
    }

    /// Any algorithm but `none` passes: the caller does not verify the signature.
    pub(super) fn check_header_leniently(&self) -> Result<(), Box<Invalid>> {
        match self.algorithm() {
            Some(alg) if alg != "none" && !self.signature.is_empty() => Ok(()),
            _ => Err(malformed("it is not signed")),
        }
    }

    pub(super) fn check_signature(&self, key: &PublicKey) -> Result<(), Box<Invalid>> {
        match self.signature.as_slice().try_into() {
            Ok(signature) if key.verify(self.signed.as_bytes(), signature) => Ok(()),
            _ => {
                let detail = format!("its signature was not made by the key {}", key.did_key());
                Err(Code::SignatureInvalid.with_detail(detail))
            }
        }
    }

    /// The payload, an object without duplicate members (RFC 7519 §4).
    pub(super) fn payload(&self) -> Result<Json, Box<Invalid>> {
        parse(&self.payload, "its payload is not a JSON object")
    }

    fn algorithm(&self) -> Option<&str> {
        self.header_member("alg").and_then(Json::as_str)
    }

    /// The header is an object without duplicates: [`parse`] checks that.
    fn header_member(&self, name: &str) -> Option<&Json> {
        self.header.as_object()?.get(name).ok().flatten()
    }
}

fn parse(bytes: &[u8], fault: &str) -> Result<Json, Box<Invalid>> {
    let json = str::from_utf8(bytes).ok().and_then(json::parse).filter(|json| json.as_object().is_some());
    let json = json.ok_or_else(|| malformed(fault))?;
    match json.duplicate() {
        Some(name) => Err(malformed(format!("it has the member {} twice", quoted(name)))),
        None => Ok(json),
    }
}

fn malformed(detail: impl Into<String>) -> Box<Invalid> {
    Code::Malformed.with_detail(detail)
}
