//! The shim between a program and the disk: built here, loaded with `LD_PRELOAD`, told what to do.
//!
//! What it records and how it strikes stands in `shim.c`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use vault::files;

use crate::world::server::Server;
use xtask::workspace::{command, root, succeed};

/// The library that stands in between.
#[derive(Debug)]
pub(crate) struct Shim(PathBuf);

impl Shim {
    /// Compiles it.
    pub(crate) fn build() -> Result<Self> {
        let folder = root().join("target/shim");
        files::make_private_folder(&folder)?;
        let (library, fresh) =
            (folder.join("shim.so"), folder.join(format!("shim-{}.so", std::process::id())));
        let mut compiler = command("cc");
        compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
        succeed(compiler.arg(&fresh).arg("harness/src/world/shim.c").args(["-ldl", "-lpthread"]))
            .context("a C compiler is needed")?;
        // Another run may have the old one loaded: it keeps it, under no name.
        std::fs::rename(&fresh, &library)?;
        Ok(Self(library))
    }

    /// Puts it between a server's programs and their home.
    pub(crate) fn watch(&self, server: &mut Server) {
        let home = server.home().to_owned();
        server.set("LD_PRELOAD", &self.0);
        server.set("SHIM_HOME", home);
    }
}

/// The calls that can be struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Call {
    /// `write`, `pwrite` and `fallocate`.
    Write = 1,
    /// `fsync` and `fdatasync`.
    Sync = 2,
    /// `ftruncate`.
    Truncate = 4,
    /// `open`.
    Open = 8,
    /// `rename`.
    Rename = 16,
    /// Any of them.
    Any = 31,
}

/// What becomes of a call that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It fails with an error and does nothing.
    Fail(Errno),
    /// It does nothing and says that it did.
    Pretend,
    /// It is done, and the program is killed right after it.
    Die,
}

/// For how long calls are struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// One call.
    Once,
    /// From that call on.
    UntilCleared,
}

/// What is to be struck.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strike {
    pub(crate) call: Call,
    pub(crate) act: Act,
    /// Which call, counted from the moment when the strike is armed.
    pub(crate) nth: u32,
    pub(crate) lasts: Lasts,
}

/// The file by which a program's calls are struck while it runs.
#[derive(Debug)]
pub(crate) struct Control(File);

impl Control {
    /// Makes the file and names it to a server's programs.
    pub(crate) fn make(path: &Path, server: &mut Server) -> Result<Self> {
        let file = files::open_private(path)?;
        file.write_all_at(&[0; 32], 0)?;
        server.set("SHIM_CONTROL", path);
        Ok(Self(file))
    }

    /// Arms a strike, and forgets the one before.
    pub(crate) fn arm(&self, strike: Strike) -> Result<()> {
        let (act, error) = match strike.act {
            Act::Fail(errno) => (0, errno as i32),
            Act::Pretend => (1, 0),
            Act::Die => (2, 0),
        };
        let lasts = u32::from(strike.lasts == Lasts::UntilCleared);
        let error = u32::try_from(error)?;
        let fields = [0, strike.call as u32, error, strike.nth, lasts, act, 0, 0];
        self.0.write_all_at(&fields.map(u32::to_ne_bytes).concat(), 0)?;
        Ok(self.0.write_all_at(&1_u32.to_ne_bytes(), 0)?)
    }

    /// Clears it.
    pub(crate) fn clear(&self) -> Result<()> {
        Ok(self.0.write_all_at(&0_u32.to_ne_bytes(), 0)?)
    }

    /// Tells how many calls were struck.
    pub(crate) fn struck(&self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.0.read_exact_at(&mut bytes, 28)?;
        Ok(u32::from_ne_bytes(bytes))
    }
}
