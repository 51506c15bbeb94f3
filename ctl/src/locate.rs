//! Finding a secret by what a person typed, without looking at its value.

use vault::api::{Code, Fault, ListSecrets, Secret, SecretList};
use vault::domain::{OrgScope, PlatformName, SecretId};
use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;

/// Finds the secret of an exact name or an id.
///
/// # Errors
/// `not_found`, with the names that may have been meant.
pub(crate) fn exact(context: &Context, asked: &str) -> Result<Secret, Failure> {
    let org_id = context.one_org()?.map(OrgScope::One);
    let named =
        context.call(&ListSecrets { org_id, name: Some(asked.to_owned()), ..ListSecrets::default() })?;
    if named.secrets.is_empty() && named.total > 0 {
        let message = format!("the stored row of {} does not authenticate", named.damaged.join(", "));
        return Err(Fault::new(Code::Integrity, message).into());
    }
    match named.secrets.into_iter().next() {
        Some(secret) => Ok(secret),
        None => by_id(context, asked)?.map_or_else(|| Err(not_found(context, asked)), Ok),
    }
}

fn by_id(context: &Context, asked: &str) -> Result<Option<Secret>, Failure> {
    let Ok(id) = SecretId::try_from(asked.to_owned()) else { return Ok(None) };
    let all = context.call(&ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() })?;
    Ok(all.secrets.into_iter().find(|secret| secret.id == id))
}

fn not_found(context: &Context, asked: &str) -> Failure {
    let near = near(context, asked).map(|list| list.secrets).unwrap_or_default();
    let names: Vec<_> = near.iter().take(5).map(|secret| secret.name.as_str()).collect();
    let fault = Fault::not_found();
    if names.is_empty() {
        fault.into()
    } else {
        fault.hint(format!("did you mean {}?", names.join(", "))).into()
    }
}

/// Lists what the platform that was typed has, or else what has the typed text in its name.
fn near(context: &Context, asked: &str) -> Option<SecretList> {
    let org_id = context.one_org().ok()?.map(OrgScope::One);
    let list = |query: ListSecrets| context.call(&query).ok().filter(|list| !list.secrets.is_empty());
    let platform = Presets::builtin().canonical(asked).unwrap_or(asked);
    let of_platform = PlatformName::try_from(platform.to_owned()).ok().and_then(|platform| {
        list(ListSecrets {
            org_id: org_id.clone(),
            platform: Some(platform),
            limit: Some(5),
            ..ListSecrets::default()
        })
    });
    of_platform.or_else(|| {
        list(ListSecrets { org_id, search: Some(asked.to_owned()), limit: Some(5), ..ListSecrets::default() })
    })
}
