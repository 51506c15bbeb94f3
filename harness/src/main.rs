//! The campaigns that break a vault, run as `cargo harness COMMAND`.

#[cfg(target_os = "linux")]
mod bulk;
mod conform;
mod crash;
mod damage;
mod faults;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(target_os = "linux")]
mod limited;
mod malformed;
#[cfg(target_os = "linux")]
mod owner;
mod powercut;
mod soak;
mod steps;
mod world;

use std::process::ExitCode;

use clap::Parser;
use xtask::say;

/// Campaigns that break a vault, and judge what it says and does afterwards.
#[derive(Debug, Parser)]
#[command(name = "cargo harness", bin_name = "cargo harness")]
enum Command {
    /// Kills a daemon again and again under load, and checks that it loses nothing that it acknowledged.
    Crash(crash::Args),
    /// Damages a vault's file in thousands of ways, and checks that each is reported and nothing wrong is returned.
    Damage(damage::Args),
    /// Sends mangled requests of every operation over the real socket, and checks every answer.
    Malformed(malformed::Args),
    /// Has schemathesis ask for everything in the description of the interface, and checks every answer by it.
    Conform(conform::Args),
    /// Cuts the power at any point of what a vault writes, on recordings, and opens what would be on the disk.
    Powercut(powercut::Args),
    /// Has the disk refuse calls while a vault works, and checks that every answer is honest.
    Faults(faults::Args),
    /// Floods a daemon that has little memory with requests whose answers are not read, and times an owner meanwhile.
    #[cfg(target_os = "linux")]
    Flood(flood::Args),
    /// Rotates, rekeys and exports a large vault by a daemon that has little memory, and times an owner meanwhile.
    #[cfg(target_os = "linux")]
    Bulk(bulk::Args),
    /// Kills a rekey, a rotation of all, a start and a restore after each call that they make on a file.
    Steps(steps::Args),
    /// Works with a daemon for a long time in every way, and checks that nothing grew, went missing or went wrong.
    Soak(soak::Args),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Crash(args) => crash::run(&args),
        Command::Damage(args) => damage::run(&args),
        Command::Malformed(args) => malformed::run(&args),
        Command::Conform(args) => conform::run(&args),
        Command::Powercut(args) => powercut::run(&args),
        Command::Faults(args) => faults::run(&args),
        #[cfg(target_os = "linux")]
        Command::Flood(args) => flood::run(&args),
        #[cfg(target_os = "linux")]
        Command::Bulk(args) => bulk::run(&args),
        Command::Steps(args) => steps::run(&args),
        Command::Soak(args) => soak::run(&args),
    };
    done.unwrap_or_else(|error| {
        say::problem(format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}
