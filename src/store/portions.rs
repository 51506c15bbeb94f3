//! A unit that is too large for memory: its changes are made a portion at a time, while its transaction runs.
//!
//! The writer begins the transaction; from then on nothing else is committed, so that the maker of the portions reads
//! what they will change. Each is applied while the next is made: two of them are in memory.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::Change;
use crate::audit::Draft;

/// Some of the changes of a unit, with their entries.
#[derive(Debug, Default)]
pub struct Portion {
    /// What changes.
    pub changes: Vec<Change>,
    /// What is recorded.
    pub entries: Vec<Draft>,
    /// Whether the unit ends with it; one that ends without such a portion is withdrawn.
    pub last: bool,
}

/// The portions of a unit, as the writer takes them.
#[derive(Debug)]
pub struct Portions {
    start: oneshot::Sender<()>,
    made: mpsc::Receiver<Portion>,
}

/// The maker of the portions of a unit, before its transaction.
#[derive(Debug)]
pub struct Waiting {
    started: oneshot::Receiver<()>,
    maker: Maker,
}

/// Where the portions of a unit are handed over; dropped before the last one, it withdraws the unit.
#[derive(Debug)]
pub struct Maker(mpsc::SyncSender<Portion>);

/// Says that the writer takes no more portions of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the writer gave up the unit")]
pub struct GivenUp;

/// Makes both ends.
pub fn portions() -> (Waiting, Portions) {
    let (start, started) = oneshot::channel();
    let (sender, made) = mpsc::sync_channel(0);
    (Waiting { started, maker: Maker(sender) }, Portions { start, made })
}

impl Portions {
    /// Lets the other end begin, and gives the portions in order.
    pub(super) fn begin(self) -> mpsc::IntoIter<Portion> {
        let _ = self.start.send(());
        self.made.into_iter()
    }
}

impl Waiting {
    /// Waits until the transaction has begun, on a thread that may wait.
    ///
    /// # Errors
    /// [`GivenUp`] if the unit was refused before.
    pub fn begin(self) -> Result<Maker, GivenUp> {
        self.started.blocking_recv().map_err(|_| GivenUp)?;
        Ok(self.maker)
    }
}

impl Maker {
    /// Hands over the next portion, once the writer has applied the one before.
    ///
    /// # Errors
    /// [`GivenUp`] if the unit was refused meanwhile.
    pub fn hand_over(&self, portion: Portion) -> Result<(), GivenUp> {
        self.0.send(portion).map_err(|_| GivenUp)
    }
}
