//! `vaultctl import`

mod agenticmail;
mod bitwarden;
mod csv;
mod document;
mod dotenv;
mod found;
mod items;
mod json;
mod layout;
mod onepassword;
mod parts;
mod pass;
mod plan;
mod refs;
mod settings;
mod shape;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault, Imported, OnConflict};

use self::found::Found;
use self::parts::Parts;
pub(super) use self::refs::is_copy;
use crate::context::Context;
use crate::failure::Failure;
use crate::quote::for_argument;
use crate::show::plain;

/// Brings secrets in from elsewhere, all of them or none.
///
/// The plan is printed before anything is stored. More than 2 MiB or 10,000 secrets come in by parts, each whole or not at all. What cannot be taken is named, and then nothing is stored unless
/// --skip-bad is given. From a .env file a variable that a platform's tools read gets that platform's name
/// (`OPENAI_API_KEY` becomes `skill:openai:access_token`), any other keeps its own; with --prefix every one keeps its
/// own after the prefix. Settings, such as `NODE_ENV` or a region, stay where they are, each with a note that says why,
/// unless --only names them. `agenticmail` takes its database or a JSON array of rows of `vault_entries`; `pass` a store's
/// folder, opened by gpg; `1password` its CSV or the JSON of `op item get`; `bitwarden` its unencrypted JSON or CSV; `lastpass` and `chrome` (Edge, Brave …) their CSV. A file of another format is refused by its name. Where anything is left out, the exit code is 2.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl import dotenv .env --dry-run
  vaultctl import dotenv .env --replace-with-refs
  vaultctl import dotenv .env --only 'DB_*' --skip DB_NAME
  vaultctl import agenticmail ~/.agenticmail/agenticmail.db --env-file ~/.agenticmail/.env
  vaultctl import bitwarden export.json --on-conflict skip
  vaultctl export --reveal --format json | ssh host vaultctl import json -")]
pub(crate) struct ImportArgs {
    /// dotenv, json, agenticmail, pass, 1password, bitwarden, lastpass or chrome
    #[arg(hide_possible_values = true)]
    format: Format,
    /// The file, or `-` for stdin; a folder for pass [default for pass: ~/.password-store]
    file: Option<PathBuf>,
    /// Print the plan, and store nothing; exits 7 where names are taken
    #[arg(long)]
    dry_run: bool,
    /// Put this before each name
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// What to do about names that are there: fail, skip or overwrite
    #[arg(long, value_name = "WHAT", default_value = "fail", hide_possible_values = true)]
    on_conflict: Conflict,
    /// Leave out what cannot be taken, and store the rest
    #[arg(long)]
    skip_bad: bool,
    /// The file with the `AGENTICMAIL_VAULT_KEY` of agenticmail's rows [default: .env in the home]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Take these variables of a .env file alone, settings too; `*` is any text
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Leave these variables of a .env file where they are
    #[arg(long, value_name = "PATTERN")]
    skip: Vec<String>,
    /// Put `vault://NAME` into the .env file in place of each value; a sealed copy of it goes into the vault
    #[arg(long)]
    replace_with_refs: bool,
}

/// Where secrets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines of `NAME=value`.
    Dotenv,
    /// An object of values by name, or a list of entries as `export` writes it.
    Json,
    /// `AgenticMail`'s rows.
    Agenticmail,
    /// The store of the standard Unix password manager.
    Pass,
    /// 1Password's exports.
    #[value(name = "1password")]
    OnePassword,
    /// Bitwarden's exports.
    Bitwarden,
    /// `LastPass`'s CSV.
    Lastpass,
    /// The CSV of Chrome and of browsers like it.
    Chrome,
}

/// What to do about names that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Conflict {
    /// Store nothing at all.
    Fail,
    /// Leave what is there.
    Skip,
    /// Give it the new value, as a new version.
    Overwrite,
}

impl From<Conflict> for OnConflict {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Fail => Self::Fail,
            Conflict::Skip => Self::Skip,
            Conflict::Overwrite => Self::Overwrite,
        }
    }
}

/// What was stored, and what was not, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Answer<'a> {
    #[serde(flatten)]
    imported: &'a Imported,
    bad: &'a [String],
    notes: &'a [String],
}

/// Reads the source, prints the plan and stores it.
pub(super) fn run(args: &ImportArgs, context: &Context) -> Result<ExitCode, Failure> {
    check(args)?;
    context.unlocked()?;
    let mut found = read(args, context)?;
    let mut entries = found.entries(args.prefix.as_deref(), context)?;
    found.notes.iter().for_each(|note| context.show.note(format_args!("note: {}", plain(note))));
    refuse_bad(args, &found, context)?;
    if entries.is_empty() && (!args.replace_with_refs || found.settled.is_empty()) {
        context.show.note("there is nothing to import");
        answer(&Imported { dry_run: args.dry_run, ..Imported::none() }, &found, context)?;
        return Ok(found.exit());
    }
    if args.replace_with_refs {
        entries.push(refs::copy(path(args)?, context)?);
    }
    let said = |failure| in_options(failure, args, context);
    let parts = Parts::of(entries, args.on_conflict.into())?;
    let foreseen = parts.foresee(context).map_err(said)?;
    plan::print(&foreseen, &found, context)?;
    if foreseen.conflicts > 0 {
        context.show.note(around(args, context));
    }
    if args.dry_run {
        answer(&foreseen, &found, context)?;
        let taken = foreseen.conflicts > 0;
        return Ok(if taken { ExitCode::from(Code::Conflict.exit()) } else { found.exit() });
    }
    let imported = parts.store(&foreseen, go_on(args), context).map_err(said)?;
    let replaced =
        if args.replace_with_refs { refs::replace(path(args)?, &imported, &found, context)? } else { 0 };
    answer(&imported, &found, context)?;
    plan::summary(&imported, replaced, context)?;
    Ok(found.exit())
}

