//! `vaultctl integrate`

mod document;

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault};
use vault::files;

use super::mcp::Toolset;
use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};
use crate::output_file;
use crate::show::plain;
use document::{Document, Problem, Server};

/// The name of our server in a client's configuration.
const NAME: &str = "agenticmail-vault";

/// Tells an AI agent's program to start `vaultctl mcp`.
///
/// Writes one entry into the program's own configuration and keeps every other byte of it. `--undo` takes the entry out
/// again. `--home`, `--socket`, `--org` and `--token-file` go into the entry.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl integrate claude --dry-run
  vaultctl integrate codex
  vaultctl integrate codex --tools use        without run_command
  vaultctl integrate cursor --project         in .cursor/mcp.json of this folder
  vaultctl integrate claude --undo")]
pub(crate) struct IntegrateArgs {
    /// claude (Claude Code), codex or cursor
    client: Client,
    /// For the project in this folder alone
    #[arg(long)]
    project: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the entry out
    #[arg(long)]
    undo: bool,
    /// The tools that the agent gets: with `all` also `run_command`, whose commands run outside the agent's sandbox
    #[arg(long, value_enum, default_value_t)]
    tools: Toolset,
}

/// A program that starts MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Cursor.
    Cursor,
}

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    User,
    Project,
}

impl Client {
    /// Gives the file that has the client's servers.
    fn file(self, scope: Scope) -> Result<PathBuf, Failure> {
        let home = || {
            env::user_folder()
                .ok_or_else(|| Failure::usage("there is no home folder", "set HOME, or add --project"))
        };
        Ok(match (self, scope) {
            (Self::Claude, Scope::User) => home()?.join(".claude.json"),
            (Self::Claude, Scope::Project) => ".mcp.json".into(),
            (Self::Codex, Scope::User) => match env::codex_folder() {
                Some(folder) => folder.join("config.toml"),
                None => home()?.join(".codex/config.toml"),
            },
            (Self::Codex, Scope::Project) => ".codex/config.toml".into(),
            (Self::Cursor, Scope::User) => home()?.join(".cursor/mcp.json"),
            (Self::Cursor, Scope::Project) => ".cursor/mcp.json".into(),
        })
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
            Self::Cursor => "Cursor",
        }
    }
}

/// What was done, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Integrated {
    file: PathBuf,
    changed: bool,
    dry_run: bool,
}

/// Reads the client's file, changes the entry and writes the file.
pub(super) fn run(args: &IntegrateArgs, context: &Context) -> Result<ExitCode, Failure> {
    let path = args.client.file(if args.project { Scope::Project } else { Scope::User })?;
    let old = read(&path)?;
    let new = changed(args, context, &old).map_err(|problem| told(&path, problem))?;
    let change = (new != old).then_some(new);
    if let Some(new) = change.as_ref().filter(|_| !args.dry_run) {
        write(&path, new, context)?;
    }
    if context.show.is_json() {
        let done = Integrated { file: path, changed: change.is_some(), dry_run: args.dry_run };
        context.show.json(&done)?;
    } else {
        tell(args, context, &path, change.as_deref().map(|new| (old.as_str(), new)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn changed(args: &IntegrateArgs, context: &Context, old: &str) -> Result<String, Problem> {
    if args.undo && old.trim().is_empty() {
        return Ok(old.to_owned());
    }
    let document = match args.client {
        Client::Codex => Document::toml(old)?,
        Client::Claude | Client::Cursor => Document::json(old)?,
    };
    if args.undo {
        return document.without(NAME);
    }
    let command = std::env::current_exe().map_err(|_| Problem::NoProgram)?.to_string_lossy().into_owned();
    let mut arguments = context.arguments("mcp");
    if args.tools == Toolset::Use {
        arguments.extend(["--tools".to_owned(), "use".to_owned()]);
    }
    document.with(NAME, &Server { command, arguments })
}

fn told(path: &Path, problem: Problem) -> Failure {
    let path = plain(&path.display().to_string());
    let (message, hint) = match problem {
        Problem::Unreadable => ("it is not what its program can read", "mend it first; nothing was changed"),
        Problem::Taken => (
            "it has a server of our name that is another's",
            "take it out by hand, or rename it; nothing was changed",
        ),
        Problem::NoProgram => ("this program's own path is unknown", "start it by its full path"),
    };
    Fault::new(Code::Conflict, format!("{path}: {message}")).hint(hint).into()
}

fn read(path: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            let message = format!("{}: {}", plain(&path.display().to_string()), in_words(&error));
            Err(Failure::usage(message, "make it a file that you may read and write"))
        }
    }
}

/// Replaces the file whole, through a link to where it really is, with the rights that it had.
fn write(path: &Path, text: &str, context: &Context) -> Result<(), Failure> {
    let real = output_file::followed(path, &context.home)?;
    replace(&real, text).map_err(|error| Failure::file(path, &error))
}

fn replace(real: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = real.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mode = std::fs::metadata(real).map(|meta| meta.permissions().mode() & 0o777);
    files::replace_private(real, text.as_bytes())?;
    match mode {
        Ok(mode) => std::fs::set_permissions(real, std::fs::Permissions::from_mode(mode)),
        Err(_) => Ok(()),
    }
}

fn tell(
    args: &IntegrateArgs,
    context: &Context,
    path: &Path,
    change: Option<(&str, &str)>,
) -> Result<(), Failure> {
    let (show, file, client) = (context.show, plain(&path.display().to_string()), args.client.label());
    let Some((old, new)) = change else {
        return show.done(format_args!("nothing to change in {file}"));
    };
    if args.dry_run {
        show.done(format_args!("would change {file}:"))?;
        return difference(old, new).try_for_each(|line| show.line(line));
    }
    if args.undo {
        return show.done(format_args!("took the vault out of {file}"));
    }
    show.done(format_args!("wrote the vault into {file}; start {client} again to use it"))?;
    if args.tools == Toolset::All {
        show.note(format_args!(
            "note: run_command runs outside of {client}'s sandbox; leave it out with: --tools use"
        ));
    }
    Ok(())
}

/// Gives the lines that are taken out and put in, between what both texts begin and end with.
fn difference<'t>(old: &'t str, new: &'t str) -> impl Iterator<Item = String> + 't {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = old.iter().zip(&new).take_while(same).count();
    let most = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
    let part = |lines: &[&str], sign: &str| {
        let lines = lines.get(before..lines.len() - after).unwrap_or_default();
        lines.iter().map(|line| format!("{sign} {}", plain(line))).collect::<Vec<_>>()
    };
    part(&old, "-").into_iter().chain(part(&new, "+"))
}
