//! Finding a secret by what a person typed, without looking at its value.

use vault::api::{Code, DamagedSecret, Discover, Fault, ListSecrets, Secret};
use vault::domain::{OrgScope, SecretId};

use crate::context::Context;
use crate::failure::Failure;

/// The fields that a platform alone stands for, first to last.
const KEY_FIELDS: [&str; 4] = ["access_token", "api_key", "token", ""];

/// Finds the secret of an exact name or an id.
///
/// # Errors
/// `not_found`, with the names that may have been meant.
pub(crate) fn exact(context: &Context, asked: &str) -> Result<Secret, Failure> {
    if let Some(found) = by_name(context, asked)? {
        return Ok(found);
    }
    by_id(context, asked)?.map_or_else(|| Err(not_found(context, asked)), Ok)
}

/// Finds what is to be deleted by an exact name or an id, though its row may be damaged.
///
/// # Errors
/// `not_found`, with the names that may have been meant.
pub(crate) fn remains(context: &Context, asked: &str) -> Result<DamagedSecret, Failure> {
    let org_id = context.one_org()?.map(OrgScope::One);
    let named = ListSecrets { org_id, name: Some(asked.to_owned()), ..ListSecrets::default() };
    if let Some(found) = whatever(context, &named)?.into_iter().next() {
        return Ok(found);
    }
    let id = SecretId::try_from(asked.to_owned()).map_err(|_| not_found(context, asked))?;
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    let found = whatever(context, &all)?.into_iter().find(|secret| secret.id == id);
    found.ok_or_else(|| not_found(context, asked))
}

/// Lists sound and damaged secrets alike.
fn whatever(context: &Context, query: &ListSecrets) -> Result<Vec<DamagedSecret>, Failure> {
    let list = context.call(query)?;
    let sound = list.secrets.into_iter().map(|secret| DamagedSecret {
        id: secret.id,
        org_id: secret.org_id,
        name: secret.name.to_string(),
    });
    Ok(sound.chain(list.damaged).collect())
}

/// Finds the secret of an exact name, an id, or a platform, whose key it then is.
///
/// # Errors
/// `not_found`, with the names that may have been meant.
pub(crate) fn tolerant(context: &Context, asked: &str) -> Result<Secret, Failure> {
    if let Some(found) = by_name(context, asked)? {
        return Ok(found);
    }
    if let Some(found) = by_id(context, asked)? {
        return Ok(found);
    }
    let fields = fields_of(context, asked.strip_prefix("skill:").unwrap_or(asked));
    let key = KEY_FIELDS.iter().find_map(|key| fields.iter().find(|(field, _)| field == key));
    let found = key.map(|(_, name)| by_name(context, name)).transpose()?.flatten();
    found.map_or_else(|| Err(not_found(context, asked)), Ok)
}

/// Finds the secret of an exact name.
///
/// # Errors
/// `integrity` where its row does not authenticate.
pub(crate) fn by_name(context: &Context, name: &str) -> Result<Option<Secret>, Failure> {
    let org_id = context.one_org()?.map(OrgScope::One);
    let list =
        context.call(&ListSecrets { org_id, name: Some(name.to_owned()), ..ListSecrets::default() })?;
    if let Some(damaged) = list.damaged.first() {
        let message = format!("the stored row of {} does not authenticate", damaged.name);
        return Err(Fault::new(Code::Integrity, message).into());
    }
    Ok(list.secrets.into_iter().next())
}

fn by_id(context: &Context, asked: &str) -> Result<Option<Secret>, Failure> {
    let Ok(id) = SecretId::try_from(asked.to_owned()) else { return Ok(None) };
    let all = context.call(&ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() })?;
    Ok(all.secrets.into_iter().find(|secret| secret.id == id))
}

fn not_found(context: &Context, asked: &str) -> Failure {
    let mut near: Vec<String> = fields_of(context, asked).into_iter().map(|(_, name)| name).collect();
    if near.is_empty() {
        near = names_with(context, asked);
    }
    let fault = Fault::not_found();
    if near.is_empty() {
        fault.into()
    } else {
        fault.hint(format!("did you mean {}?", near.join(" or "))).into()
    }
}

/// Lists the fields that a platform has stored, each with its name.
fn fields_of(context: &Context, platform: &str) -> Vec<(String, String)> {
    let Ok(org_id) = context.one_org() else { return Vec::new() };
    let found = context.call(&Discover { platform: Some(platform.to_owned()), org_id });
    let fields = found.into_iter().flat_map(|found| found.platforms).flat_map(|platform| platform.fields);
    fields.map(|field| (field.field, field.name.to_string())).collect()
}

/// Lists a few names that have the text in them.
fn names_with(context: &Context, text: &str) -> Vec<String> {
    let Ok(org_id) = context.one_org() else { return Vec::new() };
    let query = ListSecrets {
        org_id: org_id.map(OrgScope::One),
        search: Some(text.to_owned()),
        limit: Some(5),
        ..ListSecrets::default()
    };
    let found = context.call(&query);
    found.into_iter().flat_map(|list| list.secrets).map(|secret| secret.name.to_string()).collect()
}
