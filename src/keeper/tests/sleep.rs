//! One sleep, with the clocks and descriptors of this machine.

use crate::keeper::event::{Event, Sleep};
use crate::keeper::moment::{Moment, SECOND};
use crate::keeper::wait::{EventSources, now};
use crate::report::log::Log;
use crate::report::{Reporter, Supervisor};
use crate::system::process::deny_inspection;
use crate::system::signals;
use std::io::Write;
use std::os::fd::AsFd;

/// No timer reports such a clock step. A readable file ends the sleep otherwise, and in another way.
#[test]
fn does_not_sleep_if_the_clock_was_set_since_the_decision() {
    let sources = EventSources::open(None, false).unwrap();
    let inherited = deny_inspection(signals::block());
    let mut reporter = Reporter::new(Log::new(false), Supervisor::default(), String::new(), inherited);
    let (file, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"x").unwrap();
    let sleep = Sleep { wall: None, boot: None, ignore_file_events: false };
    for (step, is_noticed) in [(0, false), (-10 * SECOND, true), (10 * SECOND, true)] {
        let decided = Moment { wall: now().wall - step, ..now() };
        let event = sources.wait(sleep, decided, Some(file.as_fd()), &mut reporter).unwrap();
        let woke = matches!(event, Event::Woke);
        assert!(woke == is_noticed && (woke || matches!(event, Event::FileTouched)), "{step} ms: {event:?}");
    }
}
