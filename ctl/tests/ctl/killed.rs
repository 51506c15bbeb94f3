//! Commands that are killed while they write a file with values: nothing of it is left.

use std::path::{Path, PathBuf};

use vault_testkit::TestEnvironment;

use crate::between::{Between, started};

/// Lists a folder, with what each file holds.
fn held_in(folder: &Path) -> Vec<(String, String)> {
    let held = |file: std::fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(file.path()).unwrap())
    };
    folder.read_dir().unwrap().map(|file| held(file.unwrap())).collect()
}

/// Kills a command when it asks for a method, and returns the folder that it wrote to.
fn killed_at(method: &str, arguments: &[&str], old: Option<&str>) -> (TestEnvironment, PathBuf) {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    let folder = test.path("out");
    std::fs::create_dir(&folder).unwrap();
    if let Some(old) = old {
        test.write("out/file", old);
    }
    let question = format!(r#""method":"{method}""#);
    let (between, came) = Between::keeping(&test, move |line| line.contains(&question));
    let mut child = started(&test, &folder, &[&["--socket", between.socket()], arguments].concat());
    came.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    (test, folder)
}

#[test]
fn a_killed_export_leaves_nothing() {
    let (_test, folder) = killed_at("vault.export", &["export", "--reveal", "-o", "file"], None);
    assert_eq!(Vec::<(String, String)>::new(), held_in(&folder));
}

#[test]
fn a_killed_backup_leaves_nothing() {
    let (_test, folder) = killed_at("vault.backupPart", &["backup", "file"], None);
    assert_eq!(Vec::<(String, String)>::new(), held_in(&folder));
}

#[test]
fn a_killed_command_leaves_the_file_that_it_was_to_replace() {
    for (method, arguments) in [
        ("vault.export", ["export", "--reveal", "--force", "-o", "file"].as_slice()),
        ("vault.backupPart", &["backup", "--force", "file"]),
    ] {
        let (test, folder) = killed_at(method, arguments, Some("old"));
        assert_eq!(vec![("file".to_owned(), "old".to_owned())], held_in(&folder));
        let mut again = test.command(arguments);
        again.current_dir(&folder);
        test.run(again, "").succeeded();
        assert_eq!(1, folder.read_dir().unwrap().count());
        assert_ne!(b"old".to_vec(), std::fs::read(folder.join("file")).unwrap());
    }
}

#[test]
fn what_another_version_left_when_it_was_killed_goes_at_the_next_run() {
    let test = TestEnvironment::served();
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    // No process has the highest number, and one always has the first.
    let left = [".file.2147483647", ".file.1"].map(|name| test.write(name, "a value"));
    let output = test.path("file").display().to_string();
    test.ctl_with(&["inject", "-o", &output], "{{ vault://a }}").succeeded();
    assert_eq!([false; 2], left.map(|file| file.exists()));
}
