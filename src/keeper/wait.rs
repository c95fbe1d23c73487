//! Everything that ends a sleep, in one poll(2).

use super::event::{Event, Sleep};
use super::moment::Moment;
use crate::report::Reporter;
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

    /// Sleeps as decided at `decided`. `file` is readable when the file may have changed. The supervisor's watchdog and
    /// signals for the child do not end the sleep.
    pub(super) fn wait(
        &self,
        sleep: Sleep,
        decided: Moment,
        file: Option<BorrowedFd<'_>>,
        reporter: &mut Reporter,
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
                reporter.supervisor.ping();
            }
            let event = if signaled { self.take_signals(reporter) } else { None };
            match event {
                Some(event) => return Ok(event),
                None if touched => return Ok(Event::FileTouched),
                // The next sleep that waits for this timer arms it anew, which makes it unreadable (timerfd_create(2)).
                None if wall || boot => return Ok(Event::Woke),
                None => {}
            }
        }
    }

    /// Takes all pending signals as one event; a request to stop precedes one to renew.
    fn take_signals(&self, reporter: &mut Reporter) -> Option<Event> {
        let mut event = None;
        while let Some(signal) = self.signals.take() {
            let child = reporter.child.as_ref().filter(|child| child.is_running());
            match meaning(signal, self.signals.hangup_stops, child.is_some()) {
                Meaning::Stop => return Some(Event::StopRequested),
                Meaning::Renew => event = Some(Event::RenewalRequested),
                Meaning::Forward(number) => child.iter().for_each(|child| child.forward(number)),
                Meaning::ChildEnded => {
                    reporter.reap();
                    event.get_or_insert(Event::Woke);
                }
                Meaning::Nothing => {}
            }
        }
        event
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    Stop,
    Renew,
    /// To the child.
    Forward(i32),
    ChildEnded,
    Nothing,
}

/// With a child the keeper ends when that ends. What the kernel sends for a terminal, the child gets as well, except that
/// a hang-up has to end it even where it has no terminal of its own.
fn meaning(Signal { number, from_kernel }: Signal, hangup_stops: bool, has_child: bool) -> Meaning {
    match number {
        libc::SIGCHLD => Meaning::ChildEnded,
        libc::SIGHUP if has_child && (hangup_stops || from_kernel) => Meaning::Forward(libc::SIGTERM),
        libc::SIGHUP if !hangup_stops => Meaning::Renew,
        _ if has_child && from_kernel => Meaning::Nothing,
        _ if has_child => Meaning::Forward(number),
        libc::SIGUSR1 | libc::SIGUSR2 => Meaning::Nothing,
        _ => Meaning::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    fn sent(number: i32) -> Signal {
        Signal { number, from_kernel: false }
    }

    fn typed(number: i32) -> Signal {
        Signal { number, from_kernel: true }
    }

    #[test]
    fn without_a_child_a_signal_stops_or_renews() {
        for hangup_stops in [false, true] {
            for number in [SIGTERM, SIGINT, SIGQUIT] {
                assert_eq!(meaning(sent(number), hangup_stops, false), Meaning::Stop);
                assert_eq!(meaning(typed(number), hangup_stops, false), Meaning::Stop);
            }
        }
        assert_eq!(meaning(sent(SIGHUP), false, false), Meaning::Renew);
        assert_eq!(meaning(sent(SIGHUP), true, false), Meaning::Stop);
        // Before the child has started.
        assert_eq!(meaning(sent(SIGUSR1), false, false), Meaning::Nothing);
    }

    #[test]
    fn a_child_gets_what_a_process_sends_and_not_again_what_was_typed() {
        for number in [SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2] {
            assert_eq!(meaning(sent(number), false, true), Meaning::Forward(number));
        }
        for number in [SIGINT, SIGQUIT] {
            assert_eq!(meaning(typed(number), true, true), Meaning::Nothing);
        }
    }

    #[test]
    fn with_a_child_sighup_renews_and_a_hangup_terminates_it() {
        assert_eq!(meaning(sent(SIGHUP), false, true), Meaning::Renew);
        assert_eq!(meaning(typed(SIGHUP), false, true), Meaning::Forward(SIGTERM));
        assert_eq!(meaning(sent(SIGHUP), true, true), Meaning::Forward(SIGTERM));
    }

    #[test]
    fn the_end_of_a_child_is_never_mistaken_for_a_request() {
        for has_child in [false, true] {
            assert_eq!(meaning(sent(SIGCHLD), true, has_child), Meaning::ChildEnded);
        }
    }
}
