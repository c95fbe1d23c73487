//! The health verdict at its boundaries. That it refuses what verification refuses is checked by each call of `verify`.

use super::*;

const CLOCK_FLOOR: i64 = 1_735_689_600;

fn health(token: &str, min_remaining: i64, now: i64) -> State {
    let [lenient, strict] = [None, Some(issuer().public())].map(|key| read(token.as_bytes(), key).ok().unwrap());
    let (state, message) = assess(&strict, min_remaining, now);
    assert_eq!(assess(&lenient, min_remaining, now), (state, message), "the key does not change what the times say");
    state
}

#[test]
fn a_badge_expires_exactly_at_exp() {
    let token = badge(&[]);
    assert_eq!(health(&token, 0, NOW + 299), HEALTHY);
    assert_eq!(health(&token, 0, NOW + 300), CRITICAL);
    assert_eq!(health(&token, 0, i64::MAX), CRITICAL);
}

#[test]
fn less_than_the_minimum_is_a_warning_and_exactly_the_minimum_is_not() {
    let token = badge(&[]);
    assert_eq!(health(&token, 300, NOW), HEALTHY);
    assert_eq!(health(&token, 301, NOW), WARNING);
    assert_eq!(health(&token, 1, NOW + 299), HEALTHY);
    assert_eq!(health(&token, 2, NOW + 299), WARNING);
    assert_eq!(health(&token, i64::MAX, NOW), WARNING);
}

#[test]
fn a_badge_may_begin_a_minute_in_the_future() {
    for name in ["iat", "nbf"] {
        let begins = |ahead: i64| badge(&[(name, &(NOW + ahead).to_string())]);
        assert_eq!(health(&begins(60), 0, NOW), HEALTHY, "{name}");
        assert_eq!(health(&begins(61), 0, NOW), CRITICAL, "{name}");
    }
}

#[test]
fn no_badge_is_usable_before_the_clock_is_set() {
    let token = badge(&[("iat", "0"), ("exp", "253402300799")]);
    assert_eq!(health(&token, 0, CLOCK_FLOOR), HEALTHY);
    for now in [CLOCK_FLOOR - 1, 0, -1, i64::MIN] {
        assert_eq!(health(&token, 0, now), CRITICAL);
    }
    let without_iat = badge(&[("iat", "")]);
    let (state, message) = assess(&read(without_iat.as_bytes(), None).ok().unwrap(), 0, 0);
    assert_eq!((state, &*message), (CRITICAL, "Clock not set: it is before 2025; set the clock"));
}
