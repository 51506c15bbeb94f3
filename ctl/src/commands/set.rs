//! `vaultctl set`

use std::process::ExitCode;

use clap::Args;
use vault::api::{Address, Code, CreateSecret, Created, Secret, UpdateSecret};
use vault::discovery;
use vault::domain::SecretName;
use vault::presets::{Preset, Presets};
use vault::secret::Revealed;

use super::near;
use super::particulars::Particulars;
use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::{self, Meaning};
use crate::moment::Expiry;
use crate::prompt::ValueSource;
use crate::show::plain;

/// Stores a secret under a name, or replaces its value.
///
/// A name means the secret that `get` finds for it: `openai` is the key of that platform, and is said to be. A platform of which
/// nothing is stored is left to `add`; `--exact-name` takes NAME as it is.
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
    /// The name, such as `skill:openai:access_token`; one that `get` finds, such as `openai`, is replaced
    #[arg(add = Completes::Key)]
    name: SecretName,
    /// Where the value comes from.
    #[command(flatten)]
    source: ValueSource,
    /// Leave the value; change what is kept beside it
    #[arg(long, conflicts_with_all = ["value_file", "generate"])]
    keep_value: bool,
    /// Store it under exactly NAME, though another secret answers to that or it is a platform's
    #[arg(long)]
    exact_name: bool,
    /// What is kept beside it.
    #[command(flatten)]
    particulars: Particulars,
}

/// Takes the value and stores it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<ExitCode, Failure> {
    context.one_org()?;
    near::refuse_reference(args.name.as_str())?;
    if args.keep_value && args.particulars.is_empty() {
        return Err(Failure::usage("there is nothing to change", "add --category, --metadata or --expires"));
    }
    context.unlocked()?;
    let stored = if args.keep_value { keep(args, context)? } else { store(args, context)? };
    stored.warnings.iter().for_each(|warning| context.show.warning(warning));
    if context.show.is_json() {
        context.show.json(&stored)?;
    } else {
        let Secret { name, version, .. } = &stored.entry;
        context.show.done(format_args!("stored {}, version {version}", plain(name.as_str())))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes what is kept with a value.
fn keep(args: &SetArgs, context: &Context) -> Result<Created, Failure> {
    if args.exact_name {
        let secret = locate::named(context, args.name.clone())?;
        return context.call(&update(secret, None, args));
    }
    locate::change(context, args.name.as_str(), |secret| update(secret, None, args))
}

/// Replaces the value of the secret that the name means, or stores the first one.
fn store(args: &SetArgs, context: &Context) -> Result<Created, Failure> {
    let take = |name: &SecretName| args.source.take(&format!("Value of {name}"), context.show);
    let meaning = if args.exact_name {
        note_platform(&args.name, context);
        Meaning::Itself(args.name.clone())
    } else {
        locate::meaning(context, args.name.as_str())?
    };
    match meaning {
        Meaning::Stored(secret) => {
            locate::note(context, args.name.as_str(), &secret.name);
            context.call(&update(secret.id.into(), Some(take(&secret.name)?.into()), args))
        }
        Meaning::Fields(names) => Err(several(&args.name, &names)),
        Meaning::Unseen(name) if platform_of(&name).is_some() => Err(bare(&name)),
        Meaning::Unseen(name) => create_else_replace(take(&name)?.into(), args, context),
        Meaning::Itself(name) => replace_else_create(take(&name)?.into(), args, context),
    }
}

/// Stores a first value; an agent that may replace a secret and not list it hears only now that it is there.
fn create_else_replace(value: Revealed, args: &SetArgs, context: &Context) -> Result<Created, Failure> {
    let asked = create(value, args, context)?;
    let failure = match context.call(&asked) {
        Err(Failure::Fault(fault)) if matches!(fault.code, Code::Conflict | Code::Forbidden) => fault,
        answer => return answer,
    };
    let secret = locate::named(context, asked.name)?;
    match context.call(&update(secret, Some(asked.value), args)) {
        Err(Failure::Fault(fault)) if fault.code == Code::NotFound => Err(failure.into()),
        answer => answer,
    }
}

/// Replaces a value; without a secret of the name it is the first one.
fn replace_else_create(value: Revealed, args: &SetArgs, context: &Context) -> Result<Created, Failure> {
    let mut asked = update(locate::named(context, args.name.clone())?, Some(value), args);
    match (context.call(&asked), asked.value.take()) {
        (Err(Failure::Fault(fault)), Some(value)) if fault.code == Code::NotFound => {
            if !args.exact_name {
                near::check(args.name.as_str(), context)?;
            }
            context.call(&create(value, args, context)?)
        }
        (answer, _) => answer,
    }
}

fn create(value: Revealed, args: &SetArgs, context: &Context) -> Result<CreateSecret, Failure> {
    let Particulars { category, metadata, expires } = &args.particulars;
    Ok(CreateSecret {
        org_id: context.one_org()?,
        name: args.name.clone(),
        value,
        category: *category,
        metadata: metadata.clone(),
        expires_at: expires.and_then(Expiry::moment),
        created_by: None,
    })
}

fn update(secret: Address, value: Option<Revealed>, args: &SetArgs) -> UpdateSecret {
    let Particulars { category, metadata, expires } = &args.particulars;
    UpdateSecret {
        secret,
        value,
        category: *category,
        metadata: metadata.clone(),
        expires_at: expires.map(Expiry::moment),
        if_version: None,
        if_revision: None,
    }
}

/// Finds the preset of which a name is no field, but the platform alone.
fn platform_of(name: &SecretName) -> Option<&'static Preset> {
    let text = name.as_str();
    Presets::builtin().get(text.strip_prefix("skill:").unwrap_or(text))
}

/// Refuses to store a platform's bare name.
fn bare(name: &SecretName) -> Failure {
    let full = discovery::full_names(name.as_str());
    let commands: Vec<_> = full.iter().map(|name| format!("vaultctl set {name}")).collect();
    let hint = format!(
        "give the full name of one secret: {}; store its fields with: vaultctl add {name}; or a secret of exactly this name \
         with: vaultctl set {name} --exact-name",
        commands.join(" or ")
    );
    let message = format!(
        "{name} is a platform, of which nothing is stored that you may list; agents look for its fields"
    );
    Failure::usage(message, hint)
}

/// Refuses the bare name of a platform with several fields.
fn several(name: &SecretName, fields: &[SecretName]) -> Failure {
    let commands: Vec<_> = fields.iter().map(|field| format!("vaultctl set {field}")).collect();
    let hint = format!(
        "replace one of them with: {}; or store a secret of exactly this name with --exact-name",
        commands.join(" or ")
    );
    Failure::usage(format!("{name} is a platform with several fields"), hint)
}

/// Notes that a platform's bare name is not where agents look.
fn note_platform(name: &SecretName, context: &Context) {
    if let Some(Preset { platform, .. }) = platform_of(name) {
        context.show.note(format_args!(
            "note: `{name}` is stored as it is; agents look for skill:{platform}:…, as `vaultctl add {platform}` stores it"
        ));
    }
}
