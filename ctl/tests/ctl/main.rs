//! `vaultctl` as its users meet it: the real program, on a real socket, with a real daemon behind it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failing helper fails its test"
)]

#[macro_use]
extern crate vault_trial;

mod agents;
mod attacker;
mod audit;
mod backup;
mod between;
mod completion;
mod crowd;
mod damaged;
mod doctor;
mod dotenv;
mod env;
mod escapes;
mod export;
mod exports;
mod import;
mod init;
mod inject;
mod integrate;
mod json;
mod keys;
mod killed;
mod made_up;
mod masking;
mod masking_json;
mod mcp;
mod migration;
mod mistakes;
mod one_name;
mod orgs;
mod output;
mod output_paths;
mod own_files;
mod parts;
mod pass;
mod places;
mod planted;
mod platforms;
mod roundtrip;
mod run;
mod scan;
mod scan_formats;
mod scan_renames;
mod secrets;
mod service;
#[cfg(target_os = "linux")]
mod shapes;
mod shared_daemon;
mod signals;
mod skills;
mod state;
mod terminal;
mod tokens;
mod ui;
mod values;
mod versions;

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
