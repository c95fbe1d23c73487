//! Durations as Go writes and reads them (time.ParseDuration): `1h30m`, `1.5h`, `500ms`.

/// What is wrong with a duration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is no duration at all.
    Malformed,
    /// A number without a unit.
    NoUnit,
    /// Below zero.
    Negative,
    /// More than 2562047h47m16.854775807s, where Go's end.
    TooLong,
}

impl Wrong {
    /// The half sentence that follows the flag and the value.
    pub fn sentence(self) -> &'static str {
        match self {
            Wrong::Malformed => "is no duration; durations look like 90s, 10m, 1h30m or 1.5h",
            Wrong::NoUnit => "lacks a unit; write 90s, 10m or 1h",
            Wrong::Negative => "is negative",
            Wrong::TooLong => "is too long; the longest duration is 2562047h",
        }
    }
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds, 0 to `i64::MAX`.
pub fn parse(text: &str) -> Result<u64, Wrong> {
    let (negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let total = if text == "0" { 0 } else { sum(text)? };
    if negative && total > 0 {
        return Err(Wrong::Negative);
    }
    i64::try_from(total).map_err(|_| Wrong::TooLong)?;
    Ok(total)
}

fn sum(text: &str) -> Result<u64, Wrong> {
    let mut rest = text;
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(Wrong::Malformed);
    }
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(Wrong::Malformed);
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if name.is_empty() {
            return Err(Wrong::NoUnit);
        }
        let unit = UNITS.iter().find(|unit| unit.0 == name).ok_or(Wrong::Malformed)?.1;
        let whole = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| Wrong::TooLong)? };
        total = unit.checked_mul(whole).and_then(|n| n.checked_add(total)).ok_or(Wrong::TooLong)?;
        total = total.checked_add(part(fraction, unit)).ok_or(Wrong::TooLong)?;
        rest = after;
    }
    Ok(total)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.fraction` of a unit, in nanoseconds; what is below a nanosecond is cut off.
fn part(fraction: &str, unit: u64) -> u64 {
    // From the last digit on, a tenth of each: what is cut off along the way could never make a whole one.
    fraction.bytes().rev().fold(0, |less, digit| (u64::from(digit - b'0') * unit + less) / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let known = [
            ("1h", 3600 * SECOND),
            ("90s", 90 * SECOND),
            ("1h30m", 5400 * SECOND),
            ("1.5h", 5400 * SECOND),
            ("500ms", SECOND / 2),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("1us", 1000),
            ("1\u{b5}s1\u{3bc}s", 2000),
            ("2h45m30.5s", 9930 * SECOND + SECOND / 2),
            ("+5m", 300 * SECOND),
            ("0", 0),
            ("-0", 0),
            ("0s", 0),
            ("9223372036854775807ns", i64::MAX as u64),
            ("2562047h47m16.854775807s", i64::MAX as u64),
            ("0.000000001s", 1),
            ("0.3s", 3 * SECOND / 10),
        ];
        for (text, nanoseconds) in known {
            assert_eq!(parse(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_its_reason() {
        let known = [
            ("", Wrong::Malformed),
            ("-", Wrong::Malformed),
            ("h", Wrong::Malformed),
            (".", Wrong::Malformed),
            (".s", Wrong::Malformed),
            ("1x", Wrong::Malformed),
            ("1 h", Wrong::Malformed),
            ("1d", Wrong::Malformed),
            ("1h-30m", Wrong::Malformed),
            ("--1h", Wrong::Malformed),
            ("60", Wrong::NoUnit),
            ("1h30", Wrong::NoUnit),
            ("-1s", Wrong::Negative),
            ("9223372036854775808ns", Wrong::TooLong),
            ("99999999999999999999h", Wrong::TooLong),
            ("2562048h", Wrong::TooLong),
        ];
        for (text, wrong) in known {
            assert_eq!(parse(text), Err(wrong), "{text}");
        }
    }
}
