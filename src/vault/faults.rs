//! What the parts below the vault refuse with, as faults of the interface.

use super::desk::Desk;
use crate::api::{Code, Fault};
use crate::crypto::CryptoError;
use crate::domain::SecretName;
use crate::store::{Displaced, Refusal, StoreError, Unit};

impl From<Displaced> for Fault {
    fn from(what: Displaced) -> Self {
        Self::new(Code::Storage, what.to_string()).hint(what.hint())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::TooLong) {
            return list_too_large();
        }
        tracing::error!(%error, "the store did not answer");
        match error {
            StoreError::Displaced(what) => what.into(),
            StoreError::Damaged(_) => Self::new(Code::Integrity, error.to_string()),
            error => Self::new(Code::Storage, error.to_string()),
        }
    }
}

/// What remains to do if more than indexes and free space of the database is damaged.
pub(super) const RESTORE: &str =
    "bring back a backup with: vaultctl restore; what still opens is saved with: vaultctl export";

/// Puts a refusal of the store into words.
pub(super) fn fault_of(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::NameTaken => Fault::new(Code::Conflict, "the name is taken in this org")
            .hint("replace its value with: vaultctl set; or choose another name"),
        Refusal::PlaceTaken => Fault::new(Code::Conflict, refusal.to_string()).hint(
            "replace its value by this name with: vaultctl set; in a field `-`, `.` and camelCase are the same as `_`, and a \
             preset's aliases as its own names",
        ),
        Refusal::Stale | Refusal::OldKeys => Fault::stale(),
        Refusal::Revoked => Fault::new(Code::Unauthorized, "the agent's rights changed meanwhile"),
        Refusal::Displaced(what) => (*what).into(),
        Refusal::Full | Refusal::Storage(_) => {
            Fault::new(Code::Storage, format!("{refusal}; nothing of the change is stored"))
        }
        Refusal::Closed => Fault::new(Code::Storage, format!("{refusal}; nothing of the change is stored"))
            .hint("ask again when it runs; start it with: vaultd"),
        Refusal::Crypto(error) => (*error).into(),
        Refusal::Damaged(_) => {
            let words = "the database is damaged where it would be changed; nothing of it is stored";
            Fault::new(Code::Integrity, words).hint(RESTORE)
        }
        Refusal::Withdrawn | Refusal::Panicked => {
            Fault::new(Code::Internal, "the daemon failed at this change; nothing of it is stored")
        }
    }
}

/// What the store refused, and the unit that would record it.
pub(super) struct GivenUp {
    pub(super) refusal: Refusal,
    pub(super) entry: Option<Box<Unit>>,
}

impl GivenUp {
    /// Takes what the desk was asked for.
    pub(super) fn of(mut desk: Box<Desk>, refusal: Refusal) -> Self {
        let entry = desk.refused_unit(&fault_of(&refusal)).map(Box::new);
        Self { refusal, entry }
    }
}

/// Refuses a list that is too much for one answer.
pub(super) fn list_too_large() -> Fault {
    Fault::new(Code::TooLarge, "the list takes more than 16 MiB")
        .hint("ask for a part of it, with `limit` and `offset`")
}

/// Refuses what the caller may not do.
pub(super) fn forbidden() -> Fault {
    Fault::new(Code::Forbidden, "you may not do this")
}

/// Says of which secret a row cannot be read.
pub(super) fn unreadable(name: &SecretName, error: StoreError) -> Fault {
    let fault = Fault::from(error);
    if fault.code != Code::Integrity {
        return fault;
    }
    Fault { message: format!("the row of `{name}` was changed: {}", fault.message), ..fault }
}

/// Says that a secret's sealed value does not open.
pub(super) fn unsealable(name: &str, error: CryptoError) -> Fault {
    Fault::new(
        Code::Integrity,
        format!("the sealed value of `{name}` was changed, moved or swapped: {error}"),
    )
}

impl From<CryptoError> for Fault {
    fn from(error: CryptoError) -> Self {
        let code = match error {
            CryptoError::NoRandom => Code::Internal,
            CryptoError::ReadsAsRecoveryKey => Code::InvalidRequest,
            CryptoError::UnknownFormat | CryptoError::Malformed | CryptoError::NotAuthentic => {
                Code::Integrity
            }
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_refuses_is_told_in_its_words_and_names_the_disk_where_the_disk_is_at_fault() {
        let words = |refusal: Refusal| fault_of(&refusal).message;
        let refused = StoreError::Database("disk I/O error".to_owned()).to_string();
        assert_eq!(
            "the database did not answer: disk I/O error; nothing of the change is stored",
            words(Refusal::Storage(refused))
        );
        assert_eq!("the disk is full; nothing of the change is stored", words(Refusal::Full));
        let closed = fault_of(&Refusal::Closed);
        assert_eq!("the daemon is ending; nothing of the change is stored", closed.message);
        assert!(!closed.hint.contains("disk"));
        let unsealed = fault_of(&Refusal::Crypto(CryptoError::NoRandom));
        assert_eq!(Code::Internal, unsealed.code);
    }
}
