//! What the figures were taken on.

use std::path::Path;
use std::process::Command;

use vault::clock::{Clock, SystemClock};

/// Describes the machine, a line each.
pub(crate) fn lines() -> Vec<String> {
    let cpu = first("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = first("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    vec![
        format!("{cpu}, {cores} cores, {memory}"),
        format!("Linux {}", kernel.trim()),
        format!("load average when it ended: {}", load.split(' ').take(3).collect::<Vec<_>>().join(" ")),
        format!("commit {}", commit()),
        format!("taken at {}", SystemClock.now()),
    ]
}

fn first(path: &str, label: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new(path)).ok()?;
    let line = text.lines().find(|line| line.starts_with(label))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn commit() -> String {
    let output =
        Command::new("git").args(["-c", "safe.directory=*", "describe", "--always", "--dirty"]).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
