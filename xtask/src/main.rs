//! The project's own commands, run as `cargo xtask COMMAND`.

mod backends;
mod bench;
mod check;
mod conform;
mod crash;
mod damage;
mod demo;
mod faults;
mod fuzz;
mod guard;
mod malformed;
mod man;
mod outcome;
mod package;
mod powercut;
mod sabotage;
mod sanitize;
mod say;
mod schema;
mod shim;
mod soak;
mod steps;
mod survive;
mod test;
mod tool;
mod turns;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Shows the vault at work: stores a secret, reads it three ways, looks for it on the disk, checks the log.
    Demo(demo::Args),
    /// Runs every test: the workspace's with nextest, and the examples in the documentation.
    Test(test::Args),
    /// Runs the tests of memory with each backend of the ciphers, and with the programs as released.
    Backends,
    /// Kills a daemon again and again under load, and checks that it loses nothing that it acknowledged.
    Crash(crash::Args),
    /// Hurts a vault's file in thousands of ways, and checks that each is told and nothing wrong handed out.
    Damage(damage::Args),
    /// Sends mangled requests of every operation over the real socket, and checks every answer.
    Malformed(malformed::Args),
    /// Has schemathesis ask for everything that the description of the interface names, and checks every answer by it.
    Conform(conform::Args),
    /// Cuts the power anywhere in what a vault writes, on paper, and opens what would be on the disk.
    Powercut(powercut::Args),
    /// Has the disk refuse calls while a vault works, and checks that every answer is honest.
    Faults(faults::Args),
    /// Kills a rekey, a rotation of all, a start and a restore right after each call that they make on a file.
    Steps(steps::Args),
    /// Works with a daemon for a long time in every way, and checks that nothing grew, went missing or went wrong.
    Soak(soak::Args),
    /// Runs every harness that breaks a vault at the size that each commit has to survive, and each sabotaged.
    Survive(survive::Args),
    /// Writes the man pages in docs/man from the definitions of the flags.
    Man,
    /// Writes docs/json-output.schema.json from the types that `vaultctl --json` prints.
    Schema,
    /// Measures the release build beside its floors and neighbours, and writes docs/performance.md.
    Bench(bench::Args),
    /// Runs every parser of what comes from outside on inputs that libFuzzer makes up.
    Fuzz(fuzz::Args),
    /// Counts the instructions of a request's parts, and fails where one takes a tenth more than was committed.
    Guard(guard::Args),
    /// Runs the tests of the one crate with unsafe code under `AddressSanitizer`.
    Sanitize(sanitize::Args),
    /// Checks what is checked before a commit: format, lints, documentation, dependencies, style.
    Check(check::Args),
    /// Makes the package for Debian from a release build, which takes some minutes.
    Package,
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Backends => backends::run(),
        Command::Crash(args) => crash::run(&args),
        Command::Damage(args) => damage::run(&args),
        Command::Malformed(args) => malformed::run(&args),
        Command::Conform(args) => conform::run(&args),
        Command::Powercut(args) => powercut::run(&args),
        Command::Faults(args) => faults::run(&args),
        Command::Steps(args) => steps::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Survive(args) => survive::run(&args),
        Command::Man => man::renew().map(|()| ExitCode::SUCCESS),
        Command::Schema => schema::write().map(|()| ExitCode::SUCCESS),
        Command::Bench(args) => bench::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Guard(args) => guard::run(&args),
        Command::Sanitize(args) => sanitize::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Package => package::run(),
    };
    done.unwrap_or_else(|error| {
        say::problem(format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}