fn check(args: &ImportArgs) -> Result<(), Failure> {
    if args.file.is_none() && args.format != Format::Pass {
        return Err(Failure::usage("no file is named", "name it after the format, or `-` for stdin"));
    }
    let from_stdin = args.file.as_deref().is_some_and(|file| file.as_os_str() == "-");
    if args.replace_with_refs && (args.format != Format::Dotenv || from_stdin) {
        return Err(Failure::usage(
            "--replace-with-refs is for a .env file",
            "use it with: import dotenv FILE",
        ));
    }
    if args.format != Format::Dotenv && !(args.only.is_empty() && args.skip.is_empty()) {
        return Err(Failure::usage(
            "--only and --skip are for a .env file",
            "use them with: import dotenv FILE",
        ));
    }
    if args.env_file.is_some() && args.format != Format::Agenticmail {
        return Err(Failure::usage("--env-file is for agenticmail", "name the file to import without it"));
    }
    Ok(())
}

fn path(args: &ImportArgs) -> Result<&std::path::Path, Failure> {
    args.file.as_deref().ok_or_else(|| Failure::usage("no file is named", "name it after the format"))
}

fn read(args: &ImportArgs, context: &Context) -> Result<Found, Failure> {
    match args.format {
        Format::Pass => pass::read(args.file.as_deref(), context),
        Format::Agenticmail => agenticmail::read(path(args)?, args.env_file.as_deref(), context),
        Format::Dotenv => {
            let choice = settings::Choice { only: &args.only, skip: &args.skip };
            dotenv::read(path(args)?, args.prefix.as_deref(), choice)
        }
        Format::Json => json::read(path(args)?),
        Format::OnePassword => onepassword::read(path(args)?),
        Format::Bitwarden => bitwarden::read(path(args)?),
        Format::Lastpass => layout::read_file(&layout::LASTPASS, path(args)?),
        Format::Chrome => layout::read_file(&layout::CHROME, path(args)?),
    }
}

/// Names what cannot be taken; without --skip-bad nothing else is.
fn refuse_bad(args: &ImportArgs, found: &Found, context: &Context) -> Result<(), Failure> {
    if found.bad.is_empty() {
        return Ok(());
    }
    if !args.skip_bad {
        let all = found.bad.join("\n  ");
        let message = format!("nothing was stored; these cannot be taken:\n  {all}");
        let hint = "fix them, or leave them out with --skip-bad";
        return Err(Fault::new(Code::InvalidRequest, message).hint(hint).into());
    }
    found.bad.iter().for_each(|bad| context.show.note(format_args!("left out: {}", plain(bad))));
    Ok(())
}

fn answer(imported: &Imported, found: &Found, context: &Context) -> Result<(), Failure> {
    if context.show.is_json() {
        context.show.json(&Answer { imported, bad: &found.bad, notes: &found.notes })?;
    }
    Ok(())
}

/// Names this program's options where the daemon names its fields.
fn in_options(failure: Failure, args: &ImportArgs, context: &Context) -> Failure {
    match failure {
        Failure::Fault(fault) if fault.code == Code::Conflict => fault.hint(around(args, context)).into(),
        failure => failure,
    }
}

/// Says how the rest of an import comes in of which parts are stored.
fn go_on(args: &ImportArgs) -> &'static str {
    match args.on_conflict {
        Conflict::Fail if args.replace_with_refs => "run it again with --on-conflict overwrite",
        Conflict::Fail => "run it again with --on-conflict skip, which leaves what is stored",
        Conflict::Skip | Conflict::Overwrite => "run it again",
    }
}

/// Says what can be done about names that are there: most often they are another project's.
fn around(args: &ImportArgs, context: &Context) -> String {
    let replaced =
        "leave them with --on-conflict skip, or give them the new values with --on-conflict overwrite";
    let (Format::Dotenv, Some(file)) = (args.format, &args.file) else { return replaced.to_owned() };
    let folder = std::path::absolute(file).ok().and_then(|file| Some(file.parent()?.file_name()?.to_owned()));
    let project = folder.and_then(|folder| folder.into_string().ok()).unwrap_or_else(|| "project".to_owned());
    let refs = if args.replace_with_refs { " --replace-with-refs" } else { "" };
    let import = format!("import dotenv {}{refs}", for_argument(&file.to_string_lossy()).as_str());
    let org = context.command(&format!("--org {} {import}", for_argument(&project).as_str()));
    let prefix =
        context.command(&format!("{import} --prefix {}", for_argument(&format!("{project}-")).as_str()));
    plain(&format!("keep a second project's apart with: {org}; or: {prefix}; or {replaced}"))
}
