//! What the loop tells: the log's sentences, the supervisor's status line.

use super::event::{Action, Sleep, Why};
use super::machine::Machine;
use super::moment::{Moment, SECOND};
use super::settings::Settings;
use crate::badge::issue::Badge;
use crate::encoding::escaped;
use crate::encoding::json::JsonObject;
use crate::failure::Failure;
use crate::report::log::{Level, Log};
use crate::report::notify::Supervisor;
use crate::report::time::{date, span};
use std::fmt::Display;
use std::path::Path;

/// The keeper's voice.
pub struct Voice {
    log: Log,
    supervisor: Supervisor,
    /// What failed and has not been told yet: the sentence wants the time of the next attempt.
    failure: Option<Failure>,
    /// What failed and is still to be done.
    failing: Option<Failure>,
    waiting: bool,
    started: bool,
}

impl Voice {
    /// A voice that has not said anything.
    pub fn new(log: Log, supervisor: Supervisor) -> Voice {
        Voice { log, supervisor, failure: None, failing: None, waiting: false, started: false }
    }

    /// Milliseconds between two pings that the supervisor wants.
    pub fn watchdog(&self) -> Option<i64> {
        self.supervisor.watchdog
    }

    /// The watchdog is due.
    pub fn ping(&self) {
        self.supervisor.ping();
    }

    /// A renewal was asked for.
    pub fn reloading(&mut self) {
        self.supervisor.reloading();
    }

    /// Something that somebody should know.
    pub fn warn(&self, sentence: &dyn Display) {
        self.log.line(Level::Warning, "warning", sentence, JsonObject::new());
    }

    /// Something that did not work, for good.
    pub fn error(&self, sentence: &dyn Display) {
        self.log.line(Level::Error, "failed", sentence, JsonObject::new());
    }

    /// `--generate-key` had something to do.
    pub fn key_made(&self, path: &Path, did: &str) {
        let sentence = format_args!("made a new private key in {}; its public half is {did}", escaped(path));
        self.log.line(
            Level::Info,
            "key",
            &sentence,
            JsonObject::new().string("key", &escaped(path).to_string()).string("did", did),
        );
    }

    /// The wall clock was set by `step` milliseconds.
    pub fn clock_set(&self, step: i64) {
        let direction = if step < 0 { "back" } else { "forward" };
        let sentence = format_args!("the clock was set {direction} by {}", span((step / SECOND).abs()));
        self.log.line(Level::Warning, "clock", &sentence, JsonObject::new().integer("step", step / SECOND));
    }

    /// A badge stands. The first one is the start.
    pub fn issued(&mut self, settings: &Settings, path: &Path, badge: &Badge, why: Why) {
        let renewal = (badge.exp * SECOND - settings.policy.renew_before).div_euclid(SECOND);
        let facts = JsonObject::new()
            .string("jti", &badge.jti)
            .integer("exp", badge.exp)
            .integer("renewal", renewal)
            .string("sub", &badge.subject)
            .string("iss", &badge.issuer)
            .string("out", &escaped(path).to_string());
        let until = format!("valid until {}, next renewal at {}", date(badge.exp), date(renewal));
        if self.started {
            let reason = match why {
                Why::Start | Why::Due => "",
                Why::Expired => " (the old one had expired)",
                Why::FromTheFuture => " (the clock went back behind the old one's beginning)",
                Why::Asked => " (asked by SIGHUP)",
            };
            let sentence = format_args!("renewed{reason}: badge {} is {until}", badge.jti);
            self.log.line(Level::Info, "renewed", &sentence, facts);
        } else {
            let sentence = format_args!(
                "started: keeps a badge for {} by {} in {}; badge {} is {until}",
                escaped(&badge.subject),
                escaped(&badge.issuer),
                escaped(path),
                badge.jti
            );
            self.log.line(Level::Info, "started", &sentence, facts);
            self.started = true;
        }
        self.supervisor.ready();
    }

    /// The file is not what was written; `seen` says how. `next` is what comes of it: in a fight, a delay.
    pub fn damaged(&self, next: (Machine, Action), path: &Path, seen: &str, now: Moment) {
        let fight = match next {
            (machine, Action::Sleep(Sleep { boot: Some(boot), .. })) if machine.fight() > 0 => format!(
                "; somebody keeps changing the file, so restoring it waits longer each time: next attempt at {}",
                date(now.wall_at(boot).div_euclid(SECOND))
            ),
            _ => String::new(),
        };
        let sentence = format_args!("the badge file {} was changed by somebody else: {seen}{fight}", escaped(path));
        self.log.line(Level::Warning, "damaged", &sentence, about(path));
    }

    /// It is again.
    pub fn restored(&self, path: &Path) {
        let sentence = format_args!("restored the badge in {}", escaped(path));
        self.log.line(Level::Info, "restored", &sentence, about(path));
    }

    /// An attempt failed; the line is written once the time of the next one is known.
    pub fn failed(&mut self, failure: Failure) {
        self.gave_up();
        self.failure = Some(failure);
    }

    /// What failed is told without a next attempt: the keeper ends, or something else has failed since.
    pub fn gave_up(&mut self) {
        if let Some(failure) = self.failure.take() {
            self.error(&failure);
        }
    }

    /// Before each sleep: what failed, when the next attempt is, and the status line.
    pub fn sleeping(&mut self, machine: &Machine, now: Moment) {
        if machine.waits_for_clock(now) {
            let sentence =
                "waiting for the clock: it is before 2025 and cannot be right; a badge is issued the moment it is set";
            if !self.waiting {
                self.log.line(Level::Warning, "waiting", &sentence, JsonObject::new());
            }
            self.waiting = true;
            self.supervisor.status(sentence);
            self.supervisor.reloaded();
            return;
        }
        self.waiting = false;
        let attempt = machine.next_attempt(now).map(|boot| now.wall_at(boot).div_euclid(SECOND));
        let next = attempt.map_or(String::new(), |at| format!("; next attempt at {}", date(at)));
        if let Some(failure) = self.failure.take() {
            let facts = attempt.map_or(JsonObject::new(), |at| JsonObject::new().integer("next_attempt", at));
            self.log.line(Level::Error, "failed", &format_args!("{failure}{next}"), facts);
            self.failing = Some(failure);
        }
        self.failing = self.failing.take().filter(|_| attempt.is_some());
        self.supervisor.reloaded();
        let until = |moment: Option<i64>| date(moment.unwrap_or_default().div_euclid(SECOND));
        let end = until(machine.expiry());
        let status = match &self.failing {
            Some(failure) if machine.has_good_badge(now) => format!("{failure}{next}; the badge is valid until {end}"),
            Some(failure) => format!("{failure}{next}; the badge is not valid now"),
            None => format!("valid until {end}, next renewal at {}", until(machine.renewal())),
        };
        self.supervisor.status(&status);
    }

    /// The end, as asked.
    pub fn stopped(&mut self, path: &Path) {
        self.gave_up();
        self.supervisor.stopping();
        // Who never had a set clock never had a badge.
        let what = if self.started { "the badge stays in" } else { "no badge was written to" };
        let sentence = format_args!("stopped as asked; {what} {}", escaped(path));
        self.log.line(Level::Info, "stopped", &sentence, about(path));
    }
}

/// The badge file, as a member of a log line.
fn about(path: &Path) -> JsonObject {
    JsonObject::new().string("out", &escaped(path).to_string())
}
