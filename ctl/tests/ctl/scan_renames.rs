//! Files that a commit renames: what it adds to them counts, and what they hold already does not.

use std::path::{Path, PathBuf};
use std::process::Command;

use vault::files::{make_private_folder, replace_private};
use vault_testkit::TestEnvironment;

const VALUE: &str = "correct-horse-battery-7";
/// Enough lines that git sees the same file in it after a line has changed.
const LINES: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// What a commit does to a file that it renames.
#[derive(Clone, Copy)]
enum Change {
    /// Nothing else.
    Renamed,
    /// It adds a line with the value at the end.
    Filled,
    /// It takes the line with the value out.
    Emptied,
}

/// Makes a vault with one secret, and a repository whose next commit renames `old.ini` to `new.ini`.
fn with_rename(change: Change) -> (TestEnvironment, PathBuf) {
    let home = TestEnvironment::served();
    home.ctl_with(&["set", "skill:openai:access_token"], VALUE).succeeded();
    let folder = home.home().parent().unwrap().join("work");
    make_private_folder(&folder).unwrap();
    let with_value = format!("{LINES}key={VALUE}\n");
    let (old, new) = match change {
        Change::Renamed => (&*with_value, &*with_value),
        Change::Filled => (LINES, &*with_value),
        Change::Emptied => (&*with_value, LINES),
    };
    git(&folder, &["init", "-q"]);
    replace_private(&folder.join("old.ini"), old.as_bytes()).unwrap();
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "1"]);
    git(&folder, &["mv", "old.ini", "new.ini"]);
    replace_private(&folder.join("new.ini"), new.as_bytes()).unwrap();
    git(&folder, &["add", "."]);
    (home, folder)
}

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", folder);
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

/// Returns the places that `scan --staged` and `scan -` of the same diff find, which are the same.
fn found(change: Change, diff: &[&str]) -> Vec<String> {
    let (home, folder) = with_rename(change);
    let mut staged = home.command(&["--quiet", "scan", "--staged"]);
    staged.current_dir(&folder).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    let staged = home.run(staged, "").stdout;
    let diff = git(&folder, &[&["diff", "--cached"], diff].concat());
    let piped = home.run(home.command(&["--quiet", "scan", "-"]), diff).stdout;
    assert_eq!(staged, piped);
    staged.lines().map(str::to_owned).collect()
}

#[test(needs(Git))]
fn a_file_that_is_only_renamed_adds_nothing() {
    assert!(found(Change::Renamed, &[]).is_empty());
    assert!(found(Change::Renamed, &["--unified=0", "--color=always"]).is_empty());
}

#[test(needs(Git))]
fn a_value_that_comes_into_a_renamed_file_is_found_once_at_its_new_place() {
    for diff in [&[][..], &["--unified=0"], &["--no-prefix"]] {
        assert_eq!(vec!["new.ini:11:5: the value of skill:openai:access_token"], found(Change::Filled, diff));
    }
}

#[test(needs(Git))]
fn a_value_that_goes_with_a_rename_is_no_finding() {
    assert!(found(Change::Emptied, &[]).is_empty());
}

#[test(needs(Git))]
fn the_rename_settings_of_a_repository_change_nothing() {
    let (home, folder) = with_rename(Change::Renamed);
    for renames in ["false", "copies", "true"] {
        git(&folder, &["config", "diff.renames", renames]);
        let mut staged = home.command(&["scan", "--staged"]);
        staged.current_dir(&folder).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        home.run(staged, "").succeeded();
    }
}
