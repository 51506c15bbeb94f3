//! Commands whose target is a file of the vault itself.

use std::os::unix::fs::symlink;

use vault_testkit::{Run, TestEnvironment};

/// The files that a home has or may have one day.
const OWN: [&str; 10] = [
    "vault.db",
    "vault.db-wal",
    "vault.db-shm",
    "vault.db-journal",
    ".env",
    "vault.toml",
    "head",
    "locked",
    "vault.lock",
    "vault.sock",
];

fn served() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    test.write("template", "{{ vault://a }}");
    test
}

fn assert_refused(run: Run, what: &str) {
    let run = run.ended_with(2);
    assert!(run.stderr.contains("is one of the vault's own files"), "{what}: {run}");
}

/// Has every command that writes a file write one of this path.
fn assert_nothing_writes(test: &TestEnvironment, path: &str) {
    let template = test.path("template").display().to_string();
    let runs = [
        test.ctl(&["inject", "-i", &template, "-o", path]),
        test.ctl(&["export", "--reveal", "--force", "--output", path]),
        test.ctl(&["backup", "--force", path]),
    ];
    for run in runs {
        assert_refused(run, path);
    }
}

#[test]
fn no_command_writes_over_a_file_of_the_home_that_is_there_or_may_come() {
    let test = served();
    for own in OWN {
        assert_nothing_writes(&test, &test.path(own).display().to_string());
    }
    assert!(!test.path("locked").exists());
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn no_other_spelling_of_its_path_leads_to_one() {
    let test = served();
    let home = test.home();
    let outside = home.parent().unwrap();
    symlink(&home, outside.join("folder")).unwrap();
    symlink(test.path("vault.db"), outside.join("link")).unwrap();
    symlink(test.path("vault.db-journal"), outside.join("dangling")).unwrap();
    symlink("link", outside.join("twice")).unwrap();
    std::fs::hard_link(test.path(".env"), outside.join("hard")).unwrap();
    for spelled in [
        "home/vault.db",
        "./home/../home/vault.db-wal",
        "home//./head",
        "folder/vault.db",
        "folder/locked",
        "link",
        "twice",
        "hard",
    ] {
        assert_nothing_writes(&test, spelled);
        assert_nothing_writes(&test, &outside.join(spelled).display().to_string());
    }
    let template = test.path("template").display().to_string();
    assert_refused(test.ctl(&["inject", "-i", &template, "-o", "dangling"]), "dangling");
    assert_eq!("value of a", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_database_elsewhere_is_known_by_what_it_holds() {
    let (test, other) = (served(), TestEnvironment::served());
    for own in ["vault.db", "vault.db-wal", "vault.db-journal", "vault.db.lock"] {
        assert_nothing_writes(&test, &other.path(own).display().to_string());
    }
}

#[test]
fn a_key_file_is_not_filled_with_references() {
    let test = served();
    let own = std::fs::read_to_string(test.path(".env")).unwrap();
    let key = format!("{own}OPENAI_API_KEY=sk-1234567890\n").into_bytes();
    let path = test.write(".env", std::str::from_utf8(&key).unwrap()).display().to_string();
    assert_refused(test.ctl(&["import", "dotenv", &path, "--replace-with-refs"]), "import");
    assert!(key == std::fs::read(test.path(".env")).unwrap());
}

#[test]
fn a_new_vault_is_not_put_over_another_file_of_the_home() {
    let test = TestEnvironment::empty();
    let at = |name: &str| test.path(name).display().to_string();
    let backup = test.write("a.backup", "none").display().to_string();
    for (flag, own) in [
        ("--database", ".env"),
        ("--database", "head"),
        ("--database", "vault.db-wal"),
        ("--env-file", "vault.db"),
        ("--env-file", "vault.toml"),
    ] {
        assert_refused(test.ctl(&["init", flag, &at(own)]), own);
        assert_refused(test.ctl(&["restore", &backup, flag, &at(own)]), own);
    }
    test.ctl(&["init", "--database", &at("vault.db"), "--env-file", &at(".env")]).succeeded();
}

#[test]
fn other_files_of_the_home_may_be_written() {
    let test = served();
    for other in ["vault.db.old", "secrets.json", "vault.backup"] {
        test.ctl(&["export", "--reveal", "--output", &test.path(other).display().to_string()]).succeeded();
    }
}
