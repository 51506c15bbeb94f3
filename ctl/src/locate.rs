//! Which secret a word means: the one way from what a person typed to a stored secret, without a look at its value.

use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Address, Code, DamagedSecret, Discover, Fault, ListSecrets, Operation, Secret};
use vault::discovery;
use vault::domain::{OrgId, OrgScope, SecretId, SecretName};
use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;
use crate::listing;
use crate::references::Reference;
use crate::show::plain;

/// The most names that a miss suggests.
const GUESSES: usize = 2;

/// What a word means.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// A stored secret: the one of this name or id, or the one that `get` finds for the word.
    Stored(Box<Secret>),
    /// A platform with several stored fields, none of which is its key.
    Fields(Vec<SecretName>),
    /// The secret of exactly this name, or none: nothing that this caller may list answers to the word.
    Unseen(SecretName),
    /// The secret of exactly this name, or none: no other secret could answer to the word, and no look was taken.
    Itself(SecretName),
}

/// A word, and the org that it is meant in: the command's, or that of a reference.
#[derive(Debug)]
pub(crate) struct Meant {
    pub(crate) context: Context,
    pub(crate) asked: String,
}

impl Meant {
    /// Takes the name and the org of an argument that may be a reference.
    ///
    /// # Errors
    /// `invalid_request` for a reference that is not written rightly.
    pub(crate) fn of(argument: &str, context: &Context) -> Result<Self, Failure> {
        let reference = Reference::argument(argument)?;
        Ok(Self { context: reference.context(context), asked: reference.name })
    }
}

/// Finds what a word means to a command that changes a secret.
///
/// # Errors
/// `invalid_request` if it could be no secret's name, `integrity` if the row of what it means does not authenticate.
pub(crate) fn meaning(context: &Context, asked: &str) -> Result<Meaning, Failure> {
    let name = SecretName::try_from(asked.to_owned())?;
    if discovery::candidates(asked) == [name.clone()] {
        return Ok(Meaning::Itself(name));
    }
    look(context, asked).map(|found| found.unwrap_or(Meaning::Unseen(name)))
}

/// Finds what answers to a word, among what this caller may list: an exact name, an id, then what `get` tries.
fn look(context: &Context, asked: &str) -> Result<Option<Meaning>, Failure> {
    let stored = |secret: Secret| Meaning::Stored(Box::new(secret));
    if let Some(found) = by_name(context, asked)? {
        return Ok(Some(stored(found)));
    }
    if let Some(found) = by_id(context, asked)? {
        return Ok(Some(stored(found)));
    }
    let (names, alone) = names_of_platform(context, asked);
    let answer = discovery::answer(asked, &names.iter().collect::<Vec<_>>());
    match answer.or(alone.as_ref().filter(|_| discovery::is_keyless(asked))) {
        Some(name) => Ok(by_name(context, name.as_str())?.map(stored)),
        None if discovery::is_keyless(asked) && !names.is_empty() => Ok(Some(Meaning::Fields(names))),
        None => Ok(None),
    }
}

/// Finds the secret that a word means.
///
/// # Errors
/// `not_found`, with the names that may have been meant.
pub(crate) fn secret(context: &Context, argument: &str) -> Result<Secret, Failure> {
    let Meant { context, asked } = &Meant::of(argument, context)?;
    of_word(context, asked)
}

/// Finds likewise what a word means that is no reference.
pub(crate) fn of_word(context: &Context, asked: &str) -> Result<Secret, Failure> {
    match look(context, asked)? {
        Some(Meaning::Stored(secret)) => Ok(*secret),
        Some(Meaning::Fields(names)) => Err(one_of(asked, &names)),
        _ => Err(not_found(context, asked, Fault::not_found())),
    }
}

/// Changes the secret that a word means; the answer is the operation's.
///
/// # Errors
/// `not_found`, with the names that may have been meant, and what else the operation is refused for.
pub(crate) fn change<O: Operation>(
    context: &Context,
    asked: &str,
    operation: impl FnOnce(Address) -> O,
) -> Result<O::Answer, Failure> {
    let Meant { context, asked } = &Meant::of(asked, context)?;
    let address = match meaning(context, asked)? {
        Meaning::Stored(secret) => {
            note(context, asked, &secret.name);
            secret.id.into()
        }
        Meaning::Fields(names) => return Err(one_of(asked, &names)),
        Meaning::Unseen(name) | Meaning::Itself(name) => named(context, name)?,
    };
    context.call(&operation(address)).map_err(|failure| match failure {
        // Where the secret itself is there, it is a version of it that is not.
        Failure::Fault(fault)
            if fault.code == Code::NotFound && !matches!(by_name(context, asked), Ok(Some(_))) =>
        {
            not_found(context, asked, fault)
        }
        failure => failure,
    })
}

