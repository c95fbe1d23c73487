//! The numbers that a keeper lives by: what the person asked for, and what never changes.

use super::moment::{Moment, SECOND};

/// Before this moment, 2025-01-01T00:00:00Z, a clock cannot be right and nothing is signed. Unix seconds.
pub const CLOCK_FLOOR: i64 = 1_735_689_600;

/// The longest wait between two attempts, in milliseconds.
pub const LONGEST_RETRY: i64 = 60 * SECOND;

/// So many restores follow each other at once; a writer who undoes more of them within a minute each meets a
/// growing delay.
pub const FREE_RESTORES: u32 = 32;

/// So many touches, each within a second of the one before, are looked at at once; then the ear is closed for
/// a second, so that nobody who touches the file all day keeps the keeper awake.
pub const FREE_TOUCHES: u32 = 32;

/// What the person asked for, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// How long a badge is good for, in whole seconds, at least 1.
    pub lifetime: i64,
    /// How long before its end a badge is replaced, in milliseconds; at least a second less than the lifetime.
    pub renew_before: i64,
    /// How often the file is looked at where the kernel does not tell of changes, in milliseconds, at least 1.
    pub look_every: i64,
    /// Look that often also where the kernel does tell.
    pub look_always: bool,
}

/// Failures in a row, and when the next attempt is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Retry {
    pub failures: u32,
    /// Boot time, milliseconds.
    pub not_before: i64,
}

impl Retry {
    /// 1 s, 2 s, 4 s ..., at most a minute, at most a tenth of renew-before, never under a second.
    pub fn fail(&mut self, policy: Policy, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        let bound = LONGEST_RETRY.min(policy.renew_before / 10).max(SECOND);
        self.not_before = now.boot + doubling(self.failures).min(bound);
    }
}

/// 1 s for the first, doubled for each further one; in milliseconds.
pub(super) fn doubling(nth: u32) -> i64 {
    SECOND << (nth - 1).min(16)
}
