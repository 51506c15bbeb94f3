//! The log: who looked, and whether the log is as it was written.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::Stdio;

use vault_testkit::{Run, TestEnvironment};

/// Stores and reads a secret whose name can be no platform's, so that nothing else is looked for.
fn with_entries() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["add", "A"], "x").succeeded();
    test.ctl(&["get", "A"]).succeeded();
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

#[test]
fn a_changed_log_exits_9_and_names_the_first_broken_entry() {
    let mut test = with_entries();
    test.stop();
    let database = rusqlite::Connection::open(test.path("vault.db")).unwrap();
    database.execute("UPDATE audit SET outcome = 'ok' WHERE seq = 4", []).unwrap();
    drop(database);
    test.start();
    let run = test.ctl(&["audit", "verify"]).ended_with(9);
    assert!(run.stdout.starts_with("broken: entry 4 "), "{run}");
}

#[test]
fn following_prints_what_was_written_and_what_comes() {
    let test = with_entries();
    let mut command = test.command(&["audit", "--follow", "--action", "create", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!("A", next()["entryName"]);
    test.ctl_with(&["add", "B"], "x").succeeded();
    assert_eq!("B", next()["entryName"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn following_ends_with_the_daemon() {
    let mut test = with_entries();
    let mut command = test.command(&["audit", "--follow", "--limit", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("missing"));
    test.stop();
    assert_eq!(Some(69), child.wait().unwrap().code());
}

/// Lists the numbers of the entries that an export printed.
fn exported(run: &Run) -> Vec<u64> {
    let seq = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap();
    run.stdout.lines().map(seq).collect()
}

#[test]
fn an_export_has_every_entry_oldest_first() {
    let test = with_entries();
    assert_eq!([1, 2, 3, 4], exported(&test.ctl(&["audit", "export"]).succeeded())[..]);
}

#[test]
fn an_export_goes_on_after_the_last_one() {
    let test = with_entries();
    assert_eq!([3, 4], exported(&test.ctl(&["audit", "export", "--after", "2"]).succeeded())[..]);
    for nothing_new in ["4", "1000", "18446744073709551615"] {
        let run = test.ctl(&["audit", "export", "--after", nothing_new]).succeeded();
        assert_eq!("", run.stdout, "{nothing_new}");
    }
    let (whole, rest) = (["audit", "export", "--format", "csv"], ["--after", "2"]);
    let first = test.ctl(&whole).succeeded().stdout;
    let appended = test.ctl(&[&whole[..], &rest[..]].concat()).succeeded().stdout;
    assert!(first.ends_with(&appended) && appended.matches("\r\n").count() == 2, "{appended}");
    test.ctl(&["audit", "export", "--after", "-1"]).ended_with(2);
}

#[test]
fn an_export_is_json_or_comma_separated_but_not_both() {
    let test = with_entries();
    let run = test.ctl(&["audit", "export", "--json", "--format", "csv"]).ended_with(2);
    assert!(run.stderr.contains("exclude each other") && run.stdout.is_empty(), "{run}");
    let run = test.ctl(&["audit", "export", "--json"]).succeeded();
    let is_object = |line| serde_json::from_str::<serde_json::Value>(line).unwrap().is_object();
    assert!(run.stdout.lines().count() == 4 && run.stdout.lines().all(is_object), "{run}");
}

#[test]
fn an_export_can_be_narrowed_and_be_comma_separated() {
    let test = with_entries();
    let run = test.ctl(&["audit", "export", "--format", "csv", "--action", "decrypt"]).succeeded();
    assert_eq!(3, run.stdout.matches("\r\n").count(), "{run}");
    assert!(run.stdout.lines().skip(1).all(|line| line.contains(",decrypt,")), "{run}");
}

#[test]
fn a_name_that_a_spreadsheet_would_compute_is_a_cell_of_text() {
    let test = with_entries();
    test.ctl(&["get", "=HYPERLINK(\"http://x\")"]).ended_with(3);
    for words in [&["audit", "--format", "csv"][..], &["audit", "export", "--format", "csv"]] {
        let run = test.ctl(words).succeeded();
        assert!(run.stdout.contains(",\"'=HYPERLINK(\"\"http://x\"\")\","), "{run}");
        assert!(!run.stdout.contains(",=") && !run.stdout.contains(",\"="), "{run}");
    }
    let json = test.ctl(&["audit", "--json", "--outcome", "failed", "--limit", "1"]).succeeded().json();
    assert_eq!("=HYPERLINK(\"http://x\")", json["entries"][0]["entryName"]);
}

#[test]
fn what_a_caller_says_about_itself_is_named_a_claim() {
    let test = with_entries();
    let head =
        "GET /vault/resolve/a HTTP/1.0\r\nHost: v\r\nX-Vault-Address: 6.6.6.6\r\nX-Vault-Client: x\r\n\r\n";
    let mut stream = std::os::unix::net::UnixStream::connect(test.path("vault.sock")).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let listed = test.ctl(&["audit", "--limit", "1"]).succeeded();
    assert!(
        listed.stdout.contains("claimedAddress=6.6.6.6") && listed.stdout.contains("claimedClient=x"),
        "{listed}"
    );
    assert!(!listed.stdout.contains(" ip="), "{listed}");
    let metadata = &test.ctl(&["audit", "--json", "--limit", "1"]).json()["entries"][0]["metadata"];
    assert_eq!((&metadata["ip"], "6.6.6.6"), (&metadata["claimedAddress"], metadata["ip"].as_str().unwrap()));
}

/// Makes an agent that may read the log and the counters; returns the file with its token.
fn with_a_watcher(test: &TestEnvironment) -> PathBuf {
    let added = test.ctl(&["agent", "add", "watcher", "--grant", "audit,metrics:*"]).succeeded();
    test.write("watcher.token", &added.stdout)
}

#[test]
fn an_agent_that_may_look_reads_verifies_and_exports_the_log_and_no_value() {
    let test = with_entries();
    let file = with_a_watcher(&test);
    let as_watcher = |words: &[&str]| test.ctl(&[&["--token-file", file.to_str().unwrap()], words].concat());
    assert_eq!([3, 4, 5], exported(&as_watcher(&["audit", "export", "--after", "2"]).succeeded())[..]);
    assert!(as_watcher(&["audit"]).succeeded().stdout.contains("missing"));
    as_watcher(&["audit", "verify"]).succeeded();
    as_watcher(&["get", "A"]).ended_with(3);
    as_watcher(&["agent", "list"]).ended_with(5);
}

#[test]
fn an_agent_that_follows_the_log_is_told_when_it_may_no_more() {
    let test = with_entries();
    let file = with_a_watcher(&test);
    let follow = ["--token-file", file.to_str().unwrap(), "audit", "--follow", "--json", "--limit", "1"];
    let mut child = test.command(&follow).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("\"grant\""));
    test.ctl_with(&["add", "B"], "x").succeeded();
    assert!(lines.next().unwrap().contains("\"B\""));
    test.ctl(&["agent", "update", "watcher", "--grant", "metrics:*"]).succeeded();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(5) && said.contains("ask the owner for a grant"), "{said}");
}
