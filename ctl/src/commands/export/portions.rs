//! Asking for all secrets, a portion at a time.

use vault::api::{Code, Export, Exported, ExportedSecret, LeftOut, PortionLimit};
use vault::client::Client;

use crate::context::Context;
use crate::failure::Failure;

/// The portions of an export, each asked for when the one before was used.
#[derive(Debug)]
pub(super) struct Portions<'c> {
    context: &'c Context,
    client: Client,
    /// The next question; `None` after the last portion.
    next: Option<Export>,
    state: Option<String>,
    pub(super) told: Told,
}

/// What is to be said of an export as a whole.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How many secrets it has.
    pub(super) secrets: u64,
    /// Those that it has not.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether secrets were changed between two portions.
    pub(super) changed: bool,
}

impl<'c> Portions<'c> {
    /// Begins with the first one.
    pub(super) fn of(context: &'c Context) -> Result<Self, Failure> {
        let first = Export { org_id: context.orgs(), limit: Some(PortionLimit::MOST), after: None };
        Ok(Self {
            context,
            client: context.connect()?,
            next: Some(first),
            state: None,
            told: Told::default(),
        })
    }

    /// Returns the secrets of the next portion; `None` after the last one.
    ///
    /// # Errors
    /// What the daemon answered.
    pub(super) fn next(&mut self) -> Result<Option<Vec<ExportedSecret>>, Failure> {
        let Some(question) = self.next.take() else { return Ok(None) };
        let Exported { entries, left_out, next, state } =
            self.context.call_on(&mut self.client, &question)?;
        self.told.secrets += entries.len() as u64;
        self.told.left_out.extend(left_out);
        self.told.changed |= self.state.is_some() && self.state != state;
        self.state = state;
        self.next = next.map(|after| Export { after: Some(after), ..question });
        Ok(Some(entries))
    }
}

impl Told {
    /// Returns whether a secret does not authenticate.
    pub(super) fn is_damaged(&self) -> bool {
        self.left_out.iter().any(|left| left.code == Code::Integrity)
    }
}
