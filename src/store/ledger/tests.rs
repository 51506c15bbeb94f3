//! The rules of a commit, on tables in memory.

mod memory;
mod row;
mod world;

use std::sync::Arc;

use super::*;
use crate::audit::{BreakReason, Checkpoint};
use crate::crypto::Sealed;
use crate::domain::{AgentId, Category, SecretId, Timestamp};
use crate::store::{Change, Guard, Kept, VERSIONS_KEPT, VersionRow, portions};
use memory::Held;
use world::{Opened, agent, insert, keys, rekeying, replace, secret};

#[test]
fn what_is_inserted_replaced_and_removed_leaves_the_sum_and_the_counts_of_what_is_there() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a"), insert(2, "b")]).unwrap();
    opened.commit(vec![replace(1, 1, Kept::Same)]).unwrap();
    opened.assert_vouched();
    opened.commit(vec![Change::Remove { id: SecretId::from_bytes([2; 16]), seen: 1 }]).unwrap();
    opened.assert_vouched();
    let counted: Vec<_> = opened.held().tallies.values().copied().collect();
    assert_eq!(vec![1], counted);
    assert_eq!(None, opened.verify().broken);
}

#[test]
fn a_changed_category_is_counted_once() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    let mut next = secret(1, "a");
    (next.row.revision, next.row.category) = (2, Category::ApiKey);
    let (next, was) = (Box::new(next), Category::Custom);
    opened.commit(vec![Change::Replace { next, seen: 1, was, kept: Kept::Same }]).unwrap();
    let counted: Vec<_> =
        opened.held().tallies.iter().map(|((_, category), count)| (&**category, *count)).collect();
    assert_eq!(vec![("api_key", 1), ("custom", 0)], counted);
}

#[test]
fn a_name_that_is_taken_leaves_a_failed_entry_and_nothing_else_and_harms_no_unit_of_its_batch() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    let units = [vec![insert(2, "b")], vec![insert(3, "c"), insert(4, "a")], vec![insert(5, "d")]];
    let units = units.map(|changes| opened.unit(changes)).into();
    let answers = opened.ledger.commit(units).unwrap();
    let refused: Vec<_> = answers.into_iter().map(Result::err).collect();
    assert_eq!(vec![None, Some(Refusal::NameTaken), None], refused);
    opened.assert_vouched();
    let failed: Vec<_> =
        opened.held().log.values().filter(|entry| entry.outcome == Outcome::Failed).collect();
    assert_eq!(
        vec![r#"{"code":"conflict"}"#],
        failed.iter().map(|entry| &*entry.metadata).collect::<Vec<_>>()
    );
    assert_eq!(3, opened.held().rows.len());
    assert_eq!(None, opened.verify().broken);
}

#[test]
fn another_spelling_of_a_field_that_is_there_is_refused() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "skill:x1:api_key")]).unwrap();
    for name in ["skill:x1:apiKey", "skill:x1:api-key"] {
        assert_eq!(Some(Refusal::PlaceTaken), opened.commit(vec![insert(2, name)]).err(), "{name}");
    }
    opened.commit(vec![insert(2, "skill:x1:key")]).unwrap();
    opened.commit(vec![insert(3, "skill:x2:apiKey")]).unwrap();
}

#[test]
fn what_is_not_as_it_was_read_is_refused_and_recorded_nowhere() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    let before = opened.held().log.len();
    let gone = SecretId::from_bytes([9; 16]);
    for changes in [
        vec![replace(1, 2, Kept::Same)],
        vec![insert(2, "b"), replace(1, 7, Kept::Same)],
        vec![Change::Remove { id: gone, seen: 1 }],
    ] {
        assert_eq!(Some(Refusal::Stale), opened.commit(changes).err());
    }
    let guards = vec![Guard { id: SecretId::from_bytes([1; 16]), revision: 3 }];
    let unit = Unit { guards, ..opened.unit(Vec::new()) };
    assert_eq!(Some(Refusal::Stale), opened.ledger.commit(vec![unit]).unwrap().pop().unwrap().err());
    assert_eq!(before, opened.held().log.len());
    opened.assert_vouched();
}

