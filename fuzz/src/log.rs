//! The chain of the log: any change to an entry or to their order breaks it, at the right place.

use std::sync::OnceLock;

use vault::audit::{Author, Draft, Entry, Head, Link, Verdict, Verifier};
use vault::crypto::{Canon, MacKey};
use vault::domain::{Action, AuditId, Caller, OrgId, Outcome, Peer, SecretId, Timestamp};

use crate::sealed::keys;

/// How many entries the log has.
const ENTRIES: u8 = 16;

fn valid() -> &'static (Vec<Entry>, Head) {
    static VALID: OnceLock<(Vec<Entry>, Head)> = OnceLock::new();
    VALID.get_or_init(|| {
        let mut head = Head::START;
        let entries = (0..ENTRIES).map(|place| {
            let peer = Peer { uid: 1, gid: 2, pid: Some(3), exe: Some("/bin/x".to_owned()) };
            let author = Author::of(&Caller::owner(peer), Timestamp::from_millis(i64::from(place)));
            let draft = Draft::of(Action::Read).org(&OrgId::default());
            let draft = draft.secret(SecretId::from_bytes([place; 16]), "a").with("place", place);
            head.append(keys(), &author, draft, AuditId::from_bytes([place; 16]))
        });
        let entries = entries.collect();
        (entries, head)
    })
}

/// Changes a valid log as the data says, in steps of three bytes, and walks it.
pub(crate) fn audit(data: &[u8]) {
    let (valid, head) = valid();
    let mut entries = valid.clone();
    for step in data.chunks_exact(3) {
        if let [kind, place, how] = step {
            change(&mut entries, (*kind, usize::from(*place)), *how);
        }
    }
    let mut verifier = Verifier::new(Head::START, None);
    for entry in &entries {
        verifier.take(&MacKey::new(&[5; 32]), &Link::from(entry));
    }
    let Verdict { broken, .. } = verifier.end(entries.len() as u64, head);
    let same = |one: &Entry, other: &Entry| {
        one.seq == other.seq && one.mac == other.mac && covered(one) == covered(other)
    };
    let first = entries.iter().zip(valid).position(|(one, other)| !same(one, other));
    let unchanged = first.is_none() && entries.len() == valid.len();
    assert_eq!(broken.is_none(), unchanged, "{broken:?}");
    if let (Some(broken), Some(first)) = (broken, first) {
        // A MAC that was changed alone shows at its own entry.
        assert_eq!(broken.seq, first as u64 + 1, "{broken:?}");
    }
}

/// Gives the bytes that an entry's MAC covers.
fn covered(entry: &Entry) -> Vec<u8> {
    Link::from(entry).canonical(Canon::new()).bytes().to_vec()
}

fn change(entries: &mut Vec<Entry>, (kind, place): (u8, usize), how: u8) {
    let length = entries.len();
    let place = place % length.max(1);
    match kind % 4 {
        0 if length > 0 => drop(entries.remove(place)),
        1 if length > 0 => entries.swap(place, usize::from(how) % length),
        2 if length > 0 && length < 64 => entries.insert(usize::from(how) % length, entries[place].clone()),
        _ => {
            if let Some(entry) = entries.get_mut(place) {
                edit(entry, how);
            }
        }
    }
}

fn edit(entry: &mut Entry, how: u8) {
    let bit = 1 << (how / 16 % 8);
    match how % 16 {
        0 => entry.seq ^= 1 << (how / 16),
        1 => entry.id = AuditId::from_bytes([how; 16]),
        2 => entry.org = None,
        3 => entry.action = Action::ALL[usize::from(how / 16) % Action::ALL.len()],
        4 => entry.outcome = Outcome::ALL[usize::from(how / 16) % Outcome::ALL.len()],
        5 => entry.secret = None,
        6 => entry.name = Some("b".repeat(usize::from(how / 16))),
        7 => entry.actor.push('x'),
        8 => entry.peer = None,
        9 => entry.peer.iter_mut().for_each(|peer| peer.uid ^= u32::from(bit)),
        10 => entry.peer.iter_mut().for_each(|peer| peer.pid = None),
        11 => entry.peer.iter_mut().for_each(|peer| peer.exe = None),
        12 => entry.metadata.push(' '),
        13 => entry.at = Timestamp::from_millis(entry.at.as_millis() ^ i64::from(bit)),
        place => entry.mac[usize::from(place)] ^= bit,
    }
}
