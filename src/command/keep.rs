//! `capiscio badge keep`

use super::{DONE, FAILED, USAGE, complain};
use crate::keeper::run::{End, run};
use crate::keeper::settings::Settings;
use crate::keeper::tell::Voice;
use crate::report::log::Log;
use crate::report::notify::Supervisor;
use crate::system::{descriptor, signals};
use std::env;
use std::path::PathBuf;

/// Keeps a badge until the process is told to stop.
#[inline(never)]
pub fn keep(mut settings: Settings, warnings: &[String]) -> u8 {
    // Before anything is opened: until then the number can only be one that the supervisor left open.
    let ready = match settings.ready_fd.map(descriptor::inherited).transpose() {
        Ok(ready) => ready,
        Err(error) => {
            complain(&format_args!("--ready-fd names a descriptor that is not open: {error}"));
            return USAGE;
        }
    };
    signals::reap_children();
    let journal = env::var("JOURNAL_STREAM").ok();
    let log = Log::new(settings.json_log, journal.as_deref());
    let voice = Voice::new(log, Supervisor::new(ready, |name| env::var_os(name)));
    for warning in warnings {
        voice.warn(warning);
    }
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let Some(wanted) = settings.output.take() else { return USAGE };
    match run(&settings, wanted, credentials.as_deref(), voice) {
        End::Stopped => DONE,
        End::Failed => FAILED,
        End::Refused => USAGE,
    }
}
