//! `vaultctl resolve`

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vault::api::{Resolve, ResolveMany, ResolvedMany};

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::Meant;
use crate::references::Values;
use crate::variables::{Passed, misfit};

use super::env::{self, assignments};

/// What to do about a secret without a variable.
const INSTEAD: &str = "print the value alone: vaultctl get ";

/// Prints a platform's values, found as agents find them.
///
/// A field names one value. Without it, `raw` prints the platform's key, and the other formats print all its fields.
/// JSON is the daemon's answer: one value for a field, `values` for a platform.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl resolve openai
  vaultctl resolve aws secret_access_key
  eval \"$(vaultctl resolve aws --format env)\"
  vaultctl resolve smtp --format dotenv | ssh host 'cat > .env'")]
pub(crate) struct ResolveArgs {
    /// A platform, or another name for it
    #[arg(add = Completes::Stored)]
    platform: String,
    /// One of its fields
    field: Option<String>,
    /// How to print them: raw, env (for a shell), dotenv or json [default: raw]
    #[arg(long, hide_possible_values = true, conflicts_with = "json")]
    format: Option<Format>,
}

/// How to print values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The value alone.
    Raw,
    /// `export NAME='value'`
    Env,
    /// `NAME=value`
    Dotenv,
    /// The daemon's answer.
    Json,
}

/// Finds the values and prints them.
pub(super) fn run(args: &ResolveArgs, context: &Context) -> Result<ExitCode, Failure> {
    let usual = if context.show.is_json() { Format::Json } else { Format::Raw };
    let format = args.format.unwrap_or(usual);
    let Meant { context, asked: platform } = &Meant::of(&args.platform, context)?;
    let args = &ResolveArgs { platform: platform.clone(), field: args.field.clone(), format: args.format };
    if format == Format::Raw || (format == Format::Json && is_field(args)) {
        one(args, format, context)?;
    } else {
        many(args, format, context)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells whether a field is asked for, beside its platform or by its full name.
fn is_field(args: &ResolveArgs) -> bool {
    let skill = args.platform.strip_prefix("skill:");
    args.field.is_some() || skill.is_some_and(|skill| skill.contains(':'))
}

/// Gives the name of the asked field, or the platform alone.
fn name(args: &ResolveArgs) -> String {
    let platform = args.platform.strip_prefix("skill:").unwrap_or(&args.platform);
    args.field.as_ref().map_or_else(|| args.platform.clone(), |field| format!("skill:{platform}:{field}"))
}

fn one(args: &ResolveArgs, format: Format, context: &Context) -> Result<(), Failure> {
    let found = context.call(&Resolve { name: name(args), org_id: context.one_org()? })?;
    if format == Format::Json { context.show.json(&found) } else { context.show.value(&found.value) }
}

fn many(args: &ResolveArgs, format: Format, context: &Context) -> Result<(), Failure> {
    let (names, platform) =
        if is_field(args) { (Some(vec![name(args)]), None) } else { (None, Some(args.platform.clone())) };
    let found = context.call(&ResolveMany { org_id: context.one_org()?, names, platform })?;
    match format {
        Format::Dotenv => assigned(found, env::Format::Dotenv, context),
        Format::Env => assigned(found, env::Format::Sh, context),
        Format::Json | Format::Raw => context.show.json(&found),
    }
}

/// Prints what was found as assignments of all of its variables.
fn assigned(found: ResolvedMany, format: env::Format, context: &Context) -> Result<(), Failure> {
    let values = Values::of_platform(found);
    let passed = Passed::of(&values, misfit, INSTEAD)?;
    passed.warning().iter().for_each(|warning| context.show.warning(warning));
    context.show.revealed(&assignments(passed.variables.pairs(), format)?)
}
