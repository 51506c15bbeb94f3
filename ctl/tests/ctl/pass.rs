//! The store of pass: what is one value, what is two, and what of it cannot be read.

use std::os::unix::fs::{PermissionsExt, symlink};

use vault_testkit::{Run, TestEnvironment};

fn value(test: &TestEnvironment, name: &str) -> String {
    test.ctl(&["get", name]).succeeded().stdout
}

/// Serves a vault, and makes an empty store.
fn with_store() -> TestEnvironment {
    let test = TestEnvironment::served();
    vault::files::make_private_folder(&test.path("store")).unwrap();
    test
}

/// Stands in for gpg: what it opens is the file as it is, but for one that it cannot.
const GPG: &str = "#!/bin/sh\nfor file; do :; done\ncase $file in *broken*) echo 'gpg: no secret key' >&2; exit 2;; esac\nexec cat \"$file\"\n";

fn from_pass(test: &TestEnvironment, options: &[&str]) -> Run {
    let folder = test.path("bin");
    vault::files::make_private_folder(&folder).unwrap();
    let gpg = test.write("bin/gpg", GPG);
    std::fs::set_permissions(gpg, std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = test.path("store");
    let mut command = test.command(&[&["import", "pass", store.to_str().unwrap()], options].concat());
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    test.run(command, "")
}

#[test]
fn a_pass_store_comes_in_by_its_paths() {
    let test = TestEnvironment::served();
    vault::files::make_private_folder(&test.path("store/mail")).unwrap();
    test.write("store/mail/office.gpg", "pw-1\nuser: me\n");
    test.write("store/top.gpg", "pw-2\n");
    test.write("store/.gpg-id", "me");
    from_pass(&test, &[]).succeeded();
    assert_eq!("pw-1", value(&test, "mail/office"));
    assert_eq!("user: me", value(&test, "mail/office/notes"));
    assert_eq!("pw-2", value(&test, "top"));
}

/// Imports entries, of which each is to come in as one value, byte for byte.
fn come_in_whole(entries: &[(&str, &str)]) {
    let test = with_store();
    for (name, text) in entries {
        test.write(&format!("store/{name}.gpg"), text);
    }
    from_pass(&test, &[]).succeeded();
    for (name, text) in entries {
        assert_eq!(*text, value(&test, name));
        test.ctl(&["get", &format!("{name}/notes")]).ended_with(3);
    }
}

#[test]
fn a_key_comes_in_whole_wherever_in_its_entry_it_begins() {
    come_in_whole(&[
        ("openssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"),
        (
            "two",
            "-----BEGIN CERTIFICATE-----\na\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nb\n",
        ),
        (
            "remark",
            "# of the old server\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n",
        ),
        ("openssl", "Bag Attributes\n    localKeyID: 01\n-----BEGIN PRIVATE KEY-----\nMII\n"),
        ("indented", "  -----BEGIN PRIVATE KEY-----\n  MII\n  -----END PRIVATE KEY-----\n"),
        ("ssh2", "---- BEGIN SSH2 PUBLIC KEY ----\nComment: kim\nAAAA\n---- END SSH2 PUBLIC KEY ----\n"),
        ("putty", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n"),
        ("age", "# created: 2026-01-02T03:04:05Z\nAGE-SECRET-KEY-1QQQQ\n"),
    ]);
}

#[test]
fn a_configuration_comes_in_whole() {
    come_in_whole(&[
        ("account", "{\n  \"type\": \"service_account\"\n}\n"),
        ("list", "[\n1\n]"),
        ("kubeconfig", "apiVersion: v1\nkind: Config\nusers:\n- name: kim\n"),
        ("compose", "services:\n  db:\n    image: x\n"),
        ("aws", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = x/y+z=\n"),
        ("settings", "<?xml version=\"1.0\"?>\n<settings>\n</settings>\n"),
        ("tool", "token = \"x\"\nhost = \"y\"\n"),
        ("project", "DB_USER=kim\nDB_PASSWORD=hunter2\n"),
    ]);
}

#[test]
fn a_password_with_remarks_below_it_is_two_values() {
    let test = with_store();
    let passwords =
        ["{not-json", "Tr0ub4dor:", "c2VjcmV0==", "[hunter2]", "<hunter2>x", "#hunter2", "---hunter2"];
    for (number, password) in passwords.iter().enumerate() {
        test.write(&format!("store/{number}.gpg"), &format!("{password}\nuser: me\npin: 1\n"));
    }
    from_pass(&test, &[]).succeeded();
    for (number, password) in passwords.iter().enumerate() {
        assert_eq!(*password, value(&test, &number.to_string()));
        assert_eq!("user: me\npin: 1\n", value(&test, &format!("{number}/notes")));
    }
}

#[test]
fn an_entry_in_gopasss_own_form_has_its_password_for_a_value() {
    let test = with_store();
    test.write("store/a.gpg", "GOPASS-SECRET-1.0\nPassword: hunter2\nUser: kim\n\nlast words\nof it\n");
    test.write("store/b.gpg", "GOPASS-SECRET-1.0\nUser: kim\npassword: hunter: 3\n");
    test.write("store/c.gpg", "GOPASS-SECRET-1.0\nPassword: hunter4\n");
    test.write("store/d.gpg", "GOPASS-SECRET-1.0\nUser: kim\nPin: 5\n");
    from_pass(&test, &[]).succeeded();
    for (name, expected) in [
        ("a", "hunter2"),
        ("a/notes", "User: kim\nlast words\nof it\n"),
        ("b", "hunter: 3"),
        ("b/notes", "User: kim"),
        ("c", "hunter4"),
        ("d", "User: kim\nPin: 5\n"),
    ] {
        assert_eq!(expected, value(&test, name), "{name}");
    }
    test.ctl(&["get", "c/notes"]).ended_with(3);
}

#[test]
fn linked_folders_come_in_and_what_only_age_opens_is_named() {
    let test = with_store();
    vault::files::make_private_folder(&test.path("elsewhere")).unwrap();
    test.write("elsewhere/linked.gpg", "pw\n");
    symlink(test.path("elsewhere"), test.path("store/team")).unwrap();
    from_pass(&test, &[]).succeeded();
    assert_eq!("pw", value(&test, "team/linked"));
    test.write("store/modern.age", "x");
    let run = from_pass(&test, &[]).ended_with(2);
    assert!(run.stderr.contains("(`modern`): it is encrypted with age"), "{run}");
    symlink(test.path("store"), test.path("store/loop")).unwrap();
    let run = from_pass(&test, &[]).ended_with(2);
    assert!(run.stderr.contains("loop"), "{run}");
}

#[test]
fn what_of_a_store_cannot_be_read_is_named_and_keeps_nothing_else_out() {
    let test = with_store();
    test.write("store/good.gpg", "pw\n");
    symlink("nowhere", test.path("store/gone")).unwrap();
    symlink("nowhere.gpg", test.path("store/entry.gpg")).unwrap();
    symlink(".", test.path("store/itself")).unwrap();
    symlink("nowhere", test.path("store/.hidden")).unwrap();
    let run = from_pass(&test, &[]).ended_with(2);
    for left in
        ["`gone`: it is a link to what cannot be read", "`entry.gpg`", "`itself`: it is a link to a folder"]
    {
        assert!(run.stderr.contains(left), "{left}: {run}");
    }
    assert!(!run.stderr.contains(".hidden"), "{run}");
    from_pass(&test, &["--skip-bad"]).ended_with(2);
    assert_eq!("pw", value(&test, "good"));
}

#[test]
fn a_file_that_gpg_does_not_open_is_named() {
    let test = with_store();
    test.write("store/broken.gpg", "x");
    test.write("store/good.gpg", "y");
    let run = from_pass(&test, &[]).ended_with(2);
    assert!(run.stderr.contains("(`broken`): gpg does not open it: gpg: no secret key"), "{run}");
    from_pass(&test, &["--skip-bad"]).ended_with(2);
}
