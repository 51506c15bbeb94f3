//! Takes a variable out of the environment, bytes and all.

use std::ffi::{CStr, c_char};

use zeroize::{Zeroize, Zeroizing};

/// Says why the environment was left alone: another thread might be reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the environment can be scrubbed only while the process has a single thread")]
pub struct ManyThreads;

unsafe extern "C" {
    // environ(7)
    static environ: *mut *mut c_char;
}

/// Takes the variable `name` and overwrites its value where exec put it, in every occurrence.
///
/// Removing a variable leaves its bytes in the process's memory and in `/proc/PID/environ`; this does not.
/// A name that is empty or holds `=` or NUL is no variable's: `None`.
///
/// # Errors
/// [`ManyThreads`] when the process has a second thread, or its threads cannot be counted (no `/proc`).
pub fn take_env(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ManyThreads> {
    if !is_only_thread() {
        return Err(ManyThreads);
    }
    if name.is_empty() || name.contains(['=', '\0']) {
        return Ok(None);
    }
    // SAFETY: this is the only thread, so nothing else reads or writes the environment meanwhile.
    let taken = unsafe { scrub(format!("{name}=").as_bytes()) };
    // SAFETY: as above.
    unsafe { std::env::remove_var(name) };
    Ok(taken)
}

/// Copies the first value that stands behind `prefix` and zeroes all of them in place.
///
/// # Safety
/// No other thread may use the environment meanwhile.
unsafe fn scrub(prefix: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut taken = None;
    // SAFETY: `environ` is null or an array of strings that ends with null (environ(7)), and the caller
    // promises that it does not change; the strings are the process's own writable memory.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let length = CStr::from_ptr(*entry).count_bytes();
            let text = std::slice::from_raw_parts_mut((*entry).cast::<u8>(), length);
            if text.starts_with(prefix) {
                let (_, value) = text.split_at_mut(prefix.len());
                taken.get_or_insert_with(|| Zeroizing::new(value.to_vec()));
                value.zeroize();
            }
            entry = entry.add(1);
        }
    }
    taken
}

#[cfg(target_os = "linux")]
fn is_only_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

#[cfg(target_os = "macos")]
fn is_only_thread() -> bool {
    use nix::libc::{PROC_PIDTASKINFO, getpid, proc_pidinfo, proc_taskinfo};
    // SAFETY: all-zero bytes are a valid `proc_taskinfo`, a struct of integers.
    let mut task: proc_taskinfo = unsafe { std::mem::zeroed() };
    let size = i32::try_from(size_of_val(&task)).unwrap_or(0);
    // SAFETY: the kernel writes at most `size` bytes into `task`.
    let read = unsafe { proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, (&raw mut task).cast(), size) };
    read == size && task.pti_threadnum == 1
}
