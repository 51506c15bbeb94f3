//! A power cut: when it came, and what became of that which was not synced.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use fastrand::Rng;

use super::tape::{Tape, What, folder_of};

/// What became of data that was written and not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// It is lost.
    Lost,
    /// It had reached the disk already.
    Kept,
    /// Each sector of so many bytes is as some moment left it.
    Torn(usize),
}

/// What became of names that were made, changed or removed, where the folder was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Lost,
    Kept,
    /// The first of them happened, the rest did not.
    First,
    /// Each for itself happened or not.
    Any,
}

/// When the power went, and what it did.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    /// How many records of the tape were made.
    pub(super) end: usize,
    pub(super) data: Data,
    pub(super) names: Names,
    seed: u64,
}

/// What a moment is drawn for: a sector, or the length of a file.
pub(super) const LENGTH: usize = usize::MAX;
/// Stands for the folder where a moment is drawn for a name.
const FOLDER: usize = usize::MAX;

impl Cut {
    /// Draws a cut of a tape.
    pub(super) fn draw(tape: &Tape, random: &mut Rng) -> Self {
        let data = match random.u8(0..8) {
            0 => Data::Kept,
            1 | 2 => Data::Lost,
            3..=5 => Data::Torn(512),
            _ => Data::Torn(4096),
        };
        let names = [Names::Lost, Names::Kept, Names::First, Names::Any];
        let names = random.choice(names).unwrap_or(Names::Lost);
        Self { end: moment(tape, random), data, names, seed: random.u64(..) }
    }

    /// Cuts after the last record, with everything on the disk.
    pub(super) fn none(tape: &Tape) -> Self {
        Self { end: tape.records.len(), data: Data::Kept, names: Names::Kept, seed: 0 }
    }

    /// Gives the moment that a sector of a file was left at: records before it reached the disk.
    ///
    /// `first` is the first record that nothing holds on the disk.
    pub(super) fn sector(&self, file: usize, sector: usize, first: usize) -> usize {
        match self.data {
            Data::Lost => 0,
            Data::Kept => self.end,
            Data::Torn(_) => self.moment_of((file, sector), first),
        }
    }

    /// Tells whether the change of a name happened that no sync holds.
    pub(super) fn name(&self, record: usize, first: usize) -> bool {
        match self.names {
            Names::Lost => false,
            Names::Kept => true,
            Names::First => record < self.moment_of((FOLDER, 0), first),
            Names::Any => self.drawn((FOLDER, record)).is_multiple_of(2),
        }
    }

    /// Draws nothing, everything, or a moment in between, always the same for the same thing.
    fn moment_of(&self, thing: (usize, usize), first: usize) -> usize {
        let drawn = self.drawn(thing);
        let (kind, rest) = (drawn % 3, usize::try_from(drawn >> 8).unwrap_or(usize::MAX));
        match kind {
            0 => 0,
            1 => self.end,
            _ => first + rest % (self.end - first.min(self.end) + 1),
        }
    }

    fn drawn(&self, thing: (usize, usize)) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, thing).hash(&mut hasher);
        hasher.finish()
    }
}

/// Draws a moment: any, or one right before a sync ended, after an acknowledgement, or while a name is held by no sync.
fn moment(tape: &Tape, random: &mut Rng) -> usize {
    let drawn = random.usize(0..=tape.records.len());
    let kind = random.u8(0..8);
    if kind > 5 {
        return random.choice(loose_names(tape)).unwrap_or(drawn);
    }
    let mut wanted = tape.records.iter().enumerate().skip(drawn).filter(|(_, record)| {
        let sync = matches!(record.what, What::Synced { .. }) && kind < 2;
        let folder = matches!(record.what, What::FolderSynced { .. }) && kind == 5;
        sync || folder || matches!(record.what, What::Event(_)) && (2..4).contains(&kind)
    });
    match wanted.next() {
        // A sync that ended is not among what came before it; an event is.
        Some((at, record)) => at + usize::from(matches!(record.what, What::Event(_))),
        None => drawn,
    }
}

/// Lists the moments at which a name was changed and the folder not synced.
fn loose_names(tape: &Tape) -> Vec<usize> {
    let mut moments = Vec::new();
    let mut changed = BTreeMap::new();
    for (number, record) in tape.records.iter().enumerate() {
        match &record.what {
            What::Made { name, .. } | What::Removed { name } | What::Renamed { to: name, .. } => {
                changed.insert(folder_of(name), record.at);
            }
            What::FolderSynced { folder, reached } => {
                changed.retain(|one, at| one != folder || *at >= *reached);
            }
            _ => {}
        }
        if !changed.is_empty() {
            moments.push(number + 1);
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(data: Data, names: Names) -> Cut {
        Cut { end: 100, data, names, seed: 7 }
    }

    #[test]
    fn what_is_lost_is_lost_everywhere_and_what_is_kept_is_kept() {
        for sector in 0..50 {
            assert_eq!(0, cut(Data::Lost, Names::Lost).sector(1, sector, 40));
            assert_eq!(100, cut(Data::Kept, Names::Lost).sector(1, sector, 40));
        }
    }

    #[test]
    fn torn_sectors_are_left_at_different_moments_and_each_at_one() {
        let cut = cut(Data::Torn(512), Names::Any);
        let drawn: std::collections::BTreeSet<_> = (0..50).map(|sector| cut.sector(1, sector, 40)).collect();
        assert!(drawn.len() > 5 && drawn.contains(&0) && drawn.contains(&100), "{drawn:?}");
        assert!(drawn.iter().all(|moment| *moment == 0 || (40..=100).contains(moment)), "{drawn:?}");
        assert_eq!(cut.sector(1, 3, 40), cut.sector(1, 3, 40));
    }
}
