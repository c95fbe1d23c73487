//! One instant, seen on both clocks.

/// A second in the unit of [`Moment`].
pub const SECOND: i64 = 1000;

/// What the two clocks say at one instant, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Since 1970-01-01T00:00:00Z, as the wall clock has it: somebody may set it, forward or backward.
    pub wall: i64,
    /// Since boot, suspended time included: nobody sets it.
    pub boot: i64,
}

impl Moment {
    /// The distance between the clocks. It changes when the wall clock is set, and only then (slewing moves both).
    pub fn offset(self) -> i64 {
        self.wall - self.boot
    }

    /// The wall time at which the boot clock will say `boot`, if nobody sets the clock.
    pub fn wall_at(self, boot: i64) -> i64 {
        boot.saturating_add(self.offset())
    }
}
