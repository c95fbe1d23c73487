//! Everything that ends a sleep, in one poll(2).

use super::event::{Event, Sleep};
use super::moment::Moment;
use crate::system::clock;
use crate::system::descriptor::readable;
use crate::system::signals::{Signal, Signals};
use crate::system::timer::Timer;
use std::io;
use std::os::fd::BorrowedFd;

/// Both clocks, the signals and the watchdog timer.
pub(super) struct EventSources {
    pub signals: Signals,
    wall: Timer,
    boot: Timer,
    watchdog: Option<Timer>,
}

pub(super) fn now() -> Moment {
    Moment { wall: clock::wall(), boot: clock::boot() }
}

impl EventSources {
    /// `watchdog_period` is the time between two watchdog pings in milliseconds; `hangup_stops`: SIGHUP means that the
    /// terminal was closed.
    pub(super) fn open(watchdog_period: Option<i64>, hangup_stops: bool) -> io::Result<EventSources> {
        let watchdog = watchdog_period.map(|_| Timer::open(libc::CLOCK_BOOTTIME)).transpose()?;
        if let (Some(timer), Some(period)) = (&watchdog, watchdog_period) {
            timer.arm(clock::boot() + period, period)?;
        }
        let (wall, boot) = (Timer::open(libc::CLOCK_REALTIME)?, Timer::open(libc::CLOCK_BOOTTIME)?);
        Ok(EventSources { signals: Signals::open(hangup_stops)?, wall, boot, watchdog })
    }

    /// Sleeps as decided at `decided`. `file` is readable when the file may have changed; `ping` is called when the
    /// watchdog timer fires, which does not end the sleep.
    pub(super) fn wait(
        &self,
        sleep: Sleep,
        decided: Moment,
        file: Option<BorrowedFd<'_>>,
        ping: impl Fn(),
    ) -> io::Result<Event> {
        sleep.wall.map_or(Ok(()), |at| self.wall.arm(at, 0))?;
        sleep.boot.map_or(Ok(()), |at| self.boot.arm(at, 0))?;
        // No timer reports that the clock was set between the decision and the arming.
        if now().clock_step_since(decided) != 0 {
            return Ok(Event::Woke);
        }
        let file = file.filter(|_| !sleep.ignore_file_events);
        // The other timers may still be armed from an earlier sleep, and are not waited for.
        let (wall, boot) = (sleep.wall.map(|_| self.wall.fd()), sleep.boot.map(|_| self.boot.fd()));
        let signals = Some(self.signals.fd());
        let watchdog = self.watchdog.as_ref().map(Timer::fd);
        loop {
            let [signaled, wall, boot, touched, ping_due] = readable([signals, wall, boot, file, watchdog])?;
            if let Some(timer) = self.watchdog.as_ref().filter(|_| ping_due) {
                timer.drain();
                ping();
            }
            let signal = if signaled { self.signals.take() } else { None };
            match signal {
                Some(Signal::Stop) => return Ok(Event::StopRequested),
                Some(Signal::Renew) => return Ok(Event::RenewalRequested),
                None if touched => return Ok(Event::FileTouched),
                // The next sleep that waits for this timer arms it anew, which makes it unreadable (timerfd_create(2)).
                None if wall || boot => return Ok(Event::Woke),
                None => {}
            }
        }
    }
}
