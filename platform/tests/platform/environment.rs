#![allow(clippy::disallowed_methods, reason = "the environment is what is tested")]

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use vault_platform::{ManyThreads, deny_dumps, take_env};

use crate::child;

const NAME: &str = "VAULT_PLATFORM_TEST_KEY";
const VALUE: &[u8] = b"correct horse\xff battery staple";

/// Runs `part` in a process that was started with the variable set, and has one thread.
fn with_the_variable_at_exec(test: &str, part: impl FnOnce()) {
    if std::env::var_os(NAME).is_some() {
        return child::alone(part);
    }
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test])
        .env(NAME, OsString::from_vec(VALUE.to_vec()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn environment_block_holds(needle: &[u8]) -> bool {
    let block = std::fs::read("/proc/self/environ").unwrap();
    block.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_removed_variable_stays_in_the_environment_block() {
    with_the_variable_at_exec("a_removed_variable_stays_in_the_environment_block", || {
        // SAFETY: this process has one thread.
        unsafe { std::env::remove_var(NAME) };
        assert!(environment_block_holds(VALUE));
    });
}

#[test]
fn a_taken_variable_is_nowhere_in_the_environment_block() {
    with_the_variable_at_exec("a_taken_variable_is_nowhere_in_the_environment_block", || {
        assert!(environment_block_holds(VALUE));
        assert_eq!(take_env(NAME).unwrap().unwrap().as_slice(), VALUE);
        assert!(!environment_block_holds(VALUE));
        assert!(!environment_block_holds(b"battery"));
        assert_eq!(std::env::var_os(NAME), None);
    });
}

#[test]
fn a_variable_is_taken_once() {
    with_the_variable_at_exec("a_variable_is_taken_once", || {
        assert!(take_env(NAME).unwrap().is_some());
        assert_eq!(take_env(NAME), Ok(None));
    });
}

#[test]
fn a_variable_can_be_taken_after_dumps_are_denied_by_an_unprivileged_process() {
    let name = "a_variable_can_be_taken_after_dumps_are_denied_by_an_unprivileged_process";
    with_the_variable_at_exec(name, || {
        if nix::unistd::geteuid().is_root() {
            nix::unistd::setresuid(65534.into(), 65534.into(), 65534.into()).unwrap();
        }
        deny_dumps().unwrap();
        assert!(std::fs::read("/proc/self/environ").is_err());
        assert_eq!(take_env(NAME).unwrap().unwrap().as_slice(), VALUE);
    });
}

#[test]
fn every_occurrence_of_a_variable_is_overwritten() {
    let twice = |value: &[u8]| CString::new([NAME.as_bytes(), b"=", value].concat()).unwrap();
    child::alone(move || {
        let [first, second, other] = [twice(b"one"), twice(b"two"), c"VAULT_PLATFORM=three".to_owned()];
        let mut block = [&first, &other, &second].map(|entry| entry.clone().into_raw()).to_vec();
        block.push(std::ptr::null_mut());
        // SAFETY: this process has one thread, and the block outlives it.
        unsafe { environ = block.leak().as_mut_ptr() };
        // SAFETY: the block has three entries before its end.
        let kept: [_; 3] = std::array::from_fn(|n| unsafe { *environ.add(n) });
        assert_eq!(take_env(NAME).unwrap().unwrap().as_slice(), b"one");
        // SAFETY: the entries were leaked above, each longer than what is read.
        let left = kept
            .map(|entry| unsafe { std::slice::from_raw_parts(entry.add(NAME.len() + 1).cast::<u8>(), 3) });
        assert_eq!((left[0], left[2]), ([0; 3].as_slice(), [0; 3].as_slice()));
        assert_eq!(std::env::var_os("VAULT_PLATFORM").unwrap(), "three");
    });
}

unsafe extern "C" {
    static mut environ: *mut *mut std::ffi::c_char;
}

#[test]
fn a_name_that_cannot_be_a_variables_is_not_found() {
    child::alone(|| {
        for name in ["", "A=B", "A\0B"] {
            assert_eq!(take_env(name), Ok(None));
        }
    });
}

#[test]
fn a_process_with_two_threads_keeps_its_environment() {
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let second = std::thread::spawn(move || wait.recv());
    assert_eq!(take_env("PATH"), Err(ManyThreads));
    assert!(std::env::var_os("PATH").is_some());
    drop(stop);
    _ = second.join();
}