/// Addresses the secret of exactly a name, in the org that is meant.
pub(crate) fn named(context: &Context, name: SecretName) -> Result<Address, Failure> {
    Ok(Address::Name { name, org_id: context.one_org()? })
}

/// Says which secret a word was taken for, if it is not its name.
pub(crate) fn note(context: &Context, asked: &str, name: &SecretName) {
    if asked != name.as_str() {
        context.show.note(format_args!("note: {} means {}", plain(asked), plain(name.as_str())));
    }
}

/// Refuses a word that several fields answer to.
pub(crate) fn one_of(asked: &str, names: &[SecretName]) -> Failure {
    let names: Vec<_> = names.iter().map(|name| plain(name.as_str())).collect();
    let fault = Fault { message: format!("{} has several fields", plain(asked)), ..Fault::not_found() };
    fault.hint(format!("name one of them: {}", names.join(", "))).into()
}

/// What is said of a secret, with its full name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(crate) struct About<T> {
    pub(crate) org_id: OrgId,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) answer: T,
}

/// Finds what is to be deleted by an exact name or an id, though its row may be damaged.
pub(crate) fn remains(context: &Context, asked: &str) -> Result<Option<DamagedSecret>, Failure> {
    let org_id = context.one_org()?.map(OrgScope::One);
    let named = ListSecrets { org_id, name: Some(asked.to_owned()), ..ListSecrets::default() };
    if let Some(found) = whatever(context, &named)?.into_iter().next() {
        return Ok(Some(found));
    }
    let Ok(id) = SecretId::try_from(asked.to_owned()) else { return Ok(None) };
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    Ok(whatever(context, &all)?.into_iter().find(|secret| secret.id == id))
}

/// Lists sound and damaged secrets alike.
fn whatever(context: &Context, query: &ListSecrets) -> Result<Vec<DamagedSecret>, Failure> {
    let list = listing::list(query, context)?;
    let sound = list.secrets.into_iter().map(|secret| DamagedSecret {
        id: secret.id,
        org_id: secret.org_id,
        name: secret.name.to_string(),
    });
    Ok(sound.chain(list.damaged).collect())
}

/// Finds the secret of an exact name.
///
/// # Errors
/// `integrity` where its row does not authenticate.
fn by_name(context: &Context, name: &str) -> Result<Option<Secret>, Failure> {
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
    let all = ListSecrets { org_id: Some(OrgScope::All), ..ListSecrets::default() };
    let all = listing::list(&all, context)?;
    Ok(all.secrets.into_iter().find(|secret| secret.id == id))
}

/// Adds to a miss which names may have been meant: those of the platform, those with the text in them, else platforms that are
/// spelled alike.
fn not_found(context: &Context, asked: &str, fault: Fault) -> Failure {
    let mut near: Vec<_> = names_of_platform(context, asked).0.iter().map(SecretName::to_string).collect();
    if near.is_empty() {
        near = names_with(context, asked);
    }
    if near.is_empty() && Presets::builtin().get(platform_of(asked)).is_none() {
        near =
            Presets::builtin().likely(platform_of(asked), GUESSES).into_iter().map(str::to_owned).collect();
    }
    if near.is_empty() {
        return fault.into();
    }
    near.truncate(GUESSES);
    fault.hint(format!("did you mean {}?", near.join(" or "))).into()
}

/// Returns the platform that a word names, by itself or with a field.
fn platform_of(asked: &str) -> &str {
    asked.strip_prefix("skill:").unwrap_or(asked).split(':').next().unwrap_or_default()
}

/// Lists what this caller may list of the platform that a word names, by itself or with a field, and what its name alone finds
/// if it has no key.
fn names_of_platform(context: &Context, asked: &str) -> (Vec<SecretName>, Option<SecretName>) {
    let Ok(org_id) = context.one_org() else { return (Vec::new(), None) };
    let Ok(found) = context.call(&Discover { platform: Some(platform_of(asked).to_owned()), org_id }) else {
        return (Vec::new(), None);
    };
    let fields = found.platforms.into_iter().flat_map(|platform| platform.fields);
    (fields.map(|field| field.name).collect(), found.alone)
}

/// Lists a few names that have the text in them.
fn names_with(context: &Context, text: &str) -> Vec<String> {
    let Ok(org_id) = context.one_org() else { return Vec::new() };
    let query = ListSecrets {
        org_id: org_id.map(OrgScope::One),
        search: Some(text.to_owned()),
        limit: Some(GUESSES as u64),
        ..ListSecrets::default()
    };
    let found = context.call(&query);
    found.into_iter().flat_map(|list| list.secrets).map(|secret| secret.name.to_string()).collect()
}
