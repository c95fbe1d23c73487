//! What other processes may do with this one, and what this one may pass on.

use super::{check, opened, signals};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};

/// What this process was started with, as far as it changes that.
pub(crate) struct Inherited {
    pub signals: signals::Inherited,
    /// The soft core limit (RLIMIT_CORE).
    core: libc::rlim_t,
}

impl Inherited {
    /// In a child.
    pub(super) fn restore_core_limit(&self) {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is a writable rlimit that outlives the call.
        unsafe { libc::prlimit(0, libc::RLIMIT_CORE, null(), &raw mut limit) };
        limit.rlim_cur = self.core;
        limit_core(limit);
    }
}

/// Denies other processes of the same user its memory: no core dump, no ptrace(2), no /proc/PID/mem (PR_SET_DUMPABLE,
/// prctl(2)). Only the soft core limit is 0, so that a child can have it raised again.
pub(crate) fn deny_inspection(signals: signals::Inherited) -> Inherited {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: prctl takes integers here, and `limit` is a writable rlimit that outlives the calls.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0 as libc::c_ulong);
        // musl's setrlimit(3) brings 1 KB of code for old kernels and threads.
        libc::prlimit(0, libc::RLIMIT_CORE, null(), &raw mut limit);
    }
    let inherited = Inherited { signals, core: limit.rlim_cur };
    limit.rlim_cur = 0;
    limit_core(limit);
    inherited
}

fn limit_core(limit: libc::rlimit) {
    // SAFETY: `limit` outlives the call, and a null pointer for the old one is allowed.
    unsafe { libc::prlimit(0, libc::RLIMIT_CORE, &raw const limit, null_mut()) };
}

/// Gives up gaining privileges by execve(2).
pub(crate) fn gain_no_privileges() {
    const NONE: libc::c_ulong = 0;
    // SAFETY: prctl takes integers only; the unused ones must be 0 (prctl(2)).
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, NONE, NONE, NONE) };
}

/// Marks every descriptor above 2 close-on-exec. Inherited ones stay open: s6-setlock and `flock -F` hold a lock in one,
/// and `--key /dev/fd/N` reads another.
pub(crate) fn close_on_exec() {
    let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_uint;
    // SAFETY: the call takes integers only.
    let marked = unsafe { libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, libc::c_uint::MAX, flags) == 0 };
    // Linux before 5.11 has no such call or flag; an inherited number is low.
    for number in if marked { 0..0 } else { 3..1024 } {
        // SAFETY: fcntl with F_SETFD takes integers only; it fails with EBADF where nothing is open.
        unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Another process. Where the kernel has pidfd_open(2) (Linux 5.3), it stays the same one after its end.
pub(crate) struct OtherProcess {
    pid: libc::pid_t,
    pidfd: Option<File>,
}

impl OtherProcess {
    /// The process of this pid, above 0. ESRCH: there is none.
    pub(crate) fn open(pid: libc::pid_t) -> io::Result<OtherProcess> {
        // SAFETY: the call takes two integers, and nothing else owns its descriptor, which fits into an int.
        let pidfd = unsafe { opened(libc::syscall(libc::SYS_pidfd_open, pid, 0) as libc::c_int) };
        match pidfd {
            // EPERM comes from sandboxes that refuse unknown calls.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                Ok(OtherProcess { pid, pidfd: None })
            }
            pidfd => pidfd.map(|pidfd| OtherProcess { pid, pidfd: Some(pidfd) }),
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, number: libc::c_int) -> io::Result<()> {
        let info: *const libc::siginfo_t = null();
        // SAFETY: the calls take integers, an open descriptor, and a null pointer for the siginfo of kill(2).
        let sent = unsafe {
            match &self.pidfd {
                Some(pidfd) => {
                    libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), number, info, 0) as libc::c_int
                }
                None => libc::kill(self.pid, number),
            }
        };
        check(sent).map(drop)
    }
}
