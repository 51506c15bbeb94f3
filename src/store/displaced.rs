//! What became of the files of a database behind the back of the program that has them open.

/// What became of a file of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Displaced {
    /// It was removed.
    #[error("the database file was removed while vaultd had it open")]
    Removed,
    /// It has another path now.
    #[error("the database file was moved away while vaultd had it open")]
    Moved,
    /// Another file has its path.
    #[error("another file is in the place of the database file that vaultd opened")]
    Replaced,
    /// It is shorter than it was.
    #[error("the database file was cut short while vaultd had it open")]
    CutShort,
    /// Something else wrote to it.
    #[error("another program wrote to the database file while vaultd had it open")]
    Overwritten,
    /// The write-ahead log is not where it was.
    #[error("the write-ahead log of the database was removed, moved or replaced while vaultd had it open")]
    LogGone,
    /// The write-ahead log is shorter than it was.
    #[error("the write-ahead log of the database was cut short while vaultd had it open")]
    LogCutShort,
    /// The write-ahead log was left by another database, or by another state of this one.
    #[error(
        "the write-ahead log next to the database does not belong to it: nothing of it was played into the database"
    )]
    ForeignLog,
    /// A write-ahead log was left, and no database.
    #[error(
        "the database is gone, and its write-ahead log is not: nothing of it was played into a new database"
    )]
    LogAlone,
}

impl Displaced {
    /// Says what to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Moved => {
                "put the file that was opened back in its place: vaultd then goes on, and no restart is needed"
            }
            Self::Replaced => {
                "put the file that was opened back in its place: vaultd then goes on, and no restart is needed; or, if the file \
                 that is there now is the right one, restart vaultd, which checks it"
            }
            Self::LogGone => "restart vaultd: what was stored is in the database file itself",
            Self::LogAlone => {
                "stop vaultd, and put the database back or restore a backup with: vaultctl restore"
            }
            Self::ForeignLog => {
                "stop vaultd and put the database back that the log belongs to; or give up what stands in the log alone, by \
                 moving it away (vault.db-wal, next to the database)"
            }
            Self::CutShort | Self::Overwritten => {
                "if all of the file is back, restart vaultd, which checks it; else stop vaultd, move the file away, and restore a \
                 backup with: vaultctl restore"
            }
            Self::LogCutShort => {
                "restart vaultd: commits that stood in the log alone are lost, and reported then"
            }
            Self::Removed => {
                "stop vaultd, move what is left of the database away, and restore a backup with: vaultctl restore"
            }
        }
    }

    /// Returns whether the files were not even opened, since they do not belong together.
    pub(crate) fn is_from_the_start(self) -> bool {
        matches!(self, Self::ForeignLog | Self::LogAlone)
    }

    /// Returns whether nothing but a restart ends it: the contents were changed, not only the place.
    pub(crate) fn is_final(self) -> bool {
        self.is_from_the_start() || matches!(self, Self::CutShort | Self::Overwritten | Self::LogCutShort)
    }
}
