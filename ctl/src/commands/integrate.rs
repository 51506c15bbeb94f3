//! `vaultctl integrate`

mod document;
mod lines;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault};

use super::mcp::{MOST_SECONDS, Toolset};
use crate::context::Context;
use crate::env;
use crate::failure::{Failure, in_words};
use crate::output_file::Target;
use crate::show::plain;
use document::{Document, Problem, Server};
use lines::Change;

/// The name of our server in a client's configuration.
const NAME: &str = "agenticmail-vault";
/// How long Codex is to wait for a tool's answer, in seconds: a minute longer than a command may take.
const CODEX_SECONDS: u32 = MOST_SECONDS + 60;
/// What some editors begin a file in UTF-8 with.
const MARK: &str = "\u{feff}";

/// Tells an AI agent's program to start `vaultctl mcp`.
///
/// Writes one entry into the program's own configuration and keeps every other byte of it. `--undo` takes the entry out
/// again, and removes a file that was made for it. `--home`, `--socket`, `--org` and `--token-file` go into the entry.
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
    /// Take the entry out, with what was made for it
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

    /// Reads the client's configuration.
    fn document(self, text: &str) -> Result<Document<'_>, Problem> {
        match self {
            Self::Codex => Document::toml(text),
            Self::Claude | Self::Cursor => Document::json(text),
        }
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
        let change = change.as_ref().map(|new| Change::between(&old, new));
        tell(args, context, &path, change.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the new text; an empty one if nothing is left of a file that was made for the entry.
fn changed(args: &IntegrateArgs, context: &Context, old: &str) -> Result<String, Problem> {
    let (mark, text) = old.strip_prefix(MARK).map_or(("", old), |text| (MARK, text));
    let new = if args.undo { undone(args.client, text) } else { with_us(args, context, text) }?;
    Ok(if new.is_empty() { new } else { mark.to_owned() + &new })
}

fn with_us(args: &IntegrateArgs, context: &Context, text: &str) -> Result<String, Problem> {
    let command = std::env::current_exe().map_err(|_| Problem::NoProgram)?.to_string_lossy().into_owned();
    let mut arguments = context.arguments("mcp");
    if args.tools == Toolset::Use {
        arguments.extend(["--tools".to_owned(), "use".to_owned()]);
    }
    let timeout = (args.tools == Toolset::All && args.client == Client::Codex).then_some(CODEX_SECONDS);
    args.client.document(text)?.with(NAME, &Server { command, arguments, timeout })
}

/// Takes the entry out, with what was made for it: a text that becomes this one by adding the entry was the text before.
fn undone(client: Client, text: &str) -> Result<String, Problem> {
    let document = client.document(text)?;
    let Some(server) = document.server(NAME) else {
        return if text.trim().is_empty() { Ok(text.to_owned()) } else { document.without(NAME) };
    };
    let makes_this = |before: &String| {
        let made = client.document(before).and_then(|document| document.with(NAME, &server));
        made.is_ok_and(|made| made == text)
    };
    let before = [Some(String::new()), client.document(text)?.without_servers()].into_iter().flatten();
    let rest = document.without(NAME)?;
    Ok(before.into_iter().find(makes_this).unwrap_or(rest))
}

fn told(path: &Path, problem: Problem) -> Failure {
    let path = plain(&path.display().to_string());
    let (message, hint) = match problem {
        Problem::Unreadable => ("it is not what its program can read", "fix it first; nothing was changed"),
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

/// Replaces the file whole, through a link to where it really is, with the rights that it had; removes it if it would be empty.
fn write(path: &Path, text: &str, context: &Context) -> Result<(), Failure> {
    let file = Target::with_folders(path, context)?;
    if text.is_empty() {
        return file.remove();
    }
    let mode = file.mode().unwrap_or(0o600);
    file.replace_with_mode(text.as_bytes(), mode)
}

fn tell(
    args: &IntegrateArgs,
    context: &Context,
    path: &Path,
    change: Option<&Change<'_>>,
) -> Result<(), Failure> {
    let (show, file, client) = (context.show, plain(&path.display().to_string()), args.client.label());
    let Some(change) = change else {
        return show.done(format_args!("nothing to change in {file}"));
    };
    if args.dry_run {
        show.done(format_args!("would change {file}:"))?;
        return change.shown().try_for_each(|line| show.line(line));
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
