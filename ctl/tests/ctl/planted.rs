//! Links that another user left in a folder that all may write: no file is written through them.

use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use vault_testkit::TestEnvironment;

/// A user of this machine who is not the one that runs the tests.
const OTHER: u32 = 65534;

/// Makes a folder like `/tmp`, and in it a link to a file of the test's user, left by some user.
fn planted(test: &TestEnvironment, owner: u32) -> (PathBuf, PathBuf) {
    let (shared, victim) = (test.path("shared"), test.write("bashrc", "A=mine-and-long\n"));
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
    let link = shared.join("out");
    symlink(&victim, &link).unwrap();
    lchown(&link, Some(owner), None).unwrap();
    (link, victim)
}

#[track_caller]
fn assert_refused(test: &TestEnvironment, arguments: &[&str], victim: &Path) {
    let run = test.ctl_with(arguments, "b: {{ vault://key }}\n").ended_with(2);
    assert!(run.stderr.contains("is a link of another user (uid 65534)"), "{run}");
    assert_eq!("A=mine-and-long\n", std::fs::read_to_string(victim).unwrap());
}

fn with_key() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "the-value").succeeded();
    test
}

#[test(needs(Root))]
fn a_filled_template_goes_through_no_link_of_another_user() {
    let test = with_key();
    let (link, victim) = planted(&test, OTHER);
    assert_refused(&test, &["inject", "-o", link.to_str().unwrap()], &victim);
}

#[test(needs(Root))]
fn an_export_goes_through_no_link_of_another_user() {
    let test = with_key();
    let (link, victim) = planted(&test, OTHER);
    let arguments = ["export", "--reveal", "--force", "-o", link.to_str().unwrap()];
    assert_refused(&test, &arguments, &victim);
}

#[test(needs(Root))]
fn references_replace_values_through_no_link_of_another_user() {
    let test = TestEnvironment::served();
    let (link, victim) = planted(&test, OTHER);
    let arguments = ["import", "dotenv", link.to_str().unwrap(), "--replace-with-refs"];
    assert_refused(&test, &arguments, &victim);
    assert_eq!("", test.ctl(&["list", "--quiet"]).succeeded().stdout);
}

#[test(needs(Root))]
fn a_link_to_such_a_link_is_not_followed_either() {
    let test = with_key();
    let (link, victim) = planted(&test, OTHER);
    let own = test.path("own");
    symlink(&link, &own).unwrap();
    assert_refused(&test, &["inject", "-o", own.to_str().unwrap()], &victim);
}

#[test]
fn a_link_of_ones_own_is_followed_there_too() {
    let test = with_key();
    let (link, victim) = planted(&test, nix::unistd::geteuid().as_raw());
    test.ctl_with(&["inject", "-o", link.to_str().unwrap()], "b: {{ vault://key }}\n").succeeded();
    assert_eq!("b: the-value\n", std::fs::read_to_string(victim).unwrap());
    assert!(link.is_symlink());
}
