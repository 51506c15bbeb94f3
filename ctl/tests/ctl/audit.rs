//! The log: who looked, and whether the log is as it was written.

use crate::environment::TestEnvironment;

fn with_entries() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    test.ctl(&["get", "a"]).succeeded();
    test.ctl(&["get", "missing"]).ended_with(3);
    test
}

#[test]
fn readings_are_listed_with_who_read() {
    let test = with_entries();
    let run = test.ctl(&["audit", "--action", "decrypt"]).succeeded();
    assert_eq!(3, run.stdout.lines().count(), "{run}");
    assert!(run.stdout.contains("vaultctl[") && run.stdout.contains("missing"), "{run}");
}

#[test]
fn the_log_can_be_narrowed_by_outcome_and_time() {
    let test = with_entries();
    let total = |arguments: &[&str]| {
        test.ctl(&[&["audit", "--json"], arguments].concat()).succeeded().json()["total"].as_u64().unwrap()
    };
    assert_eq!(1, total(&["--outcome", "failed"]));
    assert_eq!(4, total(&["--since", "1h"]));
    assert_eq!(0, total(&["--until", "1h"]));
    assert_eq!(1, total(&["--search", "a", "--action", "create"]));
}

#[test]
fn csv_has_a_heading_and_a_line_an_entry() {
    let test = with_entries();
    let run = test.ctl(&["audit", "--format", "csv"]).succeeded();
    assert!(run.stdout.starts_with("seq,createdAt,action,outcome,orgId,entryName,"), "{run}");
    assert_eq!(5, run.stdout.matches("\r\n").count(), "{run}");
}

#[test]
fn an_untouched_log_verifies() {
    let test = with_entries();
    let run = test.ctl(&["audit", "verify"]).succeeded();
    assert!(run.stdout.starts_with("intact: 4 entries, head "), "{run}");
}
