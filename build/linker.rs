//! Tells the linker how to make the program small and its start short.

use std::path::Path;
use std::process::Command;

/// The first release of glibc that reads packed relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Gives the linker its arguments, for a release that is built where it is to run.
pub(crate) fn tell() {
    if setting("PROFILE") != "release"
        || setting("CARGO_CFG_TARGET_OS") != "linux"
        || setting("CARGO_CFG_TARGET_ENV") != "gnu"
        || setting("TARGET") != setting("HOST")
    {
        return;
    }
    // The profile says so too, but Cargo forgets it for a package that has a profile of its own.
    println!("cargo::rustc-link-arg-bins=-Wl,--strip-all");
    if is_rusts_own() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        if glibc().is_some_and(|version| version >= PACKED_SINCE) {
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
    // One library less to find, map and bind at each start.
    if let Some(folder) = unwinder() {
        println!("cargo::rustc-link-search=native={folder}");
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

#[expect(clippy::disallowed_methods, reason = "Cargo says it so, and nothing in it is private")]
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Tells whether the linker is the one that comes with rustc: on x86-64 Linux it is, unless another is named.
///
/// It folds functions of equal code; the system's usual one knows no such option.
fn is_rusts_own() -> bool {
    let Some(folder) = output(&setting("RUSTC"), "--print=target-libdir") else { return false };
    let comes_along = Path::new(&folder).with_file_name("bin/gcc-ld/ld.lld").exists();
    setting("CARGO_CFG_TARGET_ARCH") == "x86_64"
        && comes_along
        && setting("RUSTC_LINKER").is_empty()
        && !setting("CARGO_ENCODED_RUSTFLAGS").contains("link")
}

/// Gives the version of the C library here; what is built with it runs with none that is older.
fn glibc() -> Option<(u32, u32)> {
    let words = output("getconf", "GNU_LIBC_VERSION")?;
    let (major, minor) = words.strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Gives the folder of the C compiler's unwinder as an archive.
fn unwinder() -> Option<String> {
    let path = output("cc", "-print-file-name=libgcc_eh.a")?;
    let path = Path::new(&path).canonicalize().ok()?;
    path.parent()?.to_str().map(str::to_owned)
}

fn output(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
