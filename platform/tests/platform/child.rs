//! Runs part of a test in a process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

/// Forks; the child runs `part` and leaves with 0, or with 1 if it panicked.
pub(crate) fn start(part: impl FnOnce()) -> Pid {
    // SAFETY: the C library's allocator stays usable after a fork, and the child needs no other lock.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            // Should a thread of the parent have held a lock at the fork, the test fails instead of hanging.
            nix::unistd::alarm::set(60);
            let code = i32::from(catch_unwind(AssertUnwindSafe(part)).is_err());
            // SAFETY: leaves at once, without the parent's exit handlers.
            unsafe { nix::libc::_exit(code) }
        }
    }
}

pub(crate) fn end_of(child: Pid) -> WaitStatus {
    waitpid(child, None).unwrap()
}

/// Runs `part` in a forked process, which has one thread, and passes its failure on.
pub(crate) fn alone(part: impl FnOnce()) {
    let child = start(part);
    assert_eq!(end_of(child), WaitStatus::Exited(child, 0), "the child says above what failed");
}
