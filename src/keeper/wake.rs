//! Everything that can end a sleep, in one poll(2).

use super::event::Sleep;
use super::machine::Machine;
use super::moment::Moment;
use crate::system::clock;
use crate::system::descriptor::stderr;
use crate::system::poll::readable;
use crate::system::signals::{Signal, Signals};
use crate::system::timer::Timer;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};

/// What ended a sleep.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Somebody wants the keeper to end.
    Stop,
    /// Somebody wants a new badge now.
    RenewalAsked,
    /// The file or its directory was touched.
    Touched,
    /// A moment has come, the clock was set, or the machine was resumed.
    Time,
}

/// The clocks, the signals and the watchdog's drum.
pub struct Wakes {
    signals: Signals,
    wall: Timer,
    boot: Timer,
    watchdog: Option<Timer>,
}

/// What the clocks say now.
pub fn now() -> Moment {
    Moment { wall: clock::wall(), boot: clock::boot() }
}

impl Wakes {
    /// `watchdog` is the time between two pings in milliseconds, if somebody wants them.
    pub fn open(watchdog: Option<i64>) -> io::Result<Wakes> {
        let drum = match watchdog {
            None => None,
            Some(period) => {
                let timer = Timer::boot()?;
                timer.arm_every(clock::boot() + period, period)?;
                Some(timer)
            }
        };
        Ok(Wakes { signals: Signals::open()?, wall: Timer::wall()?, boot: Timer::boot()?, watchdog: drum })
    }

    /// What was asked by signal since the last time.
    pub fn asked(&self) -> Option<Wake> {
        let mut asked = None;
        while let Some(signal) = self.signals.next() {
            match signal {
                Signal::Stop => return Some(Wake::Stop),
                // The terminal is gone: whoever started the keeper by hand has left.
                Signal::Hangup if stderr().is_terminal() => return Some(Wake::Stop),
                Signal::Hangup => asked = Some(Wake::RenewalAsked),
            }
        }
        asked
    }

    /// Sleeps as the machine says. `file` is readable when the file may have changed; `ping` is called when the
    /// watchdog is due, which wakes nobody else.
    pub fn sleep(
        &self,
        machine: &Machine,
        sleep: Sleep,
        file: Option<BorrowedFd<'_>>,
        ping: impl Fn(),
    ) -> io::Result<Wake> {
        arm(&self.wall, sleep.wall)?;
        arm(&self.boot, sleep.boot)?;
        // The clock may have been set between the decision and the arming, which no timer would tell of.
        if machine.clock_step(now()) != 0 {
            return Ok(Wake::Time);
        }
        let file = file.filter(|_| !sleep.deaf);
        loop {
            let [signal, wall, boot, touched, drum] = readable([
                Some(self.signals.as_fd()),
                Some(self.wall.as_fd()),
                Some(self.boot.as_fd()),
                file,
                self.watchdog.as_ref().map(AsFd::as_fd),
            ])?;
            if drum && let Some(timer) = &self.watchdog {
                timer.drain();
                ping();
            }
            for (fired, timer) in [(wall, &self.wall), (boot, &self.boot)] {
                if fired {
                    timer.drain();
                }
            }
            if signal && let Some(asked) = self.asked() {
                return Ok(asked);
            }
            if touched {
                return Ok(Wake::Touched);
            }
            if wall || boot {
                return Ok(Wake::Time);
            }
        }
    }
}

fn arm(timer: &Timer, at: Option<i64>) -> io::Result<()> {
    match at {
        Some(at) => timer.arm(at),
        None => timer.disarm(),
    }
}
