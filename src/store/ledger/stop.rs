//! Why a unit was not applied.

use crate::store::{Refusal, StoreError};

/// Refused as it stands, or the database failed under the whole transaction.
#[derive(Debug)]
pub(super) enum Stop {
    /// The unit alone.
    Refused(Refusal),
    /// Everything in the transaction.
    Failed(StoreError),
}

impl Stop {
    /// Parts what is the unit's own from what ends the transaction.
    pub(super) fn refused(self) -> Result<Refusal, StoreError> {
        match self {
            Self::Refused(refusal) => Ok(refusal),
            Self::Failed(error) => Err(error),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            // Others of the batch may have nothing to do with what is damaged.
            StoreError::Damaged(_) => Self::Refused(Refusal::Damaged(error.to_string())),
            error => Self::Failed(error),
        }
    }
}
