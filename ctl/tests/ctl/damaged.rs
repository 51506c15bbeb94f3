//! A file that is damaged: what the doctor says of it, and the way back from a backup.

use std::path::{Path, PathBuf};

use vault_testkit::{Leaf, TestEnvironment};

/// The bytes of a page of the database.
const PAGE: usize = 4096;

/// One way of damaging a vault at rest, by the path of its database.
type Hurt = fn(&Path);

/// Rewrites a file's bytes.
fn rewrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    vault::files::replace_private(path, &bytes).unwrap();
}

fn noise(bytes: &mut [u8]) {
    let mut state = 0x9e37_79b9_u32;
    for byte in bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = state.to_be_bytes()[0];
    }
}

fn sql(path: &Path, statements: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(end);
    beside.into()
}

const HURTS: [(&str, Hurt); 12] = [
    ("nothing is left of it", |path| rewrite(path, Vec::clear)),
    ("its second half is gone", |path| rewrite(path, |bytes| bytes.truncate(bytes.len() / 2))),
    ("its last bytes are gone", |path| rewrite(path, |bytes| bytes.truncate(bytes.len() - 10))),
    ("its first page is zeros", |path| rewrite(path, |bytes| bytes[..PAGE].fill(0))),
    ("its second page is zeros", |path| rewrite(path, |bytes| bytes[PAGE..2 * PAGE].fill(0))),
    ("all of it is noise", |path| rewrite(path, |bytes| noise(bytes))),
    ("it is noise but for its first page", |path| rewrite(path, |bytes| noise(&mut bytes[PAGE..]))),
    ("it is of a schema to come", |path| sql(path, "PRAGMA user_version = 9999")),
    ("its table of secrets is gone", |path| sql(path, "DROP TABLE version; DROP TABLE secret")),
    ("its secrets are gone", |path| sql(path, "DELETE FROM secret")),
    ("a value is another", |path| sql(path, "UPDATE secret SET sealed = randomblob(length(sealed))")),
    ("its slots are others", |path| sql(path, "UPDATE slot SET bytes = randomblob(length(bytes))")),
];

/// Moves what is damaged away, as its owner does before a restore.
fn set_aside(test: &TestEnvironment) {
    for end in ["", "-wal", "-shm"] {
        let path = beside(&test.path("vault.db"), end);
        let _ = std::fs::rename(&path, beside(&path, ".old"));
    }
}

#[test]
fn however_it_is_damaged_the_doctor_says_what_to_do_and_a_backup_comes_back() {
    let mut test = TestEnvironment::served();
    for name in ["a", "skill:openai:access_token"] {
        test.ctl_with(&["set", name], format!("value of {name}")).succeeded();
    }
    let copy = test.home().with_file_name("copy.backup").display().to_string();
    test.ctl(&["backup", &copy]).succeeded();
    test.stop();
    for (what, hurt) in HURTS {
        // What lies in the write-ahead log would stand in for what is damaged.
        sql(&test.path("vault.db"), "PRAGMA wal_checkpoint(TRUNCATE)");
        hurt(&test.path("vault.db"));
        let serves = test.tries_to_start();
        let run = test.ctl(&["doctor"]).ended_with(9);
        assert!(run.stdout.contains("vaultctl restore"), "{what}, serves: {serves}, {run}");
        test.stop();
        set_aside(&test);
        test.ctl(&["restore", &copy]).succeeded();
        test.start();
        for name in ["a", "skill:openai:access_token"] {
            let run = test.ctl(&["get", name]).succeeded();
            assert_eq!(format!("value of {name}"), run.stdout, "{what}");
        }
        test.ctl(&["doctor", "--accept-loss", "--yes"]).succeeded();
        test.ctl(&["audit", "verify"]).succeeded();
        test.stop();
    }
}

#[test]
fn a_damaged_index_is_found_by_doctor_and_verify_and_mended_by_accepting_a_loss() {
    let mut test = TestEnvironment::served();
    for name in ["aaa", "db-prod", "zzz"] {
        test.ctl_with(&["set", name], format!("value of {name}")).succeeded();
    }
    test.stop();
    Leaf::of(&test.path("vault.db"), "sqlite_autoindex_secret_1").swap(0, 1);
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("sqlite_autoindex_secret_1"), "{run}");
    test.start();
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("vaultctl doctor --accept-loss") && run.stdout.contains("db-prod"), "{run}");
    let run = test.ctl(&["audit", "verify"]).ended_with(9);
    assert!(run.stdout.contains("sqlite_autoindex_secret_1"), "{run}");
    let run = test.ctl(&["get", "db-prod"]).ended_with(8);
    assert!(run.stderr.contains("`db-prod` is hidden by a damaged index"), "{run}");
    let run = test.ctl(&["doctor", "--accept-loss", "--yes"]).succeeded();
    assert!(run.stdout.contains("lost 0"), "{run}");
    assert!(run.stdout.contains("rebuilt: sqlite_autoindex_secret_1 of the database\n"), "{run}");
    assert!(run.stdout.contains("found again: db-prod of org default\n"), "{run}");
    assert!(!run.stdout.contains("value of db-prod"), "{run}");
    assert_eq!("value of db-prod", test.ctl(&["get", "db-prod"]).succeeded().stdout);
    test.ctl(&["audit", "verify"]).succeeded();
}

