//! `vaultctl export`

mod portions;
mod text;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vault::api::{Code, ExportedSecret, Fault, Warning};
use vault::discovery::{Passed, is_made_up};
use vault::domain::{OrgId, SecretName};
use vault::presets::Presets;
use zeroize::Zeroizing;

use super::import::is_copy;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::{Target, Unfinished};
use crate::quote;
use crate::show::{Show, counted, plain};
use crate::variables::{both, twice_made_up};
use portions::{Portions, Told};
use text::Json;

/// What to do where the output cannot be that file.
const INSTEAD: &str = "write to stdout: leave --output out";

/// Writes all secrets out with their values, only with --reveal.
///
/// JSON holds everything but older values, and `vaultctl import json` takes it; dotenv holds values under the variables
/// that platforms' tools read, else the names as variables, and leaves out and names what has none. A file is made with mode 0600 and is not replaced unless
/// --force is given. What has expired is left out and named. Each secret is recorded as exported.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl export --reveal --output secrets.json
  vaultctl export --reveal --format dotenv --output .env
  vaultctl --org '*' export --reveal | ssh host vaultctl import json -")]
pub(crate) struct ExportArgs {
    /// Yes, write the values in clear
    #[arg(long)]
    reveal: bool,
    /// How to write them: json or dotenv
    #[arg(long, default_value = "json", hide_possible_values = true)]
    format: Format,
    /// Where to write them [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file, where it is there
    #[arg(long, requires = "output")]
    force: bool,
}

/// How to write secrets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything.
    Json,
    /// `NAME=value`.
    Dotenv,
}

/// Asks for all values and writes them.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.reveal {
        let hint = "if that is what you want, add --reveal; a sealed copy is the vault's own file";
        return Err(Failure::usage("export writes every value in clear", hint));
    }
    let mut sink = Sink::of(args, context)?;
    let mut portions = Portions::of(context)?;
    match args.format {
        Format::Json => json(&mut portions, &mut sink)?,
        Format::Dotenv => {
            let mut secrets = Vec::new();
            while let Some(more) = portions.next()? {
                secrets.extend(more);
            }
            sink.put(&dotenv(&secrets, context)?)?;
        }
    }
    sink.end(args)?;
    report(args, &portions.told, context)
}

fn json(portions: &mut Portions<'_>, sink: &mut Sink) -> Result<(), Failure> {
    // Where the first portion is refused, nothing is written.
    let mut next = portions.next()?;
    let (mut json, begin) = Json::begin()?;
    sink.put(&begin)?;
    while let Some(secrets) = next {
        sink.put(&json.secrets(&secrets)?)?;
        drop(secrets);
        next = portions.next()?;
    }
    sink.put(&json.end(&portions.told.left_out)?)
}

/// Where an export is written.
enum Sink {
    /// A file, which takes its place when it is whole.
    File(PathBuf, Unfinished),
    /// stdout.
    Stdout(Show),
}

impl Sink {
    fn of(args: &ExportArgs, context: &Context) -> Result<Self, Failure> {
        let Some(path) = &args.output else { return Ok(Self::Stdout(context.show)) };
        let target = Target::find(path, context)?.regular(INSTEAD)?;
        if target.is_there() && !args.force {
            let message = format!("{} is there already", path.display());
            let hint = "choose another file, or replace it with --force";
            return Err(Fault::new(Code::Conflict, message).hint(hint).into());
        }
        Ok(Self::File(path.clone(), target.begin()?))
    }

    fn put(&mut self, text: &[u8]) -> Result<(), Failure> {
        match self {
            Self::File(path, file) => file.write_all(text).map_err(|error| Failure::file(path, &error)),
            Self::Stdout(show) => show.revealed(&String::from_utf8_lossy(text)),
        }
    }

    fn end(self, args: &ExportArgs) -> Result<(), Failure> {
        let Self::File(path, file) = self else { return Ok(()) };
        let ended = if args.force { file.replace() } else { file.create() };
        ended.map_err(|error| Failure::file(&path, &error))
    }
}

