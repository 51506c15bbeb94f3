//! An import of more than a request takes, and what is left of one that is cut off: whole parts.

use std::fmt::Write;

use serde_json::{Value, json};
use vault_testkit::{Run, TestEnvironment, wire};

use crate::between::{Between, Then, started};

/// Half a mebibyte: three of them are a part.
const LARGE: usize = 512 * 1024;

fn large(number: usize) -> String {
    format!("{number:08}").repeat(LARGE / 8)
}

/// Makes JSON of large values by name.
fn larges(count: usize) -> String {
    let values = (0..count).map(|number| (format!("large_{number:02}"), Value::from(large(number))));
    Value::Object(values.collect()).to_string()
}

fn import(test: &TestEnvironment, format: &str, written: &str, options: &[&str]) -> Run {
    let file = test.write("source", written);
    test.ctl(&[&["import", format, file.to_str().unwrap()], options].concat())
}

/// Returns the names of all secrets.
fn names(test: &TestEnvironment) -> Vec<String> {
    let list = test.ctl(&["list", "--limit", "1000", "--json"]).succeeded().json();
    list["secrets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// Counts the imports that the log has, whole or in parts.
fn imports(test: &TestEnvironment) -> usize {
    let log = test.ctl(&["audit", "--action", "migrate", "--limit", "1000", "--json"]).succeeded().json();
    log["entries"].as_array().unwrap().iter().filter(|entry| entry["entryName"].is_null()).count()
}

fn assert_has_all(test: &TestEnvironment, count: usize) {
    let exported = test.ctl(&["export", "--reveal"]).succeeded().json();
    let entries = exported["entries"].as_array().unwrap();
    assert_eq!(count, entries.len());
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!(json!(format!("large_{number:02}")), entry["name"]);
        assert!(entry["value"].as_str() == Some(&large(number)), "{number}");
    }
}

#[test]
fn what_was_exported_of_a_large_vault_comes_back() {
    let (from, to) = (TestEnvironment::served(), TestEnvironment::served());
    let run = import(&from, "json", &larges(7), &[]).succeeded();
    assert!(run.stdout.contains("imported: 7 new, 0 overwritten, 0 left"), "{}", run.stdout);
    let written = from.ctl(&["export", "--reveal"]).succeeded().stdout;
    let answer = import(&to, "json", &written, &["--json"]).succeeded().json();
    assert_eq!((json!(7), 7), (answer["created"].clone(), answer["entries"].as_array().unwrap().len()));
    assert_has_all(&to, 7);
    assert_eq!(3, imports(&to));
}

#[test]
fn what_was_exported_of_more_than_ten_thousand_secrets_comes_back() {
    let (from, to) = (TestEnvironment::served(), TestEnvironment::served());
    let values =
        (0..=10_000).map(|number| (format!("secret_{number}"), Value::from(format!("value {number}"))));
    import(&from, "json", &Value::Object(values.collect()).to_string(), &["--quiet"]).succeeded();
    let written = from.ctl(&["export", "--reveal"]).succeeded().stdout;
    let run = import(&to, "json", &written, &["--quiet"]).succeeded();
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    let list = to.ctl(&["list", "--limit", "1", "--json"]).succeeded().json();
    assert_eq!(json!(10_001), list["total"]);
    assert_eq!(written, to.ctl(&["export", "--reveal"]).succeeded().stdout);
}

#[test]
fn every_format_brings_in_more_than_a_request_takes() {
    let mut dotenv = String::new();
    let mut csv = "name,url,username,password\n".to_owned();
    for number in 0..4 {
        writeln!(dotenv, "large_{number:02}={}", large(number)).unwrap();
        writeln!(csv, "large_{number:02},,,{}", large(number)).unwrap();
    }
    let login =
        |number| json!({ "name": format!("large_{number:02}"), "login": { "password": large(number) } });
    let bitwarden = json!({ "encrypted": false, "items": (0..4).map(login).collect::<Vec<_>>() });
    for (format, written) in [("dotenv", dotenv), ("chrome", csv), ("bitwarden", bitwarden.to_string())] {
        let test = TestEnvironment::served();
        import(&test, format, &written, &[]).succeeded();
        assert_has_all(&test, 4);
    }
}

#[test]
fn a_name_of_a_later_part_that_is_there_keeps_the_first_part_out_too() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "large_06"], "old").succeeded();
    let run = import(&test, "json", &larges(7), &[]).ended_with(7);
    assert!(
        run.stderr.contains("nothing was stored: there is already `large_06`")
            && run.stderr.contains("--on-conflict skip"),
        "{}",
        run.stderr
    );
    assert_eq!(["large_06"], names(&test)[..]);
    import(&test, "json", &larges(7), &["--dry-run"]).ended_with(7);
    let run = import(&test, "json", &larges(7), &["--on-conflict", "skip"]).succeeded();
    assert!(run.stdout.contains("imported: 6 new, 0 overwritten, 1 left"), "{}", run.stdout);
    assert_eq!("old", test.ctl(&["get", "large_06"]).succeeded().stdout);
    import(&test, "json", &larges(7), &["--on-conflict", "overwrite"]).succeeded();
    assert_has_all(&test, 7);
}

