//! Readable times and durations.

use crate::badge::MAX_TIME;
use std::time::{Duration, UNIX_EPOCH};

/// A moment as an IMF-fixdate (RFC 9110 §5.6.7), from Unix seconds; outside 1970 to 9999 the number itself.
pub(crate) fn date(unix: i64) -> String {
    match u64::try_from(unix) {
        // httpdate panics beyond.
        Ok(seconds) if unix <= MAX_TIME => httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)),
        _ => format!("@{unix}"),
    }
}

/// A span in seconds, the way Go writes it without the zeros: `1h30m`, `45s`.
pub(crate) fn span(seconds: i64) -> String {
    let total = seconds.unsigned_abs();
    let mut text = String::from(if seconds < 0 { "-" } else { "" });
    for (value, unit) in [(total / 3600, 'h'), (total / 60 % 60, 'm'), (total % 60, 's')] {
        if value > 0 || (total == 0 && unit == 's') {
            text += &format!("{value}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_readable_and_no_number_is_too_strange_for_it() {
        assert_eq!(date(1_795_451_236), "Mon, 23 Nov 2026 16:27:16 GMT");
        assert_eq!(date(MAX_TIME), "Fri, 31 Dec 9999 23:59:59 GMT");
        for strange in [MAX_TIME + 1, -1, i64::MAX, i64::MIN] {
            assert_eq!(date(strange), format!("@{strange}"));
        }
    }

    #[test]
    fn a_span_leaves_out_what_is_zero() {
        let spans = [0, 45, 600, 5400, 86400, -61, i64::MIN].map(span);
        assert_eq!(spans[..6], ["0s", "45s", "10m", "1h30m", "24h", "-1m1s"]);
    }
}
