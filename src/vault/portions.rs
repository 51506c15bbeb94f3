//! Re-sealing many secrets, a portion at a time, within one transaction: memory holds a few of them.
//!
//! ```text
//! act → unit → (writer: begin) → read, seal, note → portion → (writer: apply) … → last portion → (writer: commit) → settled
//! ```

use std::fmt;

use super::Vault;
use super::desk::{Desk, Judged};
use super::handle::Tally;
use super::reseal::Resealed;
use crate::api::{Code, Fault};
use crate::audit::Draft;
use crate::domain::{Action, SecretId};
use crate::store::{GivenUp, Maker, Portion, Refusal, Unit, portions};

/// What a portion takes at least before it is handed over, in bytes, counting [`OVERHEAD`] for each entry.
const PORTION_BYTES: usize = 1024 * 1024;
/// About what an entry and its secret take in addition to the sealed values.
const OVERHEAD: usize = 2048;

/// Changes of more secrets than memory holds, made in portions.
pub(super) trait Work: Send + fmt::Debug {
    /// Makes all of them; what is noted and staged since the last portion was handed over is the last one.
    ///
    /// # Errors
    /// Any that withdraws the whole.
    fn make(self: Box<Self>, making: &mut Making) -> Result<Tally, Fault>;
}

/// Work that begins with the transaction of its unit, and the desk for it.
#[derive(Debug)]
pub(super) struct InPortions {
    pub(super) work: Box<dyn Work>,
    pub(super) desk: Desk,
}

/// The portions in the making. What is read is as it is when they are applied.
#[derive(Debug)]
pub(super) struct Making {
    desk: Desk,
    maker: Maker,
    /// What the next portion takes, in bytes.
    taken: usize,
}

impl Making {
    /// Gives the desk.
    pub(super) fn desk(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// Reads a listed secret; `None` if its row cannot be read.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn read(&self, action: Action, id: SecretId) -> Result<Option<Judged>, Fault> {
        self.desk.listed(action, id)
    }

    /// Puts a re-sealed secret in its place, and notes that.
    ///
    /// # Errors
    /// If the writer takes no more.
    pub(super) fn put(&mut self, made: Resealed, draft: Draft) -> Result<(), Fault> {
        self.taken += made.bytes();
        self.desk.stage(made.into_change());
        self.note(draft)
    }

    /// Notes what became of a secret.
    ///
    /// # Errors
    /// If the writer takes no more.
    pub(super) fn note(&mut self, draft: Draft) -> Result<(), Fault> {
        self.desk.note(draft);
        self.taken += OVERHEAD;
        if self.taken < PORTION_BYTES {
            return Ok(());
        }
        self.taken = 0;
        Ok(self.maker.hand_over(self.desk.take_portion())?)
    }
}

/// Why a unit in portions was not committed.
#[derive(Debug)]
pub(super) enum NotDone {
    /// The writer refused it.
    Refused(Refusal),
    /// Its portions could not be made.
    Fault(Box<Fault>),
}

impl Vault {
    /// Commits a unit whose changes are made in portions, on a thread of their own.
    pub(super) fn commit_in_portions(
        &self,
        unit: Unit,
        InPortions { work, desk }: InPortions,
    ) -> impl Future<Output = Result<Tally, NotDone>> + Send + use<> {
        let (waiting, portions) = portions();
        let answer = self.0.store.commit_in_portions(unit, portions);
        let making = tokio::task::spawn_blocking(move || {
            let mut making = Making { desk, maker: waiting.begin()?, taken: 0 };
            let made = work.make(&mut making)?;
            let Making { mut desk, maker, .. } = making;
            maker.hand_over(Portion { last: true, ..desk.take_portion() })?;
            Ok::<_, Fault>(made)
        });
        async move {
            let refusal = match answer.await {
                Ok(Ok(_)) => None,
                Ok(Err(refusal)) => Some(refusal),
                Err(_) => Some(Refusal::Closed),
            };
            let panicked = |_| Err(Fault::new(Code::Internal, "the operation ended by a panic"));
            match (refusal, making.await.unwrap_or_else(panicked)) {
                (None, Ok(made)) => Ok(made),
                (None | Some(Refusal::Withdrawn), Err(fault)) => Err(NotDone::Fault(fault.into())),
                (Some(refusal), _) => Err(NotDone::Refused(refusal)),
            }
        }
    }
}

impl From<Refusal> for NotDone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<GivenUp> for Fault {
    fn from(error: GivenUp) -> Self {
        Self::new(Code::Storage, error.to_string())
    }
}
