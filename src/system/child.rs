//! Child processes: fork(2), execve(2), wait(2). std's Command costs 44 KB of code, and has no PR_SET_PDEATHSIG.

use super::process::{Inherited, close_on_exec};
use super::{check, filesystem, opened, retry, signals};
use std::env::var_os;
use std::ffi::{CString, OsStr, OsString, c_char};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::null;

/// A program with its arguments.
pub(crate) struct Program {
    /// As it was given.
    pub name: PathBuf,
    arguments: Vec<CString>,
}

/// How a child differs from this process.
#[derive(Clone, Copy)]
pub(crate) enum Surroundings<'a> {
    /// As this process was started: signals, core limit, descriptors, process group.
    Inherited(&'a Inherited),
    /// A process group of its own, signals at their defaults, /dev/null as stdin, stderr also as stdout, no other
    /// descriptor, the core limit of before.
    Own(&'a Inherited),
}

/// A child that was not waited for yet, so its pid is not reused.
pub(crate) struct Process {
    pid: libc::pid_t,
    program: PathBuf,
    /// Holds the errno of execve(2), if that failed.
    failure: File,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Status(u8),
    Signal(u8),
    /// It was not executed.
    NotStarted {
        program: PathBuf,
        error: io::Error,
    },
}

impl Ended {
    /// As env(1) and shells report it.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Ended::Status(status) => *status,
            Ended::Signal(number) => 128 + number,
            Ended::NotStarted { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Ended::NotStarted { .. } => 126,
        }
    }
}

impl Program {
    /// `command` is the program and its arguments; without a slash the program is looked up in `$PATH`.
    pub(crate) fn new(command: &[OsString]) -> Program {
        let name = command.first().map(PathBuf::from).unwrap_or_default();
        Program { name, arguments: command.iter().map(|word| string(word.as_bytes())).collect() }
    }

    /// Starts it with these variables. A failed execve(2) is reported when the child is reaped, because it may take time.
    pub(crate) fn start(&self, surroundings: Surroundings, variables: &[CString]) -> io::Result<Process> {
        let (arguments, variables) = (pointers(&self.arguments), pointers(variables));
        let (failure, mut report) = pipe()?;
        // SAFETY: getpid(2) has no arguments.
        let parent = unsafe { libc::getpid() };
        let pid = fork()?;
        if pid == 0 {
            let error =
                surround(surroundings, parent).map_or_else(|error| error, |()| self.execute(&arguments, &variables));
            let _ = report.write(&error.raw_os_error().unwrap_or_default().to_ne_bytes());
            // SAFETY: _exit(2) takes an integer and runs no code of this process.
            unsafe { libc::_exit(127) };
        }
        if let Surroundings::Own(_) = surroundings {
            // The child does the same: so the group exists in time, whichever of the two runs first.
            // SAFETY: setpgid(2) takes integers.
            unsafe { libc::setpgid(pid, pid) };
        }
        Ok(Process { pid, program: self.name.clone(), failure })
    }

    /// Replaces this process. Unlike execvp(3) of glibc it never starts a shell. Returns only on an error.
    fn execute(&self, arguments: &[*const c_char], variables: &[*const c_char]) -> io::Error {
        let mut failure = io::Error::from_raw_os_error(libc::ENOENT);
        let candidates = candidates(self.name.as_os_str().as_bytes());
        for path in &candidates {
            // SAFETY: the path is a NUL-terminated string, and a null pointer ends both arrays of such strings; all of them
            // outlive the call.
            unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), variables.as_ptr()) };
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR) if candidates.len() > 1 => {}
                Some(libc::EACCES) => failure = error,
                _ => return error,
            }
        }
        failure
    }
}

/// fork(2) as the kernel makes it (clone(2)): fork(3) of musl brings 1.3 KB of code for threads.
fn fork() -> io::Result<libc::pid_t> {
    const NONE: libc::c_ulong = 0;
    // SAFETY: without a stack and without shared memory the child is a copy that goes on here. This program has one thread,
    // so that the child may do all that its parent may; it uses nothing of libc that knows its own thread id.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD as libc::c_ulong, NONE, NONE, NONE, NONE) };
    check(pid as libc::pid_t)
}

