//! The programs under test, built if they are missing or older than their sources.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use nix::fcntl::{Flock, FlockArg};

/// Names a folder whose `vaultd` and `vaultctl` are tested instead, as those of a release build.
pub const PROGRAMS: &str = "VAULT_PROGRAMS";

/// What the programs are built from, below the workspace's folder.
const SOURCES: [&str; 14] = [
    "src",
    "build",
    "build.rs",
    "primitives/src",
    "mask/src",
    "platform/src",
    "daemon/src",
    "daemon/Cargo.toml",
    "ctl/src",
    "ctl/build",
    "ctl/Cargo.toml",
    "presets",
    "Cargo.toml",
    "Cargo.lock",
];

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os(PROGRAMS) {
    Some(folder) => PathBuf::from(folder),
    None => built(),
});
static VAULTD: LazyLock<PathBuf> = LazyLock::new(|| FOLDER.join("vaultd"));
static VAULTCTL: LazyLock<PathBuf> = LazyLock::new(|| FOLDER.join("vaultctl"));

/// Returns the path of a `vaultd` that is as new as its sources.
pub fn vaultd() -> &'static Path {
    &VAULTD
}

/// Returns the path of a `vaultctl` that is as new as its sources.
pub fn vaultctl() -> &'static Path {
    &VAULTCTL
}

/// Returns the workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Builds the programs of this profile if they are missing or old, and returns their folder.
fn built() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    // A test is in `deps`, below the folder of the profile's programs.
    let folder = own.parent().unwrap();
    let profile = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    // One test at a time looks; its byte in this file says when something was last built.
    let stamp = profile.join("programs.stamp");
    let file = vault::files::open_private(&stamp).unwrap();
    let mut held = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno).unwrap();
    let newest = SOURCES.iter().filter_map(|source| newest(&workspace().join(source))).max();
    // An empty stamp was made just now and says nothing.
    let stamped = changed(&stamp).filter(|_| stamp.metadata().is_ok_and(|meta| meta.len() > 0));
    let programs = ["vaultd", "vaultctl"].map(|name| changed(&profile.join(name)));
    let oldest = programs.into_iter().min().flatten();
    if oldest.max(stamped.filter(|_| oldest.is_some())) < newest {
        build(profile);
        held.write_all(b".").unwrap();
    }
    profile.to_owned()
}

/// Builds both as a run of all tests does, so that nothing is compiled a second time with other features.
fn build(profile: &Path) {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace()).args(["build", "--quiet", "--workspace", "--example", "golden_vectors"]);
    cargo.args(["--bin", "vaultd", "--bin", "vaultctl"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "vaultd and vaultctl could not be built");
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// Returns the moment of the last change of a file, or of any file below a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(folder) = path.read_dir() else { return changed(path) };
    folder.filter_map(|entry| newest(&entry.ok()?.path())).max()
}
