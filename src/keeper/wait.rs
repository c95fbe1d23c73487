//! Everything that ends a sleep, in one poll(2).

use super::event::{Event, Sleep};
use super::moment::Moment;
use crate::system::clock;
use crate::system::descriptor::readable;
use crate::system::signals::{Signal, Signals};
use crate::system::timer::Timer;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Both clocks, the signals and the watchdog timer.
pub(super) struct EventSources {
    signals: Signals,
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
        let watchdog = watchdog_period.map(|_| Timer::boot()).transpose()?;
        if let (Some(timer), Some(period)) = (&watchdog, watchdog_period) {
            timer.arm_every(clock::boot() + period, period)?;
        }
        Ok(EventSources { signals: Signals::open(hangup_stops)?, wall: Timer::wall()?, boot: Timer::boot()?, watchdog })
    }

    /// Whether a signal that ends the keeper is pending. No signal is consumed.
    pub(super) fn stop_is_pending(&self) -> bool {
        self.signals.stop_is_pending()
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
        self.wall.arm(sleep.wall)?;
        self.boot.arm(sleep.boot)?;
        // No timer reports that the clock was set between the decision and the arming.
        if now().clock_step_since(decided) != 0 {
            return Ok(Event::Woke);
        }
        let file = file.filter(|_| !sleep.ignore_file_events);
        loop {
            let [signal, wall, boot, touched, watchdog] = readable([
                Some(self.signals.as_fd()),
                Some(self.wall.as_fd()),
                Some(self.boot.as_fd()),
                file,
                self.watchdog.as_ref().map(AsFd::as_fd),
            ])?;
            if let Some(timer) = self.watchdog.as_ref().filter(|_| watchdog) {
                timer.drain();
                ping();
            }
            if signal && let Some(event) = self.read_signals() {
                return Ok(event);
            }
            if touched {
                return Ok(Event::FileTouched);
            }
            // The next sleep arms both timers anew, which makes them unreadable (timerfd_create(2)).
            if wall || boot {
                return Ok(Event::Woke);
            }
        }
    }

    /// All pending signals as one event; a request to stop precedes one to renew.
    fn read_signals(&self) -> Option<Event> {
        let mut event = None;
        while let Some(signal) = self.signals.next() {
            match signal {
                Signal::Stop => return Some(Event::StopRequested),
                Signal::Renew => event = Some(Event::RenewalRequested),
            }
        }
        event
    }
}
