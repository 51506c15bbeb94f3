//! A daemon with the memory that its unit allows, in a cgroup of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use vault::files;
use vault_testkit::cgroup::MemoryCgroup;
use vault_testkit::memory::status_bytes;
use vault_testkit::users::public_folder;
use vault_testkit::{Daemon, Home};
use xtask::sabotage::noticed;
use xtask::say;
use xtask::workspace::{build_programs, build_release, root};

pub(crate) const MIB: u64 = 1024 * 1024;
/// `MemoryMax=` of the unit, in bytes.
pub(crate) const LIMIT: u64 = 512 * MIB;
/// Said if it cannot run.
const LACKING: &str = "this needs root and a memory cgroup that can be made below this process's own";

/// The daemon, with its home.
pub(crate) struct Limited {
    daemon: Daemon,
    _home: Home,
    _folder: TempDir,
    group: MemoryCgroup,
}

/// Which daemon is limited, and whether it is broken.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Run {
    /// Start the daemon that is built for release.
    #[arg(long)]
    release: bool,
    /// Break the daemon, once in each way that has to be noticed: succeeds if each is.
    #[arg(long)]
    sabotage: bool,
}

impl Run {
    /// Runs a campaign as it is, or else with each of its sabotages, which are named by what has to be noticed.
    pub(crate) fn each<S: Copy>(
        self,
        honest: S,
        sabotages: &[(&str, S)],
        campaign: impl Fn(&Path, S) -> Result<()>,
    ) -> Result<ExitCode> {
        let Some(program) = self.program()? else { return Ok(ExitCode::SUCCESS) };
        if !self.sabotage {
            campaign(&program, honest)?;
        }
        for (what, sabotage) in sabotages.iter().filter(|_| self.sabotage) {
            noticed(what, campaign(&program, *sabotage))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Builds the daemon and returns its path; says what is lacking if none can be limited.
    fn program(self) -> Result<Option<PathBuf>> {
        if !nix::unistd::geteuid().is_root() || vault_trial::memory_cgroups().is_none() {
            say::line(format_args!("skipped: {LACKING}"));
            return Ok(None);
        }
        if self.release {
            build_release(&["vaultd"])?;
            return Ok(Some(root().join("target/release/vaultd")));
        }
        build_programs()?;
        Ok(Some(files::parent(&std::env::current_exe()?).join("vaultd")))
    }
}

impl Limited {
    /// Starts it with this much memory, in bytes, and with a configuration, at a socket that everybody may connect to.
    pub(crate) fn start(program: &Path, memory: u64, configuration: &str) -> Self {
        let (home, folder, group) = (Home::new(), public_folder().0, MemoryCgroup::new(memory));
        home.write("vault.toml", configuration);
        let socket = folder.path().join("vault.sock");
        let mut command = home.command_of(Path::new("/bin/sh"));
        group.run(&mut command, program);
        command.arg("--home").arg(home.path("")).arg("--socket").arg(&socket).args(["--socket-mode", "666"]);
        let daemon = Daemon::start_as(&home, command, &socket);
        Self { daemon, _home: home, _folder: folder, group }
    }

    /// Returns the path of its socket.
    pub(crate) fn socket(&self) -> &Path {
        self.daemon.socket()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.daemon.signal(signal);
    }

    /// Returns a number of its `/proc/PID/status`, as `VmRSS` or `VmHWM`, in bytes; 0 if it was killed.
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let alive = Path::new(&format!("/proc/{}/fd/0", self.daemon.pid())).exists();
        if alive { status_bytes(self.daemon.pid(), field) } else { 0 }
    }

    /// Returns how often the kernel killed it because it had too little memory.
    pub(crate) fn kills(&self) -> u64 {
        self.group.kills()
    }
}
