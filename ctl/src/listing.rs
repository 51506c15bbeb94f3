//! Lists that are more than one answer of the daemon has room for.

use std::collections::BTreeSet;

use vault::api::{Code, Fault, ListSecrets, SecretList};

use crate::context::Context;
use crate::failure::Failure;

/// How many secrets are asked for at once: with the longest names and metadata these have room in an answer.
const PART: u64 = 500;
/// How often a list that changes is begun again.
const TRIES: usize = 5;

/// Lists secrets, in parts if they are too much for one answer.
///
/// # Errors
/// What the daemon answered; `busy` if secrets are stored or deleted all the time, since a part could then lack one.
pub(crate) fn list(query: &ListSecrets, context: &Context) -> Result<SecretList, Failure> {
    match context.call(query) {
        Err(Failure::Fault(fault)) if fault.code == Code::TooLarge => {}
        answer => return answer,
    }
    for _ in 0..TRIES {
        if let Some(list) = in_parts(query, context)? {
            return Ok(list);
        }
    }
    Err(Fault::new(Code::Busy, "secrets are stored or deleted while they are listed").into())
}

/// Lists secrets in parts; `None` if there were more or fewer of them at one part than at another.
fn in_parts(query: &ListSecrets, context: &Context) -> Result<Option<SecretList>, Failure> {
    let (begin, most) = (u64::from(query.offset.unwrap_or_default()), query.limit.unwrap_or(u64::MAX));
    let mut client = context.connect()?;
    let mut whole: Option<SecretList> = None;
    let mut asked = 0;
    while asked < most {
        let limit = PART.min(most - asked);
        let place = begin.saturating_add(asked);
        let part = ListSecrets { limit: Some(limit), offset: u32::try_from(place).ok(), ..query.clone() };
        let part = context.call_on(&mut client, &part)?;
        asked += limit;
        let total = part.total;
        let whole =
            whole.get_or_insert_with(|| SecretList { secrets: Vec::new(), total, damaged: Vec::new() });
        if whole.total != total {
            return Ok(None);
        }
        whole.secrets.extend(part.secrets);
        whole.damaged.extend(part.damaged);
        if place.saturating_add(limit) >= total {
            break;
        }
    }
    // What no list has is named by each part.
    let mut told = BTreeSet::new();
    if let Some(whole) = &mut whole {
        whole.damaged.retain(|secret| told.insert(secret.id));
    }
    Ok(whole)
}
