//! One instant on both clocks.

/// One second in the unit of [`Moment`].
pub(crate) const SECOND: i64 = 1000;

/// The time on two clocks at one instant, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Moment {
    /// Since 1970-01-01T00:00:00Z. The wall clock can be set, forward or backward.
    pub wall: i64,
    /// Since boot, including time in suspend. This clock cannot be set.
    pub boot: i64,
}

impl Moment {
    /// By how much the wall clock was set between `earlier` and now, in milliseconds. Steps below 1 s count as 0:
    /// slewing (adjtime(3)) moves both clocks alike, and reading them takes time.
    pub(crate) fn clock_step_since(self, earlier: Moment) -> i64 {
        let step = self.offset() - earlier.offset();
        if step.abs() < SECOND { 0 } else { step }
    }

    /// Wall minus boot time. It changes only when the wall clock is set.
    pub(crate) fn offset(self) -> i64 {
        self.wall - self.boot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_step_is_a_second_or_more_in_either_direction() {
        let earlier = Moment { wall: 1_000_000, boot: 5_000 };
        for (set_by, step) in [(0, 0), (999, 0), (-999, 0), (1000, 1000), (-1000, -1000), (86_400_000, 86_400_000)] {
            let now = Moment { wall: earlier.wall + 7_000 + set_by, boot: earlier.boot + 7_000 };
            assert_eq!(now.clock_step_since(earlier), step, "set by {set_by} ms");
        }
    }
}
