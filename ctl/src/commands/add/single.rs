//! Adding one secret under a name of its own.

use std::process::ExitCode;

use vault::api::{Code, CreateSecret, Fault};
use vault::domain::{Invalid, SecretName};
use vault::presets::Presets;

use super::{AddArgs, Particulars};
use crate::commands::near;
use crate::context::Context;
use crate::failure::Failure;
use crate::locate::{self, Meaning};
use crate::moment::Expiry;
use crate::show::plain;

/// Takes the value and stores it under the name.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    let name = SecretName::try_from(args.name.clone())
        .map_err(|Invalid(rule)| Failure::usage(rule, "see the platforms with: vaultctl presets"))?;
    if !args.fields.is_empty() {
        return Err(Failure::usage("only a platform has fields", platform_hint(&args.name)));
    }
    let org_id = context.one_org()?;
    context.unlocked()?;
    refuse_behind(&name, context)?;
    near::check(&args.name, context)?;
    let value = args.source.take(&format!("Value of {name}"), context.show)?;
    let Particulars { category, metadata, expires } = &args.particulars;
    let operation = CreateSecret {
        org_id,
        name,
        value: value.into(),
        category: *category,
        metadata: metadata.clone(),
        expires_at: expires.and_then(Expiry::moment),
        created_by: None,
    };
    let created = context.call(&operation).map_err(|failure| taken(failure, &operation.name, context))?;
    created.warnings.iter().for_each(|warning| context.show.warning(warning));
    if context.show.is_json() {
        context.show.json(&created)?;
    } else {
        context.show.done(format_args!("stored {}", plain(created.entry.name.as_str())))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a name that finds another secret already: it would hide that from some commands and not from others.
fn refuse_behind(name: &SecretName, context: &Context) -> Result<(), Failure> {
    let found = match locate::meaning(context, name.as_str())? {
        Meaning::Stored(secret) if secret.name != *name => vec![secret.name],
        Meaning::Fields(names) => names,
        _ => return Ok(()),
    };
    let message = format!("{} finds what is stored already", plain(name.as_str()));
    let commands: Vec<_> = found.iter().map(|name| super::set(name.as_str(), context)).collect();
    let exact = format!("{} --exact-name", super::set(name.as_str(), context));
    let hint =
        format!("replace its value with: {}; or store this name too with: {exact}", commands.join(" or "));
    Err(Fault::new(Code::Conflict, message).hint(hint).into())
}

/// Says what replaces the value of a name that is taken.
fn taken(failure: Failure, name: &SecretName, context: &Context) -> Failure {
    match failure {
        Failure::Fault(fault) if fault.code == Code::Conflict => {
            let set = super::set(name.as_str(), context);
            fault.hint(format!("replace its value with: {set}; or choose another name")).into()
        }
        other => other,
    }
}

fn platform_hint(name: &str) -> String {
    match Presets::builtin().nearest(name, 3).as_slice() {
        [] => "see the platforms with: vaultctl presets".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}
