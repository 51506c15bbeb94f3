//! The program `vaultd`: hardens itself, reads its flags, runs.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use vaultd::{Options, harden};
use zeroizing_alloc::ZeroAlloc;

/// What is freed is zeroed first, so that no buffer of hyper, serde or a string keeps a value.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    let hardened = match harden::harden() {
        Ok(hardened) => hardened,
        Err(error) => return fail(&error),
    };
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match vaultd::start(&options, hardened) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "vaultd: {error:#}");
    ExitCode::FAILURE
}
