//! Export: all secrets with their values, a portion at a time.

use crate::api::{
    ANSWER_BYTES, Code, Export, Exported, ExportedSecret, Fault, LeftOut, PortionLimit, RawMetadata,
    json_bytes,
};
use crate::audit::Draft;
use crate::domain::{Action, FullName, OrgScope, SecretId, SecretName};
use crate::store::{ListQuery, Named};
use crate::vault::desk::{Desk, Whole};
use crate::vault::handle::{Handle, Length, Place};

/// About what a secret takes in addition to what is written of it, in bytes: its audit entry, until that is committed.
const OVERHEAD: usize = 512;
/// The most secrets that an answer has room for.
const MOST: usize = ANSWER_BYTES / OVERHEAD;
/// The most that a portion takes when it is written, in bytes, if it has more than one secret: while it is made, it is in memory
/// up to six times.
const PORTION_BYTES: usize = 4 << 20;

impl Handle for Export {
    const ANSWER: Length = Length::Long;
    const PLACE: Place = Place::Blocking;

    fn act(&self, desk: &mut Desk) -> Result<Exported, Fault> {
        let whole = desk.ask_whole(Action::Export)?;
        let most = self.limit.map_or(MOST, PortionLimit::get);
        let Listed { named, left_out } = self.list(desk, whole, most)?;
        let mut gathered = Gathered {
            exported: Exported { left_out, ..Exported::default() },
            room: self.limit.map_or(ANSWER_BYTES, |_| PORTION_BYTES),
            bytes: 0,
            last: None,
        };
        let mut more = false;
        for (place, one) in named.into_iter().enumerate() {
            more = place == most || !gathered.add(desk, one)?;
            if more {
                break;
            }
        }
        if more && self.limit.is_none() {
            desk.about(Draft::of(Action::Export));
            return Err(too_large());
        }
        // The rows were read before, and are the same when this is committed: it is their state too.
        let state = self.limit.map(|_| desk.state(whole)).transpose()?;
        let exported = Exported { next: gathered.last.filter(|_| more), state, ..gathered.exported };
        desk.note(entry(&exported));
        Ok(exported)
    }
}

impl Export {
    /// Lists what this portion may have, and one more if there is one; what no list has is left out of the first portion.
    fn list(&self, desk: &Desk, whole: Whole, most: usize) -> Result<Listed, Fault> {
        let scope = self.org_id.clone().unwrap_or_default();
        let query = ListQuery { after: self.after.clone(), ..ListQuery::all(scope.clone()) };
        let mut named = Vec::new();
        let unreadable = desk.names(whole, &query, |found| {
            if named.len() <= most {
                named.push(found);
            }
        })?;
        let is_first = self.after.is_none();
        let left_out = if is_first { unlisted(desk, &scope, unreadable)? } else { Vec::new() };
        Ok(Listed { named, left_out })
    }
}

/// What an answer may have.
struct Listed {
    named: Vec<Named>,
    left_out: Vec<LeftOut>,
}

/// Records an answer as a whole.
fn entry(exported: &Exported) -> Draft {
    let draft = Draft::of(Action::Export).with("exported", exported.entries.len());
    let draft = draft.with("leftOut", exported.left_out.len());
    if exported.next.is_some() { draft.with("more", true) } else { draft }
}

/// Names the secrets that no list has, since their rows cannot be read, vanished, or are hidden by an index.
fn unlisted(desk: &Desk, scope: &OrgScope, unreadable: u64) -> Result<Vec<LeftOut>, Fault> {
    let (vault, findings) = (desk.vault(), desk.vault().findings());
    if unreadable == 0 && !findings.misses() {
        return Ok(Vec::new());
    }
    let mut missing = vault.missing(desk.keys()?, scope)?;
    missing.extend(findings.hidden(scope));
    let left_out = missing.into_iter().filter_map(|secret| {
        let name = SecretName::try_from(secret.name).ok()?;
        let fault = Fault::new(Code::Integrity, format!("the stored row of `{name}` is not found"));
        Some(LeftOut { org_id: secret.org_id, name, code: fault.code, error: fault.message })
    });
    Ok(left_out.collect())
}

/// An answer in the making.
struct Gathered {
    exported: Exported,
    /// What it may take, in bytes; one secret may take more.
    room: usize,
    /// What it takes, in bytes.
    bytes: usize,
    /// The last secret that it has or leaves out.
    last: Option<FullName>,
}

impl Gathered {
    /// Adds a secret, or why it is left out; returns whether there was room for it.
    ///
    /// # Errors
    /// Those that concern more than this secret.
    fn add(&mut self, desk: &mut Desk, Named { id, org, name, .. }: Named) -> Result<bool, Fault> {
        let taken = match hand_out(desk, id) {
            Err(fault) if matches!(fault.code, Code::NotFound | Code::Integrity) => {
                desk.drop_noted(id);
                Err(LeftOut {
                    org_id: org.clone(),
                    name: name.clone(),
                    code: fault.code,
                    error: fault.message,
                })
            }
            taken => Ok(taken?),
        };
        self.bytes += OVERHEAD + taken.as_ref().map_or_else(json_bytes, json_bytes);
        let room = if self.last.is_none() { ANSWER_BYTES } else { self.room };
        if self.bytes > room {
            desk.drop_noted(id);
            return Ok(false);
        }
        match taken {
            Ok(secret) => self.exported.entries.push(secret),
            Err(left) => self.exported.left_out.push(left),
        }
        self.last = Some(FullName { org_id: org, name });
        Ok(true)
    }
}

fn hand_out(desk: &mut Desk, id: SecretId) -> Result<ExportedSecret, Fault> {
    let stored = desk.take(Action::Export, id.into())?;
    let value = desk.reveal(&stored)?;
    desk.detail("version", stored.row.version);
    let row = &stored.row;
    Ok(ExportedSecret {
        org_id: row.org.clone(),
        name: row.name.clone(),
        value: value.into(),
        category: row.category,
        metadata: RawMetadata::of(&row.metadata),
        expires_at: row.expires_at,
    })
}

fn too_large() -> Fault {
    Fault::new(Code::TooLarge, "the secrets take more than 16 MiB")
        .hint("ask for portions: with `limit`, and then with `after`, the `next` of the portion before")
}
