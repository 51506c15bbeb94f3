//! `vault-bench`: measures the Vault beside its floors and its neighbours, and writes the page about it.
//!
//! ```text
//! run ──starts──> vaultd, echo, redis-server        what is measured
//!     └─starts──> load, writer, derive              one client process each, which prints its figures as JSON
//! ```
//!
//! A family of rows is one file: `requests`, `processes`, `memory`, `growth`, `reference`. Each takes its samples in
//! alternating rounds with those of its floor (`rounds`), and makes rows of them (`row`).

mod count;
mod derive;
mod echo;
mod growth;
mod home;
mod load;
mod machine;
mod memory;
mod page;
mod plan;
mod processes;
mod reference;
mod requests;
mod rounds;
mod row;
mod say;
mod writer;

use std::process::ExitCode;

use clap::Parser;

/// Measures the Vault beside its floors and its neighbours.
#[derive(Debug, Parser)]
#[command(name = "vault-bench")]
enum Command {
    /// Measures every row and prints the table.
    Run(plan::Args),
    /// Answers every HTTP request alike: the floor of a server.
    Echo(echo::Args),
    /// Asks a server over warm connections and prints how long that took.
    Load(load::Args),
    /// Commits audit rows to `SQLite` alone and prints how long that took.
    Writer(writer::Args),
    /// Does one thing again and again, for its instructions to be counted.
    Count(count::Args),
    /// Derives a master key and prints how long that took.
    Derive(derive::Args),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Run(args) => plan::run(&args),
        Command::Echo(args) => echo::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Writer(args) => writer::run(&args),
        Command::Count(args) => count::run(&args),
        Command::Derive(args) => derive::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::problem(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
