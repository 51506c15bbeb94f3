//! The tools that the commands need, and how to get each.

use anyhow::{Result, bail};

use crate::workspace;

/// A program that has to be on the machine.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// What it is called.
    name: &'static str,
    /// A command that succeeds where it is there.
    probe: &'static [&'static str],
    /// How to get it.
    hint: &'static str,
}

/// The test runner.
pub const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    probe: &["cargo", "nextest", "--version"],
    hint: "cargo install cargo-nextest --locked --version 0.9.143",
};

/// The judge of licences, sources and banned crates.
pub const DENY: Tool = Tool {
    name: "cargo-deny",
    probe: &["cargo", "deny", "--version"],
    hint: "cargo install cargo-deny --locked --version 0.20.2",
};

/// The finder of dependencies that nothing uses.
pub const MACHETE: Tool = Tool {
    name: "cargo-machete",
    probe: &["cargo", "machete", "--version"],
    hint: "cargo install cargo-machete --locked --version 0.9.2",
};

/// Runs the README's Python program.
pub const PYTHON: Tool = Tool {
    name: "python3",
    probe: &["python3", "--version"],
    hint: "apt-get install python3, brew install python, or https://www.python.org/downloads/",
};

/// Installs packages of node.
pub const NPM: Tool = Tool { name: "npm", probe: &["npm", "--version"], hint: "apt-get install nodejs npm" };

/// Builds what Compose reads `.env` files with.
pub const GO: Tool =
    Tool { name: "go", probe: &["go", "version"], hint: "apt-get install golang-go, or https://go.dev/dl/" };

/// The maker of packages for Debian.
pub const DEB: Tool = Tool {
    name: "cargo-deb",
    probe: &["cargo", "deb", "--version"],
    hint: "cargo install cargo-deb --locked --version 3.8.0",
};

/// Finds what a program needs of the system, for its package.
pub const SHLIBDEPS: Tool = Tool {
    name: "dpkg-shlibdeps",
    probe: &["dpkg-shlibdeps", "--version"],
    hint: "apt-get install dpkg-dev",
};

/// The judge of units.
pub const SYSTEMD: Tool = Tool {
    name: "systemd-analyze",
    probe: &["systemd-analyze", "--version"],
    hint: "apt-get install systemd",
};

/// Counts instructions.
pub const VALGRIND: Tool =
    Tool { name: "valgrind", probe: &["valgrind", "--version"], hint: "apt-get install valgrind" };

/// Asks a daemon for all that its description says; `.ci/run` puts it there.
pub const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    probe: &[SCHEMATHESIS_PROGRAM, "--version"],
    hint: "python3 -m venv target/venv && target/venv/bin/pip install schemathesis==4.32.5",
};

/// Where schemathesis is, below the workspace's folder.
pub const SCHEMATHESIS_PROGRAM: &str = "target/venv/bin/schemathesis";

impl Tool {
    /// Tells whether the tool is on this machine.
    pub fn is_here(self) -> bool {
        let Some((program, args)) = self.probe.split_first() else { return false };
        let probed = workspace::command(program).args(args).output();
        probed.is_ok_and(|output| output.status.success())
    }

    /// Gives the arguments with which cargo gets the tool, where cargo does.
    pub fn cargo_install(self) -> impl Iterator<Item = &'static str> {
        self.hint.split(' ').skip(1)
    }

    /// Says that the tool is missing and how to get it.
    pub fn lack(self) -> String {
        format!("{} is missing; get it with: {}", self.name, self.hint)
    }

    /// Fails where the tool is missing, saying how to get it.
    pub fn require(self) -> Result<()> {
        if self.is_here() { Ok(()) } else { bail!(self.lack()) }
    }
}
