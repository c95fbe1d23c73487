//! Durations as Go writes and reads them (time.ParseDuration): `1h30m`, `1.5h`, `500ms`.

const MALFORMED: &str = "is not a duration; write 90s, 10m or 1h30m";
const NO_UNIT: &str = "lacks a unit; write 90s, 10m or 1h";
const NEGATIVE: &str = "is negative";
const TOO_LONG: &str = "is too long; the longest duration is 2562047h";

/// Nanoseconds, 0 to `i64::MAX`, where Go's durations end; or the end of a sentence that says what is wrong.
pub fn parse(text: &str) -> Result<u64, &'static str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let total = if unsigned == "0" { 0 } else { sum(unsigned)? };
    if text.starts_with('-') && total > 0 {
        return Err(NEGATIVE);
    }
    if total > i64::MAX as u64 { Err(TOO_LONG) } else { Ok(total) }
}

/// Saturates: what is too long for a `u64` is too long for a duration, too.
fn sum(mut rest: &str) -> Result<u64, &'static str> {
    let mut total: u64 = 0;
    loop {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(MALFORMED);
        }
        let (name, after) = after.split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let unit = match name {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(NO_UNIT),
            _ => return Err(MALFORMED),
        };
        let append = |number: u64, digit: u8| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        let whole = whole.bytes().fold(0, append);
        // From the last digit on, each step is divided by ten; the remainders that are cut never add up to 1 ns.
        let fraction = fraction.bytes().rev().fold(0, |less, digit| (u64::from(digit - b'0') * unit + less) / 10);
        total = total.saturating_add(unit.saturating_mul(whole)).saturating_add(fraction);
        if after.is_empty() {
            return Ok(total);
        }
        rest = after;
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn reads_durations_as_go_does() {
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
    fn refuses_a_malformed_duration_with_its_reason() {
        let known = [
            ("", MALFORMED),
            ("-", MALFORMED),
            ("h", MALFORMED),
            (".", MALFORMED),
            (".s", MALFORMED),
            ("1x", MALFORMED),
            ("1 h", MALFORMED),
            ("1d", MALFORMED),
            ("1h-30m", MALFORMED),
            ("--1h", MALFORMED),
            ("60", NO_UNIT),
            ("1h30", NO_UNIT),
            ("-1s", NEGATIVE),
            ("9223372036854775808ns", TOO_LONG),
            ("99999999999999999999h", TOO_LONG),
            ("2562048h", TOO_LONG),
        ];
        for (text, wrong) in known {
            assert_eq!(parse(text), Err(wrong), "{text}");
        }
    }
}