#[test]
fn an_agent_that_is_given_up_is_named() {
    let mut test = TestEnvironment::served();
    test.ctl(&["agent", "add", "bot", "--grant", "read:*"]).succeeded();
    test.stop();
    rusqlite::Connection::open(test.path("vault.db"))
        .unwrap()
        .execute("UPDATE agent SET revision = 2", [])
        .unwrap();
    test.start();
    let run = test.ctl(&["doctor", "--accept-loss", "--yes"]).succeeded();
    assert!(run.stdout.contains("lost: the agent bot\n"), "{run}");
}

#[test]
fn a_log_of_which_a_page_cannot_be_read_is_found_by_the_doctor() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    // The head that is kept outside names an entry of the page, and then one of another.
    let early = std::fs::read_to_string(test.path("head")).unwrap();
    for _ in 0..60 {
        test.ctl(&["get", "a"]).succeeded();
    }
    test.stop();
    Leaf::first_of(&test.path("vault.db"), "audit").spoil();
    let late = std::fs::read_to_string(test.path("head")).unwrap();
    for head in [early, late] {
        test.write("head", &head);
        test.start();
        assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
        let run = test.ctl(&["doctor"]).ended_with(9);
        assert!(run.stdout.contains("the audit log and the database cannot be checked"), "{run}");
        test.stop();
    }
}

#[test]
fn a_malformed_page_of_a_table_leads_to_a_backup_alone_where_no_daemon_runs() {
    for table in ["secret", "version", "agent", "label"] {
        let mut test = TestEnvironment::served();
        test.ctl_with(&["set", "a"], "value of a").succeeded();
        test.stop();
        Leaf::first_of(&test.path("vault.db"), table).spoil();
        let run = test.ctl(&["doctor"]).ended_with(9);
        let found = run.stdout.lines().find(|line| line.starts_with("database: ")).unwrap_or_default();
        assert!(
            found.contains("bring a backup back with: ") && !found.contains("accept-loss"),
            "{table}: {run}"
        );
    }
}

#[test]
fn a_lost_database_is_found_by_the_doctor_kept_from_init_and_restored() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    let copy = test.home().with_file_name("copy.backup").display().to_string();
    test.ctl(&["backup", &copy]).succeeded();
    test.stop();
    std::fs::remove_file(test.path("vault.db")).unwrap();
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("lost: the database is gone"), "{run}");
    test.start();
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("lost: the database is gone"), "{run}");
    test.stop();
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("lost: the database is gone"), "{run}");
    let run = test.ctl(&["init"]).ended_with(7);
    assert!(run.stderr.contains("vaultctl restore"), "{run}");
    test.ctl(&["restore", &copy]).succeeded();
    test.start();
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_database_that_is_moved_away_is_told_by_status_and_doctor_until_it_is_back() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    std::fs::rename(test.path("vault.db"), test.path("elsewhere")).unwrap();
    let run = test.ctl(&["get", "a"]).ended_with(8);
    assert!(run.stderr.contains("was moved away") && run.stderr.contains("back in its place"), "{run}");
    test.ctl_with(&["set", "b"], "value of b").ended_with(8);
    let run = test.ctl(&["doctor"]).ended_with(9);
    assert!(run.stdout.contains("storage: the database file was moved away"), "{run}");
    let run = test.ctl(&["status"]).succeeded();
    assert!(run.stdout.contains("was moved away") || run.stderr.contains("was moved away"), "{run}");
    std::fs::rename(test.path("elsewhere"), test.path("vault.db")).unwrap();
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
    test.ctl(&["doctor"]).succeeded();
}

#[test]
fn a_log_that_is_left_without_its_database_is_found_by_the_doctor_and_kept_by_a_restore() {
    let mut test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    let copy = test.home().with_file_name("copy.backup").display().to_string();
    test.ctl(&["backup", &copy]).succeeded();
    test.ctl_with(&["set", "b"], "value of b").succeeded();
    // By SIGKILL.
    test.stop();
    let log = std::fs::read(test.path("vault.db-wal")).unwrap();
    vault::files::replace_private(&test.path("vault.db"), b"").unwrap();
    for missing in [false, true] {
        if missing {
            std::fs::remove_file(test.path("vault.db")).unwrap();
        }
        let run = test.ctl(&["doctor"]).ended_with(9);
        assert!(run.stdout.contains("lost: the database is gone"), "{run}");
        let run = test.ctl(&["init"]).ended_with(7);
        assert!(run.stderr.contains("vaultctl restore"), "{run}");
        assert!(log == std::fs::read(test.path("vault.db-wal")).unwrap());
    }
    test.ctl(&["restore", &copy]).succeeded();
    assert!(log == std::fs::read(test.path("vault.db-wal.old")).unwrap());
    test.start();
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
}
