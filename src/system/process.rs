//! What other processes may do with this one, and what this one may pass on.

use std::ptr::{null, null_mut};

/// Denies other processes of the same user its memory: no core dump, no ptrace(2), no /proc/PID/mem (PR_SET_DUMPABLE,
/// prctl(2)). Only the soft core limit is 0, so that a child can have it raised again.
pub(crate) fn deny_inspection() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: prctl takes integers here, and `limit` is a writable rlimit that outlives the calls.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0 as libc::c_ulong);
        // musl's setrlimit(3) brings 1 KB of code for old kernels and threads.
        libc::prlimit(0, libc::RLIMIT_CORE, null(), &raw mut limit);
        limit.rlim_cur = 0;
        libc::prlimit(0, libc::RLIMIT_CORE, &raw const limit, null_mut());
    }
}

/// Gives up gaining privileges by execve(2), and marks every inherited descriptor above 2 close-on-exec. They stay open:
/// s6-setlock and `flock -F` hold a lock in one, and `--key /dev/fd/N` reads another.
pub(crate) fn pass_on_nothing() {
    const NONE: libc::c_ulong = 0;
    let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_uint;
    // SAFETY: both calls take integers only.
    let marked = unsafe {
        // prctl(2): the unused arguments must be 0.
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, NONE, NONE, NONE);
        libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, libc::c_uint::MAX, flags) == 0
    };
    // Linux before 5.11 has no such call or flag; an inherited number is low.
    for number in if marked { 0..0 } else { 3..1024 } {
        // SAFETY: fcntl with F_SETFD takes integers only; it fails with EBADF where nothing is open.
        unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
