//! The project's own commands, run as `cargo xtask COMMAND`.

mod backends;
mod bench;
mod check;
mod clients;
mod demo;
mod dotenv;
mod fuzz;
mod guard;
mod installed;
mod man;
mod mcp_clients;
mod package;
mod sanitize;
mod schema;
mod sdks;
mod survive;
mod test;

use std::process::ExitCode;

use clap::Parser;
use xtask::{outcome, sabotage, say, tool, turns, units, workspace};

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
    /// Runs every harness that breaks a vault at the size that each commit has to survive, and each sabotaged.
    Survive(survive::Args),
    /// Writes the man pages in docs/man from the definitions of the flags.
    Man,
    /// Writes docs/json-output.schema.json from the types that `vaultctl --json` prints.
    Schema,
    /// Measures the release build beside its floors and neighbours, and writes docs/performance.md.
    Bench(bench::Args),
    /// Runs the libraries and servers of platforms, and checks that each finds its key by `vaultctl run --skill`.
    Sdks(sdks::Args),
    /// Has five readers read the `.env` files of the tests, and writes down what each makes of them.
    Dotenv,
    /// Has the SDKs of MCP, `FastMCP`, Inspector, Google's SDK and Ajv drive `vaultctl mcp`.
    McpClients(mcp_clients::Args),
    /// Makes clients of the HTTP interface's description, and has them list, create, read and delete.
    Clients,
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
        Command::Survive(args) => survive::run(&args),
        Command::Man => man::renew().map(|()| ExitCode::SUCCESS),
        Command::Schema => schema::write().map(|()| ExitCode::SUCCESS),
        Command::Bench(args) => bench::run(&args),
        Command::Sdks(args) => sdks::run(&args),
        Command::Dotenv => dotenv::run(),
        Command::McpClients(args) => mcp_clients::run(&args),
        Command::Clients => clients::run(),
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
