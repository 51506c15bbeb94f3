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

/// Makes a folder of the test's user, and another user's link to it: in a folder like `/tmp`, or in one of that user's own.
fn planted_folder(test: &TestEnvironment, (owner, mode): (u32, u32)) -> (PathBuf, PathBuf) {
    let (shared, mine) = (test.path("shared"), test.path("mine"));
    std::fs::create_dir(&shared).unwrap();
    std::fs::create_dir(&mine).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(mode)).unwrap();
    let link = shared.join("x");
    symlink(&mine, &link).unwrap();
    lchown(&link, Some(OTHER), None).unwrap();
    lchown(&shared, Some(owner), None).unwrap();
    let victim = test.write("mine/out", "A=mine-and-long\n");
    (link.join("out"), victim)
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

/// Whose the folder is that has the link, and its mode: all of them let the link's owner put it there.
const OPEN: [(u32, u32); 4] = [(0, 0o1777), (0, 0o777), (0, 0o775), (OTHER, 0o755)];

#[test(needs(Root))]
fn no_command_writes_into_a_folder_to_which_another_users_link_leads() {
    let test = with_key();
    let (path, victim) = planted_folder(&test, OPEN[0]);
    let path = path.to_str().unwrap();
    for arguments in [
        ["inject", "-o", path].as_slice(),
        &["export", "--reveal", "--force", "-o", path],
        &["backup", "--force", path],
        &["import", "dotenv", path, "--replace-with-refs"],
    ] {
        assert_refused(&test, arguments, &victim);
    }
    assert_eq!(1, victim.parent().unwrap().read_dir().unwrap().count());
}

#[test(needs(Root))]
fn such_a_link_is_refused_in_every_folder_that_its_owner_may_write_to() {
    for folder in OPEN {
        let test = with_key();
        let (path, victim) = planted_folder(&test, folder);
        assert_refused(&test, &["inject", "-o", path.to_str().unwrap()], &victim);
    }
}

#[test(needs(Root))]
fn such_a_link_is_refused_wherever_it_stands_on_the_way() {
    let test = with_key();
    let (path, victim) = planted_folder(&test, OPEN[0]);
    std::fs::create_dir(victim.with_file_name("below")).unwrap();
    let own = test.path("own");
    symlink(path.parent().unwrap(), &own).unwrap();
    let x = path.parent().unwrap();
    for way in [own.join("out"), x.join("below/../out"), x.join("below/new"), x.join("../x/out")] {
        assert_refused(&test, &["inject", "-o", way.to_str().unwrap()], &victim);
    }
    assert!(!victim.with_file_name("below").join("new").exists());
}

#[test(needs(Root))]
fn a_configuration_is_not_written_into_a_folder_to_which_another_users_link_leads() {
    let test = with_key();
    let (path, victim) = planted_folder(&test, OPEN[0]);
    for folder in [path.parent().unwrap().to_owned(), path.with_file_name("new")] {
        let mut command = test.command(&["integrate", "codex"]);
        command.env("CODEX_HOME", folder);
        let run = test.run(command, "").ended_with(2);
        assert!(run.stderr.contains("is a link of another user (uid 65534)"), "{run}");
    }
    assert_eq!(1, victim.parent().unwrap().read_dir().unwrap().count());
}

#[test(needs(Root))]
fn a_link_is_followed_where_no_other_user_may_have_put_it() {
    let test = with_key();
    let (path, victim) = planted_folder(&test, (0, 0o755));
    test.ctl_with(&["inject", "-o", path.to_str().unwrap()], "{{ vault://key }}").succeeded();
    assert_eq!("the-value", std::fs::read_to_string(victim).unwrap());
}

#[test]
fn folders_and_links_of_ones_own_are_gone_through() {
    let test = with_key();
    std::fs::create_dir_all(test.path("a/b")).unwrap();
    symlink("a", test.path("link")).unwrap();
    symlink(test.path("link/b"), test.path("a/up")).unwrap();
    for (number, way) in ["a/b/../b/1", "link/b/2", "link/../link/up/3", "./a//up/./4"].iter().enumerate() {
        let mut command = test.command(&["inject", "-o", way]);
        command.current_dir(test.home());
        test.run(command, "{{ vault://key }}").succeeded();
        assert_eq!(number + 1, test.path("a/b").read_dir().unwrap().count());
    }
}
