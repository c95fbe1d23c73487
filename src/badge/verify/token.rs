//! The three parts of a compact JWS (RFC 7515 §7.1), before anything in them is believed.

use super::verdict::{Code, Invalid, escaped};
use crate::badge::MAX_TOKEN_LEN;
use crate::encoding::base64url;
use crate::encoding::json::{self, Json, Object};
use crate::key::PublicKey;

/// A token taken apart.
pub(super) struct Token<'a> {
    /// `header.payload` as it came: what is signed (RFC 7515 §5.2 step 8).
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
        let token = str::from_utf8(token).map_err(|_| malformed("it is not text"))?;
        if token.is_empty() {
            return Err(malformed("it is empty"));
        }
        let parts = || malformed("it is not three parts separated by dots (a compact JWS)");
        let (header, rest) = token.split_once('.').ok_or_else(parts)?;
        let (payload, signature) = rest.split_once('.').ok_or_else(parts)?;
        if signature.as_bytes().contains(&b'.') {
            return Err(parts());
        }
        let signed = &token[..header.len() + 1 + payload.len()];
        let decode = |part| {
            base64url::decode(part)
                .ok_or_else(|| malformed("it is not strict base64url (no padding, no whitespace, no stray bits)"))
        };
        let header = parse(&decode(header)?, "its header is not a JSON object")?;
        Ok(Token { signed, header, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// The algorithm is this program's choice and the token has to agree (RFC 8725 §3.1).
    pub(super) fn check_header(&self) -> Result<(), Box<Invalid>> {
        if self.header_member("alg")?.and_then(Json::as_str) != Some("EdDSA") {
            return Err(malformed("its header's \"alg\" is not EdDSA"));
        }
        if let Some(typ) = self.header_member("typ")?
            && typ.as_str() != Some("JWT")
        {
            return Err(malformed("its header's \"typ\" is not JWT"));
        }
        // No extension is understood here, and an empty list is not allowed (RFC 7515 §4.1.11).
        if self.header_member("crit")?.is_some() {
            return Err(malformed("its header has a \"crit\" that is not understood"));
        }
        Ok(())
    }

    /// Any algorithm but `none`: the signature is not looked at anyway.
    pub(super) fn check_header_leniently(&self) -> Result<(), Box<Invalid>> {
        match self.header_member("alg")?.and_then(Json::as_str) {
            Some(alg) if alg != "none" && !self.signature.is_empty() => Ok(()),
            _ => Err(malformed("it is not signed")),
        }
    }

    pub(super) fn check_signature(&self, key: &PublicKey) -> Result<(), Box<Invalid>> {
        let signature = self.signature.as_slice().try_into();
        match signature {
            Ok(signature) if key.verify(self.signed.as_bytes(), signature) => Ok(()),
            _ => Err(Code::SignatureInvalid.because(&["its signature was not made by the key ", &key.did_key()])),
        }
    }

    /// The payload, an object without duplicate members (RFC 7519 §4).
    pub(super) fn payload(&self) -> Result<Json, Box<Invalid>> {
        parse(&self.payload, "its payload is not a JSON object")
    }

    fn header_member(&self, name: &str) -> Result<Option<&Json>, Box<Invalid>> {
        let header = self.header.as_object().map(|header: &Object| header.get(name));
        header.unwrap_or(Ok(None)).map_err(|_| malformed("its header has a member twice"))
    }
}

fn parse(bytes: &[u8], complaint: &str) -> Result<Json, Box<Invalid>> {
    let json = str::from_utf8(bytes)
        .ok()
        .and_then(json::parse)
        .filter(|json| json.as_object().is_some())
        .ok_or_else(|| malformed(complaint))?;
    match json.duplicate() {
        Some(name) => Err(Code::Malformed.because(&["it has the member ", &escaped(name), " twice"])),
        None => Ok(json),
    }
}

fn malformed(sentence: &str) -> Box<Invalid> {
    Code::Malformed.because(&[sentence])
}
