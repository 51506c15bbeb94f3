//! A limit on the memory of the processes in it, as `MemoryMax=` of systemd sets one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A cgroup with a limit; dropping it removes it, which needs its processes to have ended.
#[derive(Debug)]
pub struct MemoryCgroup(PathBuf);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl MemoryCgroup {
    /// Makes one with a limit in bytes, without swap.
    pub fn new(limit: u64) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let parent = vault_trial::memory_cgroups().unwrap();
        let folder = parent.join(format!("vault-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let group = Self(folder);
        if group.0.join("memory.max").exists() {
            group.set("memory.max", limit);
            group.set("memory.swap.max", 0);
        } else {
            group.set("memory.limit_in_bytes", limit);
            group.set("memory.swappiness", 0);
        }
        group
    }

    /// Makes a command that runs a program in it.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        self.run(&mut command, program);
        command
    }

    /// Has a shell that is to be started run a program in it; arguments that follow are the program's.
    pub fn run(&self, shell: &mut Command, program: &Path) {
        shell.args(["-c", "echo $$ > \"$1\"; shift; exec \"$@\"", "sh"]);
        shell.arg(self.0.join("cgroup.procs")).arg(program);
    }

    /// Returns the memory in use, in bytes: what counts against the limit.
    pub fn usage(&self) -> u64 {
        let second = self.0.join("memory.current");
        let file = if second.exists() { second } else { self.0.join("memory.usage_in_bytes") };
        std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
    }

    /// Returns how many of its processes the kernel killed for want of memory.
    pub fn kills(&self) -> u64 {
        let second = self.0.join("memory.events");
        let file = if second.exists() { second } else { self.0.join("memory.oom_control") };
        let text = std::fs::read_to_string(file).unwrap();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.unwrap().trim().parse().unwrap()
    }

    fn set(&self, file: &str, value: u64) {
        std::fs::write(self.0.join(file), value.to_string()).unwrap();
    }
}

impl Drop for MemoryCgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
