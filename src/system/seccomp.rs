//! A filter of system calls (seccomp(2)) in the static file for x86_64, where every test runs under it: no program, no
//! other process except to send it a signal, no network, no user, no mount. What is not listed fails with ENOSYS and ends
//! nothing, because a later libc may try a call that is unknown here and then takes another.

#[cfg(not(all(target_env = "musl", target_arch = "x86_64")))]
pub(crate) fn restrict_calls(_signals_others: bool) {}

#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
pub(crate) use filter::restrict_calls;

#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
mod filter {
    use libc::*;

    /// Beside what the keeper needs: restart_syscall of the kernel after SIGCONT, the clocks where there is no vDSO, what
    /// abort(3) needs, and the *at forms of the file calls.
    #[rustfmt::skip]
    const ALLOWED: &[c_long] = &[
        // Files.
        SYS_read, SYS_write, SYS_writev, SYS_open, SYS_openat, SYS_openat2, SYS_close, SYS_lseek, SYS_stat, SYS_lstat,
        SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_access, SYS_faccessat, SYS_getcwd,
        SYS_readlink, SYS_readlinkat, SYS_getdents64, SYS_fcntl, SYS_ioctl, SYS_flock, SYS_ftruncate, SYS_chmod,
        SYS_fchmod, SYS_fchmodat, SYS_chown, SYS_fchown, SYS_fchownat, SYS_fsync, SYS_fdatasync, SYS_link, SYS_linkat,
        SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,
        // Waiting, signals, time.
        SYS_poll, SYS_ppoll, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_timerfd_create,
        SYS_timerfd_settime, SYS_setitimer, SYS_signalfd4, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending,
        SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_clock_gettime, SYS_gettimeofday,
        // Memory, the process itself, the supervisor's socket.
        SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_getrandom, SYS_getpid,
        SYS_gettid, SYS_tkill, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_exit, SYS_exit_group, SYS_socket,
        SYS_sendto,
    ];

    /// What `--signal-pid-file` needs.
    const SIGNALING: &[c_long] = &[SYS_pidfd_open, SYS_pidfd_send_signal, SYS_kill];

    /// AUDIT_ARCH_X86_64 (linux/audit.h).
    const ARCHITECTURE: u32 = 0xc000_003e;

    /// Loads a field of seccomp_data, compares it, adds to it, returns.
    const LOAD: u16 = (BPF_LD | BPF_W | BPF_ABS) as u16;
    const EQUALS: u16 = (BPF_JMP | BPF_JEQ | BPF_K) as u16;
    const ADD: u16 = (BPF_ALU | BPF_ADD | BPF_K) as u16;
    const RETURN: u16 = (BPF_RET | BPF_K) as u16;

    /// Longest program: each call, and what is around them.
    const MAX_LEN: usize = ALLOWED.len() + SIGNALING.len() + 6;

    const fn step(code: u16, jt: usize, jf: usize, k: u32) -> sock_filter {
        sock_filter { code, jt: jt as u8, jf: jf as u8, k }
    }

    /// Installs the filter, where the kernel has such filters; after no_new_privs. It survives execve(2).
    pub(crate) fn restrict_calls(signals_others: bool) {
        let calls = ALLOWED.iter().chain(if signals_others { SIGNALING } else { &[] });
        let count = ALLOWED.len() + if signals_others { SIGNALING.len() } else { 0 };
        let mut program = [step(RETURN, 0, 0, SECCOMP_RET_ALLOW); MAX_LEN];
        program[0] = step(LOAD, 0, 0, 4);
        program[1] = step(EQUALS, 0, count + 2, ARCHITECTURE);
        program[2] = step(LOAD, 0, 0, 0);
        // Arithmetic keeps the kernel from trying each number in advance (seccomp_cache_prepare), which takes longer than
        // all calls of a start.
        program[3] = step(ADD, 0, 0, 0);
        // Numbers of x32 have a bit of their own, so none equals one of the list.
        for (at, (step_of_call, call)) in program[4..].iter_mut().zip(calls).enumerate() {
            *step_of_call = step(EQUALS, count - at, 0, *call as u32);
        }
        program[4 + count] = step(RETURN, 0, 0, SECCOMP_RET_ERRNO | ENOSYS as u32);
        let program = sock_fprog { len: (6 + count) as c_ushort, filter: program.as_mut_ptr() };
        // SAFETY: the kernel copies the program, which outlives the call, and does not write to it.
        unsafe { prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER as c_ulong, &raw const program) };
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_call_that_is_not_listed_fails_with_enosys() {
            // SAFETY: the child of this fork makes system calls only, and ends by _exit(2).
            unsafe {
                let child = fork();
                if child == 0 {
                    prctl(PR_SET_NO_NEW_PRIVS, 1 as c_ulong, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong);
                    let before = syscall(SYS_getppid);
                    restrict_calls(false);
                    let refused = syscall(SYS_getppid) == -1 && *__errno_location() == ENOSYS;
                    _exit((before <= 0 || !refused || syscall(SYS_getpid) <= 0).into());
                }
                let mut status = -1;
                assert_eq!(waitpid(child, &raw mut status, 0), child);
                assert_eq!(status, 0);
            }
        }
    }
}