/// The files that a name may mean: execvp(3).
fn candidates(name: &[u8]) -> Vec<CString> {
    if name.is_empty() || name.contains(&b'/') {
        return vec![string(name)];
    }
    let path = var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/bin:/usr/bin".into());
    // An empty directory is the working directory.
    let file = |directory: &[u8]| string(&[if directory.is_empty() { b"." } else { directory }, b"/", name].concat());
    path.as_bytes().split(|byte| *byte == b':').map(file).collect()
}

/// In the child: what [`Surroundings`] says, and SIGTERM when its parent ends.
fn surround(surroundings: Surroundings, parent: libc::pid_t) -> io::Result<()> {
    let inherited = match surroundings {
        Surroundings::Inherited(inherited) => inherited,
        Surroundings::Own(inherited) => {
            let null = filesystem::open(Path::new("/dev/null"), libc::O_RDONLY)?;
            // SAFETY: setpgid(2) and dup2(2) take integers; the three streams are open, and a File owns none of them.
            unsafe {
                check(libc::setpgid(0, 0))?;
                check(libc::dup2(null.as_raw_fd(), libc::STDIN_FILENO))?;
                check(libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO))?;
            }
            close_on_exec();
            inherited
        }
    };
    inherited.restore_core_limit();
    // SAFETY: prctl(2), getppid(2) and _exit(2) take integers here.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as libc::c_ulong);
        // The parent may have ended before that.
        if libc::getppid() != parent {
            libc::_exit(1);
        }
    }
    match surroundings {
        Surroundings::Inherited(inherited) => inherited.signals.restore(),
        Surroundings::Own(_) => signals::restore_defaults(),
    }
    Ok(())
}

impl Process {
    /// Sends it a signal.
    pub(crate) fn signal(&self, number: libc::c_int) {
        // SAFETY: kill(2) takes integers; the pid is that of a child that was not waited for.
        unsafe { libc::kill(self.pid, number) };
    }

    /// Sends a signal to its process group, of [`Surroundings::Own`].
    pub(crate) fn signal_group(&self, number: libc::c_int) {
        // SAFETY: as above; its group has the same number.
        unsafe { libc::kill(-self.pid, number) };
    }

    /// How it ended, if it is the one that was reaped.
    pub(crate) fn ended(&self, reaped: &Reaped) -> Option<Ended> {
        let mut errno = [0; size_of::<libc::c_int>()];
        (reaped.pid == self.pid).then(|| match (&self.failure).read(&mut errno) {
            Ok(4) => {
                let error = io::Error::from_raw_os_error(libc::c_int::from_ne_bytes(errno));
                Ended::NotStarted { program: self.program.clone(), error }
            }
            _ if libc::WIFSIGNALED(reaped.status) => Ended::Signal(libc::WTERMSIG(reaped.status) as u8),
            _ => Ended::Status(libc::WEXITSTATUS(reaped.status) as u8),
        })
    }
}

/// A child that has ended and was waited for: one of ours, or one that PID 1 has inherited.
pub(crate) struct Reaped {
    pid: libc::pid_t,
    status: libc::c_int,
}

/// Waits for a child that has ended, if there is one.
pub(crate) fn reap() -> Option<Reaped> {
    let mut status = 0;
    // SAFETY: `status` is writable and outlives the call.
    let pid = retry(|| check(unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) })).ok()?;
    (pid != 0).then_some(Reaped { pid, status })
}

/// A variable of an environment.
pub(crate) fn variable(name: &str, value: &OsStr) -> CString {
    string(&[name.as_bytes(), b"=", value.as_bytes()].concat())
}

/// Nothing that comes from arguments, paths and sentences contains a NUL byte.
fn string(bytes: &[u8]) -> CString {
    CString::new(bytes).unwrap_or_default()
}

/// The two ends of a pipe; neither blocks, and both are closed by execve(2).
fn pipe() -> io::Result<(File, File)> {
    let mut ends = [-1; 2];
    // SAFETY: the array is writable and outlives the call; nothing else owns the new descriptors.
    unsafe {
        check(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK))?;
        Ok((opened(ends[0])?, opened(ends[1])?))
    }
}

/// The array that execve(2) takes; it is valid as long as `strings`.
fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    let mut pointers: Vec<*const c_char> = strings.iter().map(|string| string.as_ptr()).collect();
    pointers.push(null());
    pointers
}
