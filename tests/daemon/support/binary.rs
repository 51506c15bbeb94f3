//! Finds the `vaultd` beside the running test, and builds it where it is missing or older than its sources.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use nix::fcntl::{Flock, FlockArg};

/// What `vaultd` is built from, below the workspace's folder.
const SOURCES: [&str; 11] = [
    "src",
    "build",
    "primitives/src",
    "mask/src",
    "daemon/src",
    "daemon/Cargo.toml",
    "platform/src",
    "presets",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
];

static VAULTD: LazyLock<PathBuf> = LazyLock::new(built);

/// Gives the path of a `vaultd` that is as new as its sources.
pub(crate) fn vaultd() -> &'static Path {
    &VAULTD
}

fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("vaultd");
    // One test at a time looks; its byte in this file says when something was last built.
    let stamp = profile.join("vaultd.stamp");
    let file = vault::files::open_private(&stamp).unwrap();
    let mut held = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno).unwrap();
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap();
    let newest = SOURCES.iter().filter_map(|source| newest(&root.join(source))).max();
    // An empty stamp was made just now and says nothing.
    let stamped = changed(&stamp).filter(|_| stamp.metadata().is_ok_and(|meta| meta.len() > 0));
    let known = changed(&path).max(stamped);
    if known < newest || !path.exists() {
        build(root, profile);
        held.write_all(b".").unwrap();
    }
    path
}

fn build(root: &Path, profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args(["build", "--quiet", "--package", "vaultd"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "vaultd could not be built");
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// Gives the moment of the last change of a file, or of any file below a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(folder) = path.read_dir() else { return changed(path) };
    folder.filter_map(|entry| newest(&entry.ok()?.path())).max()
}
