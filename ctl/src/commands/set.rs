//! `vaultctl set`

use std::process::ExitCode;

use clap::Args;
use vault::api::CreateSecret;
use vault::domain::{Category, Invalid, Metadata, SecretName};
use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;
use crate::moment::Expiry;
use crate::prompt::ValueSource;

/// Stores a secret under a name, or replaces its value.
///
/// The value is asked for without echo. Where stdin is no terminal it is read from there, whole; one newline at
/// its end is dropped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl set github-deploy-key --value-file ~/.ssh/deploy
  pass show stripe | vaultctl set skill:stripe:access_token
  vaultctl set session-secret --generate 48 --expires 90d
  vaultctl set db-url --category deploy --metadata '{\"owner\": \"team-a\"}'")]
pub(crate) struct SetArgs {
    /// The name, such as `skill:openai:access_token`
    name: SecretName,
    /// Where the value comes from.
    #[command(flatten)]
    source: ValueSource,
    /// What it is for [default: the preset's, else `skill_credential` or `custom`]
    #[arg(long, value_parser = super::category_parser())]
    category: Option<Category>,
    /// A JSON object to keep beside the value, readable without it
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<Metadata>,
    /// When it stops being handed out: never, 90d, a date, or RFC 3339
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
}

fn metadata(text: &str) -> Result<Metadata, Invalid> {
    serde_json::from_str(text).map_err(|_| Invalid("metadata is a JSON object of at most 16 KiB"))
}

/// Takes the value and stores it.
pub(super) fn run(args: SetArgs, context: &mut Context) -> Result<ExitCode, Failure> {
    let org_id = context.one_org()?;
    context.unlocked()?;
    note_platform(&args.name, context);
    let value = args.source.take(&format!("Value of {}", args.name))?;
    let operation = CreateSecret {
        org_id,
        name: args.name,
        value: value.into(),
        category: args.category,
        metadata: args.metadata,
        expires_at: args.expires.and_then(Expiry::moment),
        created_by: None,
    };
    let created = context.call(&operation)?;
    if context.show.is_json() {
        context.show.json(&created)?;
    } else {
        context.show.done(format!("stored {}", created.entry.name))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Notes that a platform's bare name is not where agents look.
fn note_platform(name: &SecretName, context: &Context) {
    if let Some(preset) = Presets::builtin().get(name.as_str()) {
        let platform = &preset.platform;
        context.show.note(format_args!(
            "note: `{name}` is stored as it is; agents look for skill:{platform}:…, as `vaultctl add {platform}` stores it"
        ));
    }
}