#[test]
fn one_name_in_two_parts_is_refused_and_nothing_is_stored() {
    let test = TestEnvironment::served();
    let entry = |number: usize| json!({ "name": format!("large_{number:02}"), "value": large(number) });
    let mut entries: Vec<_> = (0..7).map(entry).collect();
    entries.push(entry(0));
    let run = import(&test, "json", &json!(entries).to_string(), &[]).ended_with(2);
    assert!(run.stderr.contains("two entries of the import have the name `large_00`"), "{}", run.stderr);
    assert!(names(&test).is_empty());
}

/// Returns whether a question stores the part that a value is in.
fn stores(question: &str, number: usize) -> bool {
    question.contains("\"dryRun\":false") && question.contains(&format!("large_{number:02}"))
}

#[test]
fn an_import_that_is_killed_leaves_whole_parts_and_a_second_run_brings_in_the_rest() {
    let test = TestEnvironment::served();
    let file = test.write("source", &larges(8));
    let import = ["import", "json", file.to_str().unwrap()];
    let (between, came) = Between::keeping(&test, |question| stores(question, 6));
    let mut child = started(&test, &test.home(), &[&["--socket", between.socket()], &import[..]].concat());
    came.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(6, names(&test).len());
    test.ctl(&import).ended_with(7);
    assert_eq!(6, names(&test).len());
    let run = test.ctl(&[&import[..], &["--on-conflict", "skip"]].concat()).succeeded();
    assert!(run.stdout.contains("imported: 2 new, 0 overwritten, 6 left"), "{}", run.stdout);
    assert_has_all(&test, 8);
}

#[test]
fn a_part_that_is_refused_says_how_much_is_stored_and_how_the_rest_comes_in() {
    for (options, go_on) in [
        (["--on-conflict", "fail"], "then run it again with --on-conflict skip"),
        (["--on-conflict", "overwrite"], "then run it again\n"),
    ] {
        let test = TestEnvironment::served();
        let socket = test.path("vault.sock");
        let look = move |question: &str| {
            if stores(question, 3) {
                wire::http(&socket, "POST", "/vault/lock", &json!({}));
            }
            Then::PassOn
        };
        let between = Between::passing(&test, look);
        let options = [&["--socket", between.socket()], &options[..]].concat();
        let run = import(&test, "json", &larges(8), &options).ended_with(4);
        assert!(
            run.stderr.contains("3 of 8 secrets are stored, 5 are not: the vault is locked"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(go_on), "{}", run.stderr);
        test.ctl_with(&["unlock"], std::fs::read_to_string(test.path(".env")).unwrap()).succeeded();
        assert_eq!(3, names(&test).len());
    }
}

#[test]
fn a_part_that_has_no_answer_is_not_said_to_be_stored_or_not() {
    let test = TestEnvironment::served();
    let between =
        Between::passing(&test, |question| if stores(question, 3) { Then::Close } else { Then::PassOn });
    let run = import(&test, "json", &larges(8), &["--socket", between.socket()]).ended_with(69);
    assert!(
        run.stderr.contains("3 of 8 secrets are stored, of the next 3 secrets it is not known"),
        "{}",
        run.stderr
    );
    let run = import(&test, "json", &larges(8), &["--on-conflict", "skip"]).succeeded();
    assert!(run.stdout.contains("imported: 5 new, 0 overwritten, 3 left"), "{}", run.stdout);
    assert_has_all(&test, 8);
}
