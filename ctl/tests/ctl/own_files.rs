//! Commands whose target is a file of the vault itself.

use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

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
    assert_nothing_writes_through(&test.path("vault.sock"), test, path);
}

/// Does so from a home with a template, at the daemon that has a socket.
fn assert_nothing_writes_through(socket: &Path, client: &TestEnvironment, path: &str) {
    let template = client.path("template").display().to_string();
    for arguments in [
        ["inject", "-i", &template, "-o", path].as_slice(),
        &["export", "--reveal", "--force", "--output", path],
        &["backup", "--force", path],
    ] {
        let socket = ["--socket", socket.to_str().unwrap()];
        assert_refused(client.ctl(&[&socket, arguments].concat()), path);
    }
}

/// A client that knows of a vault nothing but its socket.
fn client() -> TestEnvironment {
    let client = TestEnvironment::empty();
    client.write("template", "{{ vault://a }}");
    client
}

/// Reads the files that a daemon does not change by itself.
fn kept(paths: &[PathBuf]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A vault whose key file and configuration are in another folder, which its daemon was started with.
fn kept_elsewhere() -> (TestEnvironment, [PathBuf; 2]) {
    let mut test = TestEnvironment::empty();
    let place = test.home().with_file_name("etc");
    std::fs::DirBuilder::new().mode(0o700).create(&place).unwrap();
    let (key, config) = (place.join("key"), place.join("conf.toml"));
    std::fs::rename(test.path("vault.toml"), &config).unwrap();
    test.ctl(&["init", "--env-file", key.to_str().unwrap()]).succeeded();
    test.start_with(&["--env-file", key.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    test.ctl_with(&["set", "a"], "value of a").succeeded();
    test.write("template", "{{ vault://a }}");
    (test, [key, config])
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

#[test]
fn a_client_that_knows_the_socket_alone_writes_over_no_file_of_the_vaults_home() {
    let (test, client) = (served(), client());
    let files = [".env", "vault.toml"].map(|own| test.path(own));
    let before = kept(&files);
    for own in OWN {
        let path = test.path(own).display().to_string();
        assert_nothing_writes_through(&test.path("vault.sock"), &client, &path);
    }
    symlink(test.home(), client.path("folder")).unwrap();
    symlink(test.path(".env"), client.path("link")).unwrap();
    std::fs::hard_link(test.path(".env"), client.path("hard")).unwrap();
    for spelled in ["folder/.env", "folder/locked", "link", "hard"] {
        let path = client.path(spelled).display().to_string();
        assert_nothing_writes_through(&test.path("vault.sock"), &client, &path);
    }
    assert!(before == kept(&files) && !test.path("locked").exists());
}

#[test]
fn a_key_file_and_a_configuration_elsewhere_are_known_from_the_daemon() {
    let (test, files) = kept_elsewhere();
    let (client, before) = (client(), kept(&files));
    for file in &files {
        let path = file.display().to_string();
        assert_nothing_writes(&test, &path);
        assert_nothing_writes_through(&test.path("vault.sock"), &client, &path);
    }
    symlink(&files[0], client.path("link")).unwrap();
    std::fs::hard_link(&files[0], client.path("hard")).unwrap();
    std::fs::remove_file(&files[1]).unwrap();
    for path in [client.path("link"), client.path("hard"), files[1].clone()] {
        assert_nothing_writes_through(&test.path("vault.sock"), &client, path.to_str().unwrap());
    }
    assert!(before[0] == std::fs::read(&files[0]).unwrap());
}

#[test]
fn a_key_file_elsewhere_is_not_filled_with_references() {
    let (test, [key, _]) = kept_elsewhere();
    let lines = std::fs::read_to_string(&key).unwrap() + "OPENAI_API_KEY=sk-1234567890\n";
    vault::files::replace_private(&key, lines.as_bytes()).unwrap();
    assert_refused(test.ctl(&["import", "dotenv", key.to_str().unwrap(), "--replace-with-refs"]), "import");
    assert!(lines.as_bytes() == std::fs::read(&key).unwrap());
}

#[test]
fn a_home_whose_daemon_does_not_run_is_known_by_what_is_in_it() {
    let (test, mut other) = (served(), TestEnvironment::served());
    other.stop();
    for lost in [None, Some("vault.db")] {
        lost.map_or(Ok(()), |lost| std::fs::remove_file(other.path(lost))).unwrap();
        for own in [".env", "vault.toml", "head", "locked", "vault.lock"] {
            assert_nothing_writes(&test, &other.path(own).display().to_string());
        }
    }
}

#[test]
fn a_file_of_a_name_as_in_a_home_may_be_written_elsewhere() {
    let (test, [key, _]) = kept_elsewhere();
    let project = test.path("project");
    std::fs::create_dir(&project).unwrap();
    let other = key.with_file_name("conf.toml.old");
    for path in [project.join(".env"), project.join("head"), project.join("vault.toml"), other] {
        test.ctl(&["export", "--reveal", "--output", path.to_str().unwrap()]).succeeded();
    }
}

#[test]
fn an_agent_is_not_told_where_the_files_are() {
    let test = served();
    assert_eq!(test.home().join(".env").to_str(), status(&test, None)["files"]["keyFile"].as_str());
    let token = test.ctl(&["--quiet", "agent", "add", "bot", "--grant", "read:*"]).succeeded().stdout;
    let shown = status(&test, Some(token.trim()));
    assert!(shown["files"].is_null() && shown["uptimeSeconds"].is_number(), "{shown}");
}

/// Asks how the vault is, as the user or as an agent.
fn status(test: &TestEnvironment, token: Option<&str>) -> serde_json::Value {
    let mut command = test.command(&["status", "--json"]);
    command.envs(token.map(|token| ("AGENTICMAIL_VAULT_TOKEN", token)));
    // The home's path is not made the same for all.
    serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
}
