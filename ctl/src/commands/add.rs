//! `vaultctl add`

mod platform;
mod single;

use std::process::ExitCode;

use clap::Args;
use vault::presets::Presets;

use super::near;
use super::particulars::Particulars;
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::prompt::ValueSource;
use crate::quote::for_sh;
use crate::show::plain;
use platform::FieldArg;

/// Stores a platform's keys where agents find them, or one new secret.
///
/// A platform that the vault knows (see `vaultctl presets`) is asked for field by field, and its fields are stored together
/// or not at all; of one that is stored in part, the rest. Any other name is one secret. What is there already is not
/// replaced; `set` does that.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl add openai
  pbpaste | vaultctl add anthropic
  vaultctl add aws --field access_key_id=@id.txt --field secret_access_key=-
  vaultctl add session-secret --generate 48")]
pub(crate) struct AddArgs {
    /// A platform, or the name of one secret
    #[arg(value_name = "PLATFORM|NAME", add = Completes::Preset)]
    name: String,
    /// A field's value from a file, or from stdin
    #[arg(long = "field", value_name = "KEY=@FILE|KEY=-")]
    fields: Vec<FieldArg>,
    /// Where the value comes from, where there is one.
    #[command(flatten)]
    source: ValueSource,
    /// What is kept beside it.
    #[command(flatten)]
    particulars: Particulars,
}

/// Gives the command that replaces a value.
fn set(name: &str, context: &Context) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-:./@".contains(c);
    let word = if name.chars().all(is_plain) { name.to_owned() } else { plain(&for_sh(name)) };
    context.command(&format!("set {word}"))
}

/// Stores a platform's fields, or one secret.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    near::refuse_reference(&args.name)?;
    match Presets::builtin().get(&args.name) {
        Some(preset) => platform::run(preset, args, context),
        None => single::run(args, context),
    }
}
