//! `export` of more than one answer of the daemon has room for.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};
use vault_testkit::{Run, TestEnvironment};

const MIB: usize = 1024 * 1024;
/// Values of a mebibyte that take two portions.
const SECRETS: usize = 17;

fn large(number: usize) -> String {
    format!("{number:08}").repeat(MIB / 8)
}

/// Stores large secrets.
fn stocked() -> TestEnvironment {
    let test = TestEnvironment::served();
    for number in 0..SECRETS {
        test.ctl_with(&["set", &format!("secret_{number:02}")], large(number)).succeeded();
    }
    test
}

/// Returns how many secrets each answer had, as the log has it, newest first.
fn recorded(test: &TestEnvironment) -> Vec<Value> {
    let log = test.ctl(&["audit", "--action", "export", "--limit", "1000", "--json"]).succeeded().json();
    let answers = log["entries"].as_array().unwrap().iter().filter(|entry| entry["entryName"].is_null());
    answers.map(|entry| entry["metadata"].clone()).collect()
}

#[test]
fn portions_are_one_document_on_stdout_and_in_a_file() {
    let test = stocked();
    let written = test.ctl(&["export", "--reveal"]).succeeded();
    assert!(written.stderr.is_empty(), "{}", written.stderr);
    let entries = written.json()["entries"].as_array().unwrap().clone();
    assert_eq!(SECRETS, entries.len());
    assert!(entries.iter().enumerate().all(|(number, entry)| entry["value"] == large(number)));
    let mut portions = vec![json!({ "exported": 3, "leftOut": 0, "more": true }); 6];
    portions[0] = json!({ "exported": 2, "leftOut": 0 });
    assert_eq!(portions, recorded(&test));
    let file = test.path("out.json");
    let run = test.ctl(&["export", "--reveal", "--output", file.to_str().unwrap()]).succeeded();
    assert!(run.stdout.contains("wrote 17 secrets"), "{}", run.stdout);
    assert!(written.stdout == std::fs::read_to_string(file).unwrap(), "the file is what stdout was");
}

#[test]
fn variables_are_chosen_among_the_secrets_of_all_portions() {
    let test = stocked();
    let assignments = |number: usize| format!("secret_{number:02}={}\n", large(number)).to_uppercase();
    let whole: String = (0..SECRETS).map(assignments).collect();
    let written = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded().stdout;
    assert!(whole == written, "{} bytes, not {}", written.len(), whole.len());
    test.ctl_with(&["set", "Secret 00"], "the same variable, in the other portion").succeeded();
    let run = test.ctl(&["export", "--reveal", "--format", "dotenv"]).succeeded();
    assert!(run.stderr.contains("(secret_00 would be SECRET_00 too)"), "{}", run.stderr);
    assert!(whole.ends_with(&run.stdout) && run.stdout.starts_with("SECRET_01="), "all but that one");
}

#[test]
fn what_is_changed_between_two_portions_is_told() {
    let test = stocked();
    let mut command = test.command(&["export", "--reveal"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut begin = [0; 1];
    // It has the first portion, of which the pipe does not hold a tenth.
    child.stdout.as_mut().unwrap().read_exact(&mut begin).unwrap();
    test.ctl_with(&["set", "secret_16"], "new").succeeded();
    let run = Run::of(&child.wait_with_output().unwrap(), &test.home()).succeeded();
    assert!(run.stderr.contains("secrets were changed while they were written"), "{}", run.stderr);
    let written: Value = serde_json::from_str(&format!("{}{}", char::from(begin[0]), run.stdout)).unwrap();
    assert_eq!(
        (SECRETS, &json!("new")),
        (written["entries"].as_array().unwrap().len(), &written["entries"][16]["value"])
    );
}

#[test]
fn an_org_with_one_large_secret_is_exported() {
    let test = TestEnvironment::served();
    test.ctl_with(&["--org", "large", "set", "only"], "\u{1}".repeat(300_000)).succeeded();
    let written = test.ctl(&["--org", "large", "export", "--reveal"]).succeeded().json();
    assert_eq!(
        (1, "\u{1}".repeat(300_000)),
        (
            written["entries"].as_array().unwrap().len(),
            written["entries"][0]["value"].as_str().unwrap().to_owned()
        )
    );
}

#[test]
fn an_export_that_is_refused_leaves_the_file_as_it_was_and_nothing_beside_it() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "x").succeeded();
    std::fs::create_dir(test.path("out")).unwrap();
    let file = test.write("out/file.json", "as it was");
    test.ctl(&["lock"]).succeeded();
    let export = ["export", "--reveal", "--force", "--output", file.to_str().unwrap()];
    test.ctl(&export).ended_with(4);
    assert_eq!("as it was", std::fs::read_to_string(&file).unwrap());
    assert_eq!(1, file.parent().unwrap().read_dir().unwrap().count());
}
