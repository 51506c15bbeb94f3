//! Paths of files to write: where they begin, and what they end in.

use std::os::unix::fs::symlink;
use std::process::Command;

use vault_testkit::{Run, TestEnvironment};

/// The commands that write a file of a path, without the path.
const WRITING: [&[&str]; 3] = [&["inject", "-o"], &["export", "--reveal", "-o"], &["backup"]];

fn with_key() -> TestEnvironment {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "key"], "the-value").succeeded();
    test
}

fn write(test: &TestEnvironment, arguments: &[&str], path: &str) -> Run {
    test.run(test.command(&[arguments, &[path]].concat()), "{{ vault://key }}")
}

/// Does so in a folder that was removed.
fn write_from_nowhere(test: &TestEnvironment, arguments: &[&str], path: &str) -> Run {
    let command = test.command(&[arguments, &[path]].concat());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-ec", r#"mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@""#]);
    shell.arg(command.get_program()).args(command.get_args()).env_clear().current_dir(test.home());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    test.run(shell, "{{ vault://key }}")
}

#[test]
fn a_path_from_the_root_leads_to_its_file_from_a_folder_that_was_removed() {
    let test = with_key();
    for (number, arguments) in WRITING.iter().enumerate() {
        let path = test.path(&format!("out-{number}"));
        write_from_nowhere(&test, arguments, path.to_str().unwrap()).succeeded();
        assert!(path.is_file(), "{arguments:?}");
    }
}

#[test]
fn another_path_leads_nowhere_from_there() {
    let test = with_key();
    for arguments in WRITING {
        write_from_nowhere(&test, arguments, "out").ended_with(2);
    }
}

#[test]
fn a_path_that_ends_as_a_folders_makes_no_file() {
    let test = with_key();
    std::fs::create_dir(test.path("there")).unwrap();
    for arguments in WRITING {
        for end in ["backups/", "backups//", "backups/.", "backups/./", "there/", "there/."] {
            let path = format!("{}/{end}", test.home().display());
            let run = write(&test, arguments, &path).ended_with(2);
            assert!(run.stderr.contains("names a folder, not a file"), "{arguments:?} {end}: {run}");
            assert!(!test.path("backups").exists(), "{arguments:?} {end}");
        }
    }
}

#[test]
fn nor_does_a_link_to_such_a_path() {
    let test = with_key();
    for (name, target) in [("one", "backups/"), ("other", "backups/."), ("far", "one")] {
        symlink(target, test.path(name)).unwrap();
        for arguments in WRITING {
            let run = write(&test, arguments, test.path(name).to_str().unwrap()).ended_with(2);
            assert!(run.stderr.contains("names a folder, not a file"), "{arguments:?} {name}: {run}");
            assert!(!test.path("backups").exists(), "{arguments:?} {name}");
        }
    }
}

#[test]
fn a_link_on_the_way_may_end_so() {
    let test = with_key();
    std::fs::create_dir(test.path("there")).unwrap();
    symlink("there/", test.path("link")).unwrap();
    for (number, arguments) in WRITING.iter().enumerate() {
        let path = test.path(&format!("link/out-{number}"));
        write(&test, arguments, path.to_str().unwrap()).succeeded();
        assert!(test.path(&format!("there/out-{number}")).is_file(), "{arguments:?}");
    }
}
