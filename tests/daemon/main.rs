//! A real `vaultd` on a real socket, from start to end: one file for each thing that is promised.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a failing helper fails its test, and reads as short as it can"
)]

#[macro_use]
extern crate vault_trial;

mod actions;
mod activation;
mod adapters;
mod agenticmail;
mod agents;
mod auth;
mod bounded;
#[cfg(target_os = "linux")]
mod bulk;
mod by_name;
mod clients;
mod columns;
mod contention;
mod damage;
mod damage_change;
mod damage_header;
mod damage_index;
mod damage_log;
mod damage_space;
mod disk;
mod displaced;
mod door;
mod escapes;
mod export;
mod faces;
#[cfg(target_os = "linux")]
mod floods;
mod following;
mod foreign_log;
mod forms;
mod golden;
mod growth;
mod guessing;
mod key_lines;
mod list;
mod locked;
mod locked_away;
mod locked_before;
mod looking;
mod looks;
mod loss;
mod lost;
mod malformed;
mod malformed_http;
mod malformed_rpc;
#[cfg(target_os = "linux")]
mod memory;
mod order;
mod passing;
mod places;
mod planted;
mod precedence;
mod readme;
#[cfg(target_os = "linux")]
mod reload;
mod reread;
mod resolve;
mod scan;
mod secrecy;
mod secrets;
#[cfg(target_os = "linux")]
mod shared;
mod start;
mod stories;
mod stranger;
#[cfg(target_os = "linux")]
mod syscalls;
#[cfg(target_os = "linux")]
mod takeover;
mod too_large;
mod transfer;
#[cfg(target_os = "linux")]
mod unfinished;
mod unlocked;
#[cfg(target_os = "linux")]
mod unread;
mod upgrade;

fn main() -> std::process::ExitCode {
    vault_trial::main()
}