#[test]
fn what_was_read_before_another_program_wrote_is_refused_to_those_who_only_read() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    let as_of = opened.ledger.changes.last();
    let guards = vec![Guard { id: SecretId::from_bytes([1; 16]), revision: 1 }];
    let read = |opened: &mut Opened| {
        let unit = Unit { guards: guards.clone(), as_of, ..opened.unit(Vec::new()) };
        opened.ledger.commit(vec![unit]).unwrap().pop().unwrap()
    };
    assert!(read(&mut opened).is_ok());
    opened.ledger.tables().overtaken = true;
    assert_eq!(Some(Refusal::Stale), read(&mut opened).err());
}

#[test]
fn as_many_versions_are_kept_as_there_may_be_the_newest_ones() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    for version in 1..=15 {
        let older = VersionRow {
            version,
            revision: version,
            created_at: Timestamp::default(),
            created_by: String::new(),
            sealed: Sealed::from_stored(Vec::new()),
        };
        opened.commit(vec![replace(1, version, Kept::Push(Box::new(older)))]).unwrap();
    }
    let kept: Vec<_> = opened.held().versions.keys().map(|(_, version)| *version).collect();
    assert_eq!((7..=15).collect::<Vec<_>>(), kept);
    assert_eq!(VERSIONS_KEPT - 1, kept.len());
    opened.commit(vec![replace(1, 16, Kept::All(Vec::new()))]).unwrap();
    assert!(opened.held().versions.is_empty());
}

#[test]
fn a_unit_under_other_keys_is_refused_and_leaves_nothing() {
    let mut opened = Opened::new();
    let before = opened.held().state;
    let unit = Unit { keys: keys(), ..opened.unit(vec![insert(1, "a")]) };
    assert_eq!(Some(Refusal::OldKeys), opened.ledger.commit(vec![unit]).unwrap().pop().unwrap().err());
    assert_eq!(before, opened.held().state);
    opened.commit(vec![Change::Close]).unwrap();
    assert_eq!(Some(Refusal::OldKeys), opened.commit(vec![insert(1, "a")]).err());
}

#[test]
fn what_takes_room_is_refused_where_there_is_none_to_hold_and_the_rest_goes_on() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    opened.ledger.tables().is_full = true;
    assert!(matches!(opened.commit(vec![insert(2, "b")]), Err(Refusal::Storage(_))));
    opened.commit(Vec::new()).unwrap();
    opened.commit(vec![Change::Remove { id: SecretId::from_bytes([1; 16]), seen: 1 }]).unwrap();
    opened.assert_vouched();
}

#[test]
fn a_commit_that_fails_leaves_what_was_stored_and_the_keys_that_are_to_be_held() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    let before = opened.held().state;
    opened.ledger.tables().fails = true;
    let unit = opened.unit(vec![insert(2, "b")]);
    assert!(matches!(opened.ledger.commit(vec![unit]), Err(StoreError::Full)));
    let held = opened.ledger.keys();
    opened.ledger.forget(held);
    assert_eq!((before, 0), (opened.held().state, opened.ledger.take_fresh().len()));
    opened.commit(vec![insert(2, "b")]).unwrap();
    opened.assert_vouched();
    assert_eq!(None, opened.verify().broken);
}

#[test]
fn a_state_that_was_edited_or_that_the_log_has_passed_stays_disowned_until_it_is_vouched_for() {
    let mut first = Opened::new();
    first.commit(vec![insert(1, "a")]).unwrap();
    let keys = Arc::clone(&first.keys);
    let edited = Held { state: State { count: 5, ..first.held().state }, ..first.held().clone() };
    let mut cut = first.held().clone();
    first.commit(Vec::new()).unwrap();
    cut.log = first.held().log.clone();
    for held in [edited, cut] {
        let mut opened = Opened::on(held, Arc::clone(&keys));
        opened.commit(vec![insert(2, "b")]).unwrap();
        assert!(opened.held().state.is_disowned());
        assert_ne!(Some(BreakReason::Missing), opened.verify().broken.map(|found| found.reason));
        opened.commit(vec![Change::Vouch]).unwrap();
        opened.assert_vouched();
    }
}

#[test]
fn agents_that_were_changed_from_outside_are_dropped_before_others_are_vouched_for() {
    let mut opened = Opened::new();
    let keys = Arc::clone(&opened.keys);
    let put = |name: &str| Change::PutAgent { row: Box::new(agent(&keys, name, 1)), seen: None };
    opened.commit(vec![put("a"), put("b")]).unwrap();
    opened.assert_vouched();
    let removed = opened.held().agents.remove("a").unwrap();
    opened.commit(vec![put("c")]).unwrap();
    assert_eq!(vec!["c"], opened.held().agents.keys().collect::<Vec<_>>());
    opened.held().agents.insert("a".to_owned(), removed);
    opened.commit(vec![Change::DropAgent(AgentId::try_from("c".to_owned()).unwrap())]).unwrap();
    assert!(opened.held().agents.is_empty());
    opened.assert_vouched();
}

