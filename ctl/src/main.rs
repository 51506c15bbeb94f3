//! `vaultctl`, the command line of the Vault.
//!
//! ```text
//! arguments → cli → commands/* → the daemon's socket → show → stdout, stderr, exit code
//! ```
//!
//! Each file in `commands/` is one command: a struct of arguments and a function `run`. Only `show` prints, only
//! `prompt` asks, only `env` reads the environment; what a command under `run` prints passes through `mask`. Nothing
//! here knows SQL, HTTP or a cipher.

mod birth;
mod cli;
mod commands;
mod complete;
mod context;
mod dotenv;
mod env;
mod failure;
mod listing;
mod locate;
mod moment;
mod output_file;
mod posture;
mod prompt;
mod quote;
mod references;
mod show;
mod token;
mod usage;
mod utf8;
mod variables;
mod wire;

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Values pass through memory that is wiped when it is freed.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if commands::leads_session(&arguments) {
        return commands::lead_session(&arguments);
    }
    if commands::keeps_tree(&arguments) {
        return commands::keep_tree(&arguments);
    }
    if commands::is_witness(&arguments) {
        return commands::witness();
    }
    if complete::is_asked(&arguments) {
        return complete::answer(&arguments);
    }
    birth::note();
    vault_platform::private_umask();
    env::leave_no_core();
    cli::run(&arguments)
}
