//! A person at a real pseudo-terminal, played by `terminal/drive.py`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::TestEnvironment;
use crate::programs::vaultctl;

const DRIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/terminal/drive.py");

/// Runs a program on a terminal, with steps that a person takes, and returns `output`, `code`, `signal` and
/// `modes_kept`; the steps are described in `drive.py`.
///
/// The program finds the home of the test, `vaultctl` in `VAULTCTL` and in `PATH`, and what `more` adds.
///
/// # Panics
/// If a step does not succeed.
#[track_caller]
pub fn drive(test: &TestEnvironment, words: &[&str], steps: &Value, more: &[(&str, &str)]) -> Value {
    let mut environment = json!({
        "PATH": search_path(),
        "HOME": test.home(),
        "AGENTICMAIL_HOME": test.home(),
        "TERM": "xterm",
        "VAULTCTL": vaultctl(),
    });
    for (name, value) in more {
        environment[*name] = json!(value);
    }
    let task = json!({"argv": words, "env": environment, "cwd": test.home(), "steps": steps});
    let mut driver = Command::new("python3");
    driver.arg(DRIVE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut driver = driver.spawn().unwrap();
    driver.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
    let output = driver.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns this process's `PATH` with the folder of `vaultctl` first.
pub fn search_path() -> String {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folder = vaultctl().parent().unwrap().to_owned();
    let all = std::iter::once(folder).chain(std::env::split_paths(&own));
    std::env::join_paths(all).unwrap().into_string().unwrap()
}
