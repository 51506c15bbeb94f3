//! The classes of field: which bytes they are, and how a flipped bit of them has to be told.

use std::ops::Range;

/// How a hurt field has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The vault stays shut: nothing in it can be trusted.
    Shut,
    /// The secret is named, and all others are whole.
    Secret,
    /// Something is said, and all secrets are whole.
    Warned,
    /// It decides nothing: said or not, all secrets are whole or the vault stays shut.
    Free,
}

/// Some bytes of a column.
pub(super) struct Class {
    /// The table.
    pub(super) table: &'static str,
    /// The column.
    pub(super) column: &'static str,
    /// What the bytes are, where they are not all of it.
    pub(super) part: &'static str,
    /// Where they are, in so many bytes.
    pub(super) place: fn(usize) -> Range<usize>,
    /// How a flipped bit has to be told.
    pub(super) told: Told,
}

impl Class {
    /// Names the class.
    pub(super) fn name(&self) -> String {
        let Self { table, column, part, .. } = self;
        if part.is_empty() { format!("{table}.{column}") } else { format!("{table}.{column} ({part})") }
    }
}

/// A column as a whole.
type Column = (&'static str, &'static str, Told);
/// A part of a column.
type Part = (&'static str, fn(usize) -> Range<usize>);

const COLUMNS: [Column; 69] = [
    ("vault", "id", Told::Shut),
    ("vault", "vault_id", Told::Shut),
    ("vault", "created_at", Told::Free),
    ("vault", "checksum", Told::Shut),
    ("vault", "mac", Told::Shut),
    // The order of the slots counts, not their numbers.
    ("slot", "ordinal", Told::Free),
    ("audit_key", "from_seq", Told::Shut),
    ("audit_key", "iv", Told::Shut),
    ("audit_key", "sealed", Told::Shut),
    ("state", "id", Told::Shut),
    ("state", "seq", Told::Warned),
    ("state", "head", Told::Warned),
    ("state", "sum", Told::Warned),
    ("state", "count", Told::Warned),
    ("state", "agents", Told::Warned),
    ("state", "mac", Told::Warned),
    // They say which write-ahead log belongs to the database; another is left as it is, and the vault shut.
    ("state", "wal", Told::Free),
    ("state", "base", Told::Free),
    // Versions refer to it, and are missed where it changes; of a secret without any it decides nothing.
    ("secret", "key", Told::Free),
    ("secret", "id", Told::Secret),
    ("secret", "org", Told::Secret),
    ("secret", "name", Told::Secret),
    ("secret", "category", Told::Secret),
    ("secret", "metadata", Told::Secret),
    ("secret", "version", Told::Secret),
    ("secret", "revision", Told::Secret),
    ("secret", "created_by", Told::Secret),
    ("secret", "created_at", Told::Secret),
    ("secret", "updated_at", Told::Secret),
    ("secret", "rotated_at", Told::Secret),
    ("secret", "expires_at", Told::Secret),
    ("secret", "version_at", Told::Secret),
    ("secret", "version_by", Told::Secret),
    ("secret", "versions", Told::Secret),
    ("secret", "digest", Told::Secret),
    ("secret", "mac", Told::Secret),
    ("version", "secret", Told::Secret),
    ("version", "version", Told::Secret),
    ("version", "revision", Told::Secret),
    ("version", "created_at", Told::Secret),
    ("version", "created_by", Told::Secret),
    ("agent", "name", Told::Warned),
    ("agent", "revision", Told::Warned),
    ("agent", "sealed", Told::Warned),
    // Counts for `status` alone.
    ("tally", "org", Told::Free),
    ("tally", "category", Told::Free),
    ("tally", "count", Told::Free),
    ("label", "id", Told::Warned),
    ("label", "text", Told::Warned),
    ("audit", "seq", Told::Warned),
    ("audit", "id", Told::Warned),
    ("audit", "at", Told::Warned),
    ("audit", "org", Told::Warned),
    ("audit", "action", Told::Warned),
    ("audit", "outcome", Told::Warned),
    ("audit", "secret", Told::Warned),
    ("audit", "name", Told::Warned),
    ("audit", "actor", Told::Warned),
    ("audit", "uid", Told::Warned),
    ("audit", "gid", Told::Warned),
    ("audit", "pid", Told::Warned),
    ("audit", "exe", Told::Warned),
    ("audit", "metadata", Told::Warned),
    ("audit", "mac", Told::Warned),
    ("log_checkpoint", "id", Told::Warned),
    ("log_checkpoint", "seq", Told::Warned),
    ("log_checkpoint", "head", Told::Warned),
    ("log_checkpoint", "known", Told::Warned),
    ("log_checkpoint", "mac", Told::Warned),
];
const SLOT: [Part; 6] = [
    ("format, kind, KDF", |_| 0..3),
    ("rounds", |_| 3..7),
    ("salt", |_| 7..39),
    ("IV", |_| 39..51),
    ("sealed key", |_| 51..99),
    ("commitment", |_| 99..131),
];
const SEALED: [Part; 5] = [
    ("format", |_| 0..1),
    ("salt", |_| 1..33),
    ("IV", |_| 33..45),
    ("ciphertext", |length| 45..length.saturating_sub(16)),
    ("tag", |length| length.saturating_sub(16)..length),
];

/// Lists the classes.
pub(super) fn classes() -> Vec<Class> {
    let whole = COLUMNS.iter().map(|&(table, column, told)| Class {
        table,
        column,
        part: "",
        place: |length| 0..length,
        told,
    });
    let parts = |table, column, parts: &'static [Part], told| {
        parts.iter().map(move |&(part, place)| Class { table, column, part, place, told })
    };
    whole
        .chain(parts("slot", "bytes", &SLOT, Told::Shut))
        .chain(parts("secret", "sealed", &SEALED, Told::Secret))
        .chain(parts("version", "sealed", &SEALED, Told::Secret))
        .collect()
}
