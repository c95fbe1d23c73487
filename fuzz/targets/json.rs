#![no_main]

use capiscio::encoding::json::{Json, MAX_DEPTH, MAX_MEMBERS, parse};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    capiscio_fuzz::json(data);
    if let Ok(text) = str::from_utf8(data) {
        agrees_with_serde_json(text);
    }
});

/// The two accept the same texts, within the limits of ours, and read the same values from them.
fn agrees_with_serde_json(text: &str) {
    match (parse(text), serde_json::from_str::<Value>(text)) {
        (Some(ours), Ok(theirs)) if ours.duplicate().is_none() => assert!(is_same(&ours, &theirs), "{ours:?}"),
        (Some(_), Ok(_)) | (None, Err(_)) => {}
        (None, Ok(theirs)) => assert!(is_too_much(&theirs, MAX_DEPTH) || has_many(text), "refused"),
        // A number like 1e999 is no f64: a float to us, of which no claim is one, and an error there.
        (Some(_), Err(error)) => assert!(error.to_string().starts_with("number out of range"), "accepted: {error}"),
    }
}

fn is_same(ours: &Json, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(one), Value::Bool(other)) => one == other,
        (Json::Unsigned(one), Value::Number(other)) => other.as_u64() == Some(*one),
        (Json::Negative(one), Value::Number(other)) => {
            other.as_i64() == Some(*one) || (*one == 0 && other.as_f64() == Some(0.0))
        }
        (Json::Float, Value::Number(other)) => other.is_f64(),
        (Json::String(one), Value::String(other)) => one == other,
        (Json::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Value::Object(other)) => {
            let pairs = one.members();
            pairs.len() == other.len()
                && pairs.iter().all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => false,
    }
}

fn is_too_much(value: &Value, levels: u8) -> bool {
    let inside = |value| levels == 0 || is_too_much(value, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inside),
        Value::Object(members) => levels == 0 || members.len() > MAX_MEMBERS || members.values().any(inside),
        _ => false,
    }
}

/// JsonObject of one name count each for us, and once for serde_json.
fn has_many(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b':').count() > MAX_MEMBERS
}
