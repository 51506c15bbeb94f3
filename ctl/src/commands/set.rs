//! `vaultctl set`

use std::process::ExitCode;

use clap::Args;
use vault::api::{CreateSecret, Created, Secret, UpdateSecret};
use vault::domain::{OrgId, SecretName};
use vault::presets::Presets;
use vault::secret::Revealed;

use super::particulars::Particulars;
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::moment::Expiry;
use crate::prompt::ValueSource;
use crate::show::plain;

/// Stores a secret under a name, or replaces its value.
///
/// The value is asked for without echo, and may be pasted. If stdin is no terminal, it is read from there. A value of several
/// lines is stored byte for byte; a single line loses its end, unless `--exact` is given. A replaced value stays in the history,
/// from where `rollback` brings it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl set github-deploy-key --value-file ~/.ssh/deploy
  pass show stripe | vaultctl set skill:stripe:access_token
  vaultctl set session-secret --generate 48 --expires 90d
  vaultctl set db-url --keep-value --expires never")]
pub(crate) struct SetArgs {
    /// The name, such as `skill:openai:access_token`
    #[arg(add = Completes::Secret)]
    name: SecretName,
    /// Where the value comes from.
    #[command(flatten)]
    source: ValueSource,
    /// Leave the value; change what is kept beside it
    #[arg(long, conflicts_with_all = ["value_file", "generate"])]
    keep_value: bool,
    /// What is kept beside it.
    #[command(flatten)]
    particulars: Particulars,
}

/// Takes the value and stores it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<ExitCode, Failure> {
    let org_id = context.one_org()?;
    if args.keep_value && args.particulars.is_empty() {
        return Err(Failure::usage("there is nothing to change", "add --category, --metadata or --expires"));
    }
    context.unlocked()?;
    let stored = if args.keep_value {
        let secret = locate::exact(context, args.name.as_str())?;
        update(&secret, None, args, context)?
    } else {
        note_platform(&args.name, context);
        let value = args.source.take(&format!("Value of {}", args.name), context.show)?.into();
        match locate::by_name(context, args.name.as_str())? {
            Some(secret) => update(&secret, Some(value), args, context)?,
            None => create(org_id, value, args, context)?,
        }
    };
    if context.show.is_json() {
        context.show.json(&stored)?;
    } else {
        let Secret { name, version, .. } = &stored.entry;
        context.show.done(format_args!("stored {}, version {version}", plain(name.as_str())))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn create(
    org_id: Option<OrgId>,
    value: Revealed,
    args: &SetArgs,
    context: &Context,
) -> Result<Created, Failure> {
    let Particulars { category, metadata, expires } = &args.particulars;
    context.call(&CreateSecret {
        org_id,
        name: args.name.clone(),
        value,
        category: *category,
        metadata: metadata.clone(),
        expires_at: expires.and_then(Expiry::moment),
        created_by: None,
    })
}

fn update(
    secret: &Secret,
    value: Option<Revealed>,
    args: &SetArgs,
    context: &Context,
) -> Result<Created, Failure> {
    let Particulars { category, metadata, expires } = &args.particulars;
    context.call(&UpdateSecret {
        secret: secret.id.into(),
        value,
        category: *category,
        metadata: metadata.clone(),
        expires_at: expires.map(Expiry::moment),
        if_version: None,
        if_revision: None,
    })
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