#[test]
fn an_agent_is_made_once_and_replaced_where_it_is_as_it_was_seen() {
    let mut opened = Opened::new();
    let keys = Arc::clone(&opened.keys);
    let put = |revision, seen| Change::PutAgent { row: Box::new(agent(&keys, "a", revision)), seen };
    opened.commit(vec![put(1, None)]).unwrap();
    assert_eq!(Some(Refusal::NameTaken), opened.commit(vec![put(1, None)]).err());
    assert_eq!(Some(Refusal::Stale), opened.commit(vec![put(3, Some(2))]).err());
    opened.commit(vec![put(2, Some(1))]).unwrap();
    let judged = |revision| Some((AgentId::try_from("a".to_owned()).unwrap(), revision));
    for (revision, refusal) in [(2, None), (1, Some(Refusal::Revoked))] {
        let unit = Unit { agent: judged(revision), ..opened.unit(Vec::new()) };
        assert_eq!(refusal, opened.ledger.commit(vec![unit]).unwrap().pop().unwrap().err());
    }
}

#[test]
fn new_keys_take_over_after_the_entries_and_with_every_row() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a"), insert(2, "b")]).unwrap();
    let start = Checkpoint::seal(&opened.keys, Head { seq: 1, mac: [1; 32] }, &[]);
    opened.commit(vec![Change::TrimLog(Box::new(start))]).unwrap();
    let next = keys();
    assert_eq!(Some(Refusal::Stale), opened.commit(vec![replace(1, 1, Kept::Same), rekeying(&next)]).err());
    opened.commit(vec![replace(1, 1, Kept::Same), replace(2, 1, Kept::Same), rekeying(&next)]).unwrap();
    assert_eq!(Some(Refusal::OldKeys), opened.commit(Vec::new()).err());
    opened.keys = next;
    opened.commit(vec![insert(3, "c")]).unwrap();
    opened.assert_vouched();
    let keys = Arc::clone(&opened.keys);
    assert!(opened.held().log_start.as_ref().unwrap().is_authentic(&keys));
}

#[test]
fn a_rekey_does_not_cover_up_a_row_that_was_put_back() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "a")]).unwrap();
    opened.commit(vec![replace(1, 1, Kept::Same)]).unwrap();
    *opened.held().rows.get_mut(&1).unwrap() = secret(1, "a");
    let next = keys();
    opened.commit(vec![replace(1, 1, Kept::Same), rekeying(&next)]).unwrap();
    assert!(opened.held().state.is_disowned());
}

#[test]
fn a_unit_in_portions_is_committed_whole_or_not_at_all() {
    let mut opened = Opened::new();
    for (last, left) in [(false, 0), (true, 2)] {
        let (waiting, made) = portions();
        let maker = std::thread::spawn(move || {
            let maker = waiting.begin().unwrap();
            for (number, name) in [(1, "a"), (2, "b")] {
                let changes = vec![insert(number, name)];
                let portion = Portion { changes, entries: Vec::new(), last: last && number == 2 };
                maker.hand_over(portion).unwrap();
            }
        });
        let unit = opened.unit(Vec::new());
        let answer = opened.ledger.commit_in_portions(&unit, made).unwrap();
        maker.join().unwrap();
        assert_eq!(last, answer.is_ok());
        assert_eq!(left, opened.held().rows.len());
        opened.assert_vouched();
    }
}

#[test]
fn another_alias_of_a_platform_or_field_that_is_there_is_refused() {
    let mut opened = Opened::new();
    opened.commit(vec![insert(1, "skill:twilio-sms:authToken")]).unwrap();
    opened.commit(vec![insert(2, "skill:gcp")]).unwrap();
    for name in ["skill:twilio:auth_token", "skill:twilio:access_token", "skill:google"] {
        assert_eq!(Some(Refusal::PlaceTaken), opened.commit(vec![insert(3, name)]).err(), "{name}");
    }
    opened.commit(vec![insert(3, "skill:twilio:api_key")]).unwrap();
}