/// Names what was left out; what does not authenticate makes the export a failure.
fn report(args: &ExportArgs, told: &Told, context: &Context) -> Result<ExitCode, Failure> {
    for left in &told.left_out {
        let (name, why) = (plain(left.name.as_str()), plain(&left.error));
        context.show.note(format_args!("left out: {name}: {why}"));
    }
    if told.changed {
        let hint = "export again for the values of one moment";
        context.show.warning(&Warning::new("changed", "secrets were changed while they were written", hint));
    }
    if let Some(path) = &args.output {
        let secrets = counted(told.secrets, "secret");
        context.show.done(format_args!("wrote {secrets} to {} in clear, mode 0600", path.display()))?;
    }
    Ok(if told.is_damaged() { ExitCode::from(Code::Integrity.exit()) } else { ExitCode::SUCCESS })
}

/// Writes each secret under a variable, and notes those that have none.
///
/// # Errors
/// `conflict` if the presets of two secrets name one variable, or two orgs have secrets for it. Of those of one platform the first
/// that `resolve` tries has it; of those of one org whose variable is made of their names neither.
fn dotenv(entries: &[ExportedSecret], context: &Context) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let variables = variables(entries, context);
    let mut text = Zeroizing::new(Vec::new());
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for secret in entries {
        let name = secret.name.as_str();
        let Some(variable) = variables.get(&(&secret.org_id, &secret.name)) else { continue };
        if let Some(left_out) = rival(secret, &variables) {
            context.show.note(format_args!("left out: {left_out}"));
            continue;
        }
        if let Some(other) = known.insert(variable, name) {
            let hint = "nothing was written; use --format json, or one org with --org";
            return Err(both(variable, other, name).hint(hint).into());
        }
        text.extend_from_slice(variable.as_bytes());
        text.push(b'=');
        text.extend_from_slice(in_dotenv(secret)?.as_bytes());
        text.push(b'\n');
    }
    Ok(text)
}

/// Says that a secret is left out, if its variable is made of its name and another secret of its org would go into it too.
fn rival(secret: &ExportedSecret, variables: &BTreeMap<Place<'_>, String>) -> Option<String> {
    let variable = variables.get(&(&secret.org_id, &secret.name)).filter(|_| is_made_up(&secret.name))?;
    let is_rival = |((org, name), known): &(&Place<'_>, &String)| {
        **org == secret.org_id && **name != secret.name && *known == variable
    };
    let ((_, other), _) = variables.iter().find(is_rival)?;
    Some(twice_made_up(&secret.name, variable, other))
}

/// Quotes a secret's value.
///
/// # Errors
/// `invalid_request`, with the secret's name, if no `.env` file can hold it.
fn in_dotenv(secret: &ExportedSecret) -> Result<Zeroizing<String>, Failure> {
    let value = secret.value.value().expose();
    let quoted = if value.contains('\0') { None } else { quote::for_dotenv(value) };
    quoted.ok_or_else(|| {
        let message = format!("{}: {}", plain(secret.name.as_str()), quote::NO_DOTENV);
        Failure::usage(message, "nothing was written; use --format json")
    })
}

/// A secret's org and name.
type Place<'e> = (&'e OrgId, &'e SecretName);

/// Chooses the variable of each secret.
fn variables<'e>(entries: &'e [ExportedSecret], context: &Context) -> BTreeMap<Place<'e>, String> {
    let mut families: BTreeMap<(&OrgId, &str), Vec<&SecretName>> = BTreeMap::new();
    let (copies, others): (Vec<_>, Vec<_>) = entries.iter().partition(|secret| is_copy(secret));
    for copy in copies {
        let name = plain(copy.name.as_str());
        context.show.note(format_args!("left out: {name}: it is a file, and no variable's value"));
    }
    for secret in others {
        let platform = secret.name.skill().map_or(secret.name.as_str(), |(platform, _)| platform);
        let family = Presets::builtin().canonical(platform).unwrap_or(platform);
        families.entry((&secret.org_id, family)).or_default().push(&secret.name);
    }
    let mut chosen = BTreeMap::new();
    for ((org, family), names) in families {
        let Passed { secrets, left_out } = Passed::of(family, &names);
        for (name, why) in left_out {
            let (name, why) = (plain(name.as_str()), plain(&why.to_string()));
            context.show.note(format_args!("left out: {name}: {why}"));
        }
        let first = |(name, variables): (_, Vec<String>)| Some(((org, name), variables.into_iter().next()?));
        chosen.extend(secrets.into_iter().filter_map(first));
    }
    chosen
}
