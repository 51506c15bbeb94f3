//! What can happen while a command runs.

use super::session::Report;
use super::signals::Caught;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A signal came.
    Signal(Caught),
    /// The session told something of the command.
    Session(Report),
    /// One of the command's outputs has ended, or nobody reads it any more.
    Ended(Ending),
}

/// How an output ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The command closed it.
    Closed,
    /// Whoever read it from us is gone.
    Unread,
}
