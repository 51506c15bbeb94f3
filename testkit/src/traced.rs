//! A process under ptrace(2), stopped at its very end, before its memory is taken down.

use nix::sys::ptrace::{self, Event, Options};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// A traced process; dropping this lets it go on, also when a test fails, so that nothing waits for it in vain.
#[derive(Debug)]
pub struct Traced(Pid);

impl Traced {
    /// Begins to trace a process; this thread alone may go on with it.
    pub fn seize(pid: u32) -> Self {
        let pid = Pid::from_raw(pid.cast_signed());
        // If the tracer ends, so does the process.
        ptrace::seize(pid, Options::PTRACE_O_TRACEEXIT | Options::PTRACE_O_EXITKILL).unwrap();
        Self(pid)
    }

    /// Waits until the process exits and is stopped there, its memory still in place.
    pub fn until_its_end(&self) {
        loop {
            match waitpid(self.0, None).unwrap() {
                WaitStatus::PtraceEvent(_, _, event) if event == Event::PTRACE_EVENT_EXIT as i32 => return,
                WaitStatus::Stopped(_, signal) => ptrace::cont(self.0, signal).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Only a stopped process can be detached; one that has ended needs nothing.
        if ptrace::detach(self.0, None).is_err() && ptrace::interrupt(self.0).is_ok() {
            let _ = waitpid(self.0, None);
            let _ = ptrace::detach(self.0, None);
        }
    }
}
