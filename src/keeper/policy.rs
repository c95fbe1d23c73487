//! The numbers behind the machine's decisions: what the user configures, and what is fixed.

use super::moment::{Moment, SECOND};
pub use crate::badge::CLOCK_FLOOR;

/// The longest time between two attempts, in milliseconds.
pub const MAX_RETRY: i64 = 60 * SECOND;

/// This many restores follow each other without delay. Each further one that is undone within a minute doubles the delay
/// of the next.
pub const RESTORE_BURST: u32 = 32;

/// After this many file events less than 1 s apart, file events are ignored for 1 s: a process that touches the file all
/// day must not keep the keeper awake.
pub const EVENT_BURST: u32 = 32;

/// What the user configures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// How long a badge is valid: seconds, at least 1.
    pub lifetime: i64,
    /// How long before its end a badge is renewed: milliseconds, at least 1 s less than the lifetime.
    pub renew_before: i64,
    /// How often an unwatched file is compared: milliseconds, at least 1.
    pub poll_interval: i64,
    /// Poll a watched file, too.
    pub poll_always: bool,
}

/// When a failed operation is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Backoff {
    /// Failures since the last success.
    pub failures: u32,
    /// Boot time in milliseconds.
    pub not_before: i64,
}

impl Backoff {
    /// After a failure: 1 s, 2 s, 4 s ..., at most a minute and a tenth of renew-before, at least 1 s.
    pub(super) fn fail(&mut self, policy: Policy, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        let max = MAX_RETRY.min(policy.renew_before / 10).max(SECOND);
        self.not_before = now.boot + exponential(self.failures).min(max);
    }
}

/// 1 s for the first attempt, doubled for each further one; in milliseconds.
pub(super) fn exponential(attempt: u32) -> i64 {
    SECOND << attempt.saturating_sub(1).min(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_at_most_a_tenth_of_renew_before_and_a_minute() {
        let now = Moment { wall: 0, boot: 5 * SECOND };
        for (renew_before, longest) in [(1, 1), (10, 1), (50, 5), (160, 16), (600, 60), (601, 60), (86_400, 60)] {
            let policy = Policy { renew_before: renew_before * SECOND, ..Policy::default() };
            let mut backoff = Backoff::default();
            let waits: Vec<i64> = std::iter::repeat_with(|| {
                backoff.fail(policy, now);
                (backoff.not_before - now.boot) / SECOND
            })
            .take(20)
            .collect();
            let expected: Vec<i64> = (0..20).map(|attempt| (1 << attempt).min(longest)).collect();
            assert_eq!(waits, expected, "renew-before {renew_before} s");
            assert_eq!(backoff.failures, 20);
        }
    }
}
