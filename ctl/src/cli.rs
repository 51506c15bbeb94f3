//! The arguments, and the one way from them to a command and its exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};
use vault::domain::{Invalid, OrgScope};

use crate::commands::Command;
use crate::complete::Completes;
use crate::context::Context;
use crate::show::Show;
use crate::usage;

/// Keeps the keys of AI agents in an encrypted vault, and says who looked at them.
///
/// A value is never an argument: it is typed at a prompt without echo, piped in, or read from a file.
#[derive(Debug, Parser)]
#[command(
    name = "vaultctl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  vaultctl init                          make a vault, once
  vaultd &                               start the daemon
  vaultctl add openai                    store a platform's keys
  vaultctl get openai                    print a value
  vaultctl list                          see what there is
  vaultctl audit --since 2h              see who looked

Exit codes:
  0 done   1 failed   2 asked wrongly   3 not found   4 locked   5 not allowed   7 conflict
  8 damaged or disk full   9 a check found something   69 no daemon   75 busy"
)]
pub(crate) struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The daemon's socket, else `AGENTICMAIL_VAULT_SOCKET`, else vault.sock in the home
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The vault's folder, else `AGENTICMAIL_HOME`, else ~/.agenticmail
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) home: Option<PathBuf>,
    /// A private file with the token of the agent to speak as, else `AGENTICMAIL_VAULT_TOKEN`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The tenant, else `AGENTICMAIL_VAULT_ORG`; `*` is all of them where a command can mean all [default: default]
    #[arg(long, global = true, value_name = "ORG", value_parser = org_scope, add = Completes::Org)]
    pub(crate) org: Option<OrgScope>,
    /// Answer in JSON, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but what was asked for, and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to colour: auto, always or never; `NO_COLOR` is obeyed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(crate) color: ColorWhen,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

fn org_scope(text: &str) -> Result<OrgScope, Invalid> {
    OrgScope::try_from(text.to_owned())
}

/// Runs the command that the arguments name and gives its exit code.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    match parse_one(arguments).map_or_else(|| Cli::try_parse_from(arguments), Ok) {
        Ok(cli) => dispatch(cli),
        Err(error) => usage::end(&error, arguments, &Cli::command()),
    }
}

/// Parses for the one command that the arguments seem to name; nothing where that does not succeed.
///
/// Describing all commands with all their options takes longer than asking the daemon.
fn parse_one(arguments: &[OsString]) -> Option<Cli> {
    let words = arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    let one = words.into_iter().find_map(Command::described)?;
    let program = Global::augment_args(clap::Command::new("vaultctl")).subcommand(one);
    let mut found = program.try_get_matches_from(arguments).ok()?;
    Cli::from_arg_matches_mut(&mut found).ok()
}

fn dispatch(cli: Cli) -> ExitCode {
    let show = Show::new(&cli.global);
    let ended = Context::new(cli.global, show).and_then(|context| cli.command.run(&context));
    ended.unwrap_or_else(|failure| {
        show.failure(&failure);
        failure.exit()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn each_command_alone_is_parsed_as_among_all() {
        for all in Cli::command().get_subcommands() {
            let one = Command::described(all.get_name()).unwrap_or_else(|| panic!("{}", all.get_name()));
            let parts = |command: &clap::Command| {
                let options = command.get_arguments().map(|option| format!("{option:?}"));
                let below = command.get_subcommands().map(|below| below.get_name().to_owned());
                options.chain(below).collect::<Vec<_>>()
            };
            assert_eq!(parts(all), parts(&one), "{}", all.get_name());
        }
    }

    #[test]
    fn a_line_that_one_command_understands_means_the_same_to_all() {
        for line in [
            "get openai",
            "--home /tmp/h get openai --version 3 --json",
            "get get",
            "run -- get list",
            "agent list --org *",
        ] {
            let alone = parse_one(&words(line)).expect(line);
            assert_eq!(format!("{:?}", Cli::try_parse_from(words(line)).unwrap()), format!("{alone:?}"));
        }
    }

    #[test]
    fn a_line_that_the_first_word_does_not_explain_is_left_to_all() {
        for line in
            ["get", "help get", "get --help", "--home get list", "list --nothing", "ls", "nothing", ""]
        {
            assert!(parse_one(&words(line)).is_none(), "{line}");
        }
    }

    fn words(line: &str) -> Vec<OsString> {
        ["vaultctl"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect()
    }

    #[test]
    fn every_command_has_a_sentence_and_an_example_of_itself() {
        for command in Cli::command().get_subcommands() {
            assert_explained(command, "vaultctl");
        }
    }

    fn assert_explained(command: &clap::Command, above: &str) {
        let words = format!("{above} {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{words}");
        assert!(examples.starts_with("Examples:\n  "), "{words}");
        assert!(examples.contains(&words), "no example of: {words}");
        command.get_subcommands().for_each(|below| assert_explained(below, &words));
    }
}
