//! Values over time: replaced, brought back, encrypted afresh.

use vault_testkit::TestEnvironment;

fn with_versions(values: &[&str]) -> TestEnvironment {
    let test = TestEnvironment::served();
    for value in values {
        test.ctl_with(&["set", "a"], value).succeeded();
    }
    test
}

#[test]
fn set_replaces_a_value_and_keeps_the_one_before() {
    let test = with_versions(&["one", "two"]);
    assert_eq!("two", test.ctl(&["get", "a"]).succeeded().stdout);
    assert_eq!("one", test.ctl(&["get", "a", "--version", "1"]).succeeded().stdout);
}

#[test]
fn set_says_which_version_it_stored() {
    let test = with_versions(&["one"]);
    assert_eq!("stored a, version 2\n", test.ctl_with(&["set", "a"], "two").succeeded().stdout);
}

#[test]
fn history_lists_versions_newest_first_and_no_value() {
    let test = with_versions(&["one", "two", "three"]);
    let run = test.ctl(&["history", "a"]).succeeded();
    let numbers: Vec<_> = run.stdout.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(["3", "2", "1"], numbers[..]);
    assert!(!run.stdout.contains("two"), "{run}");
}

#[test]
fn rollback_makes_an_old_value_the_newest_version() {
    let test = with_versions(&["one", "two"]);
    let run = test.ctl(&["rollback", "a", "--to", "1"]).succeeded();
    assert_eq!("a has the value of version 1 again, as version 3\n", run.stdout);
    assert_eq!("one", test.ctl(&["get", "a"]).succeeded().stdout);
}

#[test]
fn a_version_that_is_not_kept_is_not_found() {
    let test = with_versions(&["one"]);
    test.ctl(&["get", "a", "--version", "9"]).ended_with(3);
    test.ctl_with(&["set", "ab"], "other").succeeded();
    for (words, told) in [("a", "history 'a'"), ("ab", "history 'ab'")] {
        let run = test.ctl(&["rollback", words, "--to", "9"]).ended_with(3);
        assert!(run.stderr.contains("this version is not kept") && run.stderr.contains(told), "{run}");
    }
    let run = test.ctl(&["rollback", "b", "--to", "9"]).ended_with(3);
    assert!(run.stderr.contains("there is no such secret") && run.stderr.contains("ab"), "{run}");
}

#[test]
fn particulars_change_without_the_value() {
    let test = with_versions(&["one"]);
    test.ctl(&["set", "a", "--keep-value", "--category", "deploy", "--expires", "2126-01-31"]).succeeded();
    let secret = test.ctl(&["show", "a", "--json"]).succeeded().json();
    assert_eq!(("deploy", 1), (secret["category"].as_str().unwrap(), secret["version"].as_u64().unwrap()));
    test.ctl(&["set", "a", "--keep-value", "--expires", "never"]).succeeded();
    assert!(test.ctl(&["show", "a", "--json"]).succeeded().json()["expiresAt"].is_null());
}

#[test]
fn rotation_leaves_the_value() {
    let test = with_versions(&["one"]);
    test.ctl(&["rotate", "a"]).succeeded();
    assert_eq!("one", test.ctl(&["get", "a"]).succeeded().stdout);
    assert!(!test.ctl(&["show", "a", "--json"]).succeeded().json()["rotatedAt"].is_null());
}

#[test]
fn rotate_all_means_every_org_or_the_named_one() {
    let test = with_versions(&["one"]);
    test.ctl_with(&["set", "b", "--org", "other"], "x").succeeded();
    assert_eq!("rotated 2 secrets\n", test.ctl(&["rotate", "--all"]).succeeded().stdout);
    assert_eq!("rotated 1 secret\n", test.ctl(&["rotate", "--all", "--org", "other"]).succeeded().stdout);
}

#[test]
fn rotate_needs_a_name_or_all() {
    TestEnvironment::empty().ctl(&["rotate"]).ended_with(2);
    TestEnvironment::empty().ctl(&["rotate", "a", "--all"]).ended_with(2);
}
