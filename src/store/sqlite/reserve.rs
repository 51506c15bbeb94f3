//! The reserve: a file of room beside the database, given back when the disk is full.
//!
//! Without it a full disk would keep an owner from reading, deleting and locking, since each of these is recorded.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::fcntl::{FallocateFlags, fallocate};

use super::connect::next_to;

/// The bytes of the reserve.
const RESERVE_BYTES: i64 = 1024 * 1024;

/// Room that is held for when there is none.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    held: bool,
}

impl Reserve {
    /// Names the reserve beside a database; it is held from the first change that takes room.
    pub(super) fn next_to(database: &Path) -> Self {
        Self { path: next_to(database, "-reserve"), held: false }
    }

    /// Tells whether the reserve is held, after trying to hold it where it is not.
    pub(super) fn hold(&mut self) -> bool {
        if !self.held {
            self.held = self.allocate().is_ok();
            if !self.held {
                let _ = std::fs::remove_file(&self.path);
            }
        }
        self.held
    }

    /// Gives the room back; `false` where none was held, by this process or one before it.
    pub(super) fn release(&mut self) -> bool {
        self.held = false;
        let released = std::fs::remove_file(&self.path).is_ok();
        if released {
            tracing::error!("the disk is full: nothing new is stored until there is room again");
        }
        released
    }

    fn allocate(&self) -> std::io::Result<()> {
        let file: File = crate::files::open_private(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES) {
            // A file system that cannot set room aside gets zeros.
            Err(nix::Error::EOPNOTSUPP) => write_zeros(&file),
            allocated => Ok(allocated?),
        }
    }
}

fn write_zeros(mut file: &File) -> std::io::Result<()> {
    use std::io::Write;
    let zeros = [0; 4096];
    for _ in 0..RESERVE_BYTES / 4096 {
        file.write_all(&zeros)?;
    }
    file.sync_all()
}
