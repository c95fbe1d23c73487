#![no_main]

use capiscio::encoding::json::{Json, MAX_DEPTH, MAX_MEMBERS, parse};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    capiscio_fuzz::json(data);
    if let Ok(text) = str::from_utf8(data) {
        assert_agrees_with_serde_json(text);
    }
});

/// Both parsers accept the same texts, within our limits, and read the same values.
fn assert_agrees_with_serde_json(text: &str) {
    match (parse(text), serde_json::from_str::<Value>(text)) {
        (Some(ours), Ok(theirs)) if ours.duplicate().is_none() => assert!(is_same(&ours, &theirs), "{ours:?}"),
        (Some(_), Ok(_)) | (None, Err(_)) => {}
        (None, Ok(theirs)) => assert!(exceeds_limits(&theirs, MAX_DEPTH) || may_exceed_members(text), "refused"),
        // serde_json refuses a number that is not a finite f64, like 1e999. Ours reads a float, which no claim accepts.
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
            let members = one.members();
            members.len() == other.len()
                && members.iter().all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => false,
    }
}

fn exceeds_limits(value: &Value, levels: u8) -> bool {
    let inner_exceeds = |value| levels == 0 || exceeds_limits(value, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inner_exceeds),
        Value::Object(members) => levels == 0 || members.len() > MAX_MEMBERS || members.values().any(inner_exceeds),
        _ => false,
    }
}

/// MAX_MEMBERS counts duplicate members, which serde_json merges.
fn may_exceed_members(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b':').count() > MAX_MEMBERS
}
