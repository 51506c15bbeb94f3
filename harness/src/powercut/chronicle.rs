//! What clients knew, in one order with what was done to the disk.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::tape::{EVENT, MAGIC};
use crate::world::keeper::Keeper;
use crate::world::ledger::Ledger;
use crate::world::witness::{Event, Witness};

/// Appends a mark to the shim's log for each event, and keeps the event itself.
#[derive(Debug)]
pub(super) struct Chronicle {
    log: File,
    events: Mutex<Vec<Event>>,
}

impl Chronicle {
    /// Begins one beside a log that is there.
    pub(super) fn begin(log: &Path) -> Result<Self> {
        Ok(Self { log: OpenOptions::new().append(true).open(log)?, events: Mutex::default() })
    }

    /// Gives the events, once nobody tells any more.
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Witness for Chronicle {
    fn hear(&self, event: Event) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mark = [MAGIC, EVENT, 0, 0].map(u32::to_ne_bytes).concat();
        mark.extend_from_slice(&(events.len() as u64).to_ne_bytes());
        mark.extend_from_slice(&[0; 8]);
        // A mark that is missing is an event that no image knows of, and the counts tell.
        let _ = (&self.log).write_all(&mark);
        events.push(event);
    }
}

/// What was known at a moment.
#[derive(Debug)]
pub(super) struct Knowledge {
    pub(super) ledgers: Vec<Ledger>,
    pub(super) keeper: Keeper,
    /// How many writes were under way.
    pub(super) under_way: usize,
}

impl Knowledge {
    /// Goes through the events up to a moment.
    pub(super) fn after(events: &[Event], writers: usize) -> Self {
        let mut known =
            Self { ledgers: (0..writers).map(Ledger::new).collect(), keeper: Keeper::new(0), under_way: 0 };
        for event in events.iter().cloned() {
            match event {
                Event::Key(step) => known.keeper.take(step),
                Event::Name(writer, name, step) => {
                    if let Some(ledger) = known.ledgers.get_mut(writer) {
                        // It was compared when it happened.
                        let _ = ledger.take(name, step);
                    }
                }
            }
        }
        let names = known.ledgers.iter().flat_map(|ledger| &ledger.names);
        known.under_way = names.filter(|name| name.pending.is_some()).count();
        known
    }
}
