//! `capiscio badge keep`

use crate::badge::claims::Issuance;
use crate::cli::KeepOptions;
use crate::encoding::{escaped, shell_word};
use crate::error::{Error, absolute};
use crate::file::{FileError, OutputFile, Reason, Target, remove_temporaries};
use crate::keeper::{Settings, first_key, read_existing_key, run};
use crate::key::PrivateKey;
use crate::keystore::{is_credential, is_exposed};
use crate::report::log::Log;
use crate::report::{Child, Hook, Metrics, Notice, PidFile, Reporter, Supervisor, not_synced};
use crate::system::descriptor::inherited;
use crate::system::process::Inherited;
use crate::system::{process, seccomp, signals};
use std::env;
use std::path::{Path, PathBuf};

/// Keeps the badge file current until a signal ends the process, or its child ends, and returns the exit status.
#[inline(never)]
pub(super) fn keep(settings: &Settings, options: &KeepOptions, warnings: &[String], mut found: Inherited) -> u8 {
    let has_child = !options.command.is_empty();
    if has_child {
        found.signals.note_dispositions();
    } else {
        process::close_on_exec();
    }
    let has_programs = has_child || options.hook.is_some();
    if !has_programs {
        // Programs that it starts would inherit both.
        process::gain_no_privileges();
        seccomp::restrict_calls(options.pid_file.is_some());
    }
    // Before this process opens anything: so the number can only be a descriptor that the supervisor left open.
    let (ready_fd, started) = match options.ready_fd.map(inherited).transpose() {
        Ok(file) => (file, Ok(())),
        Err(error) => (None, Err(Error::ReadyFd(error))),
    };
    let supervisor = Supervisor::new(ready_fd);
    let log = Log::new(options.json_log);
    let has_terminal = log.has_terminal;
    signals::ignore_job_control(has_terminal);
    if has_programs {
        signals::expect_children(has_child);
    }
    let mut reporter = Reporter::new(log, supervisor, escaped(&options.output.path).to_string(), found);
    for warning in warnings {
        reporter.tell(&[Notice::Warning(warning)]);
    }
    let exit = started
        .and_then(|()| start(settings, options, &mut reporter))
        .and_then(|(output, key)| run(settings, key, output, &mut reporter, has_terminal));
    exit.unwrap_or_else(|error| {
        reporter.tell(&[Notice::Failed { error: &error, next_attempt: None }]);
        error.exit_code()
    })
}

/// Everything that comes before the first badge, which may have to wait for the clock.
// Not inlined, so that its locals do not stay on the stack of the keeper.
#[inline(never)]
fn start(
    settings: &Settings,
    options: &KeepOptions,
    reporter: &mut Reporter,
) -> Result<(OutputFile, PrivateKey), Error> {
    let path = settings.key.path();
    let existing = read_existing_key(settings)?;
    let output = OutputFile::open(options.output.clone(), path).map_err(Error::WriteBadge)?;
    let metrics_file =
        options.metrics_file.as_deref().map(|file| metrics_target(file, &output, path, options)).transpose()?;
    let first = first_key(settings, existing)?;
    let out = absolute(output.path());
    reporter.out = escaped(&out).to_string();
    if let Some(target) = metrics_file {
        let subject = match &settings.identity.issuance {
            Issuance::Registry { subject, .. } => subject,
            Issuance::SelfSigned => &first.key.public().did_key(),
        };
        reporter.metrics = Some(Metrics::new(target, &out, subject, options.hook.is_some()));
    }
    reporter.hook = options.hook.as_deref().map(|hook| Hook::new(absolute(hook), &out));
    reporter.pid_file = options.pid_file.as_ref().map(|(file, signal)| PidFile::new(absolute(file), *signal));
    let command = Some(&options.command).filter(|command| !command.is_empty());
    reporter.child = command.map(|command| Child::new(command, options.command_signal, &out));
    let started = (output, first.key);
    let Some(path) = &path.map(absolute) else { return Ok(started) };
    if first.is_new {
        reporter.tell(&[Notice::KeyGenerated { path, did: &started.1.public().did_key() }]);
    }
    if let Some(error) = first.sync_error {
        reporter.tell(&[Notice::Warning(&not_synced(&escaped(path), &error))]);
    }
    let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    reporter.key_is_credential = is_credential(path, credentials.as_deref());
    if let Some(mode) = first.mode.filter(|mode| is_exposed(path, *mode, credentials.as_deref())) {
        let (key, word) = (escaped(path), shell_word(path));
        let warning = format!("other users can read the key {key} (mode {mode:04o}): chmod 600 {word}");
        reporter.tell(&[Notice::Warning(&warning)]);
    }
    Ok(started)
}

/// The metrics file by the rules of the badge file; another file than that, its lock file, the key, hook and pid file.
// Not inlined: the file is smaller.
#[inline(never)]
fn metrics_target(
    file: &Path,
    output: &OutputFile,
    key: Option<&Path>,
    options: &KeepOptions,
) -> Result<Target, Error> {
    let target = Target::resolve(file).map_err(Error::WriteMetrics)?;
    let pid_file = options.pid_file.as_ref().map(|(file, _)| file);
    let is_input = options.hook.iter().chain(pid_file).any(|input| target.is_same_file(input));
    let reason = match key {
        _ if is_input || output.is_same_file(target.path()) => Reason::SameFile,
        Some(key) if target.is_same_file(key) || target.reserves(key) => Reason::HoldsSecret,
        _ => {
            remove_temporaries(&target);
            return Ok(target);
        }
    };
    Err(Error::WriteMetrics(FileError::new(target.path(), reason)))
}
