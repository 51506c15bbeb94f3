//! Things that somebody planted where the daemon looks, before it starts or while it runs: it writes to none of them,
//! follows no link, waits for nothing, and says what is wrong.

use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;
use tempfile::TempDir;
use vault::client::Client;
use vault_testkit::users::{User, public_folder};
use vault_testkit::{Daemon, Home, exchange, refusal, vaultd, wait_for};

const KEEPER: User = User { uid: 2001, groups: &[] };
const STRANGER: User = User { uid: 2004, groups: &[] };

/// A file outside of the home that nobody may touch.
struct Bystander {
    folder: TempDir,
}

impl Bystander {
    fn new() -> Self {
        let folder = TempDir::with_prefix("bystander").unwrap();
        vault::files::replace_private(&folder.path().join("file"), b"precious").unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("file")
    }

    /// Links to it from the home.
    fn linked_from(&self, home: &Home, name: &str) {
        symlink(self.path(), home.path(name)).unwrap();
    }

    fn assert_untouched(&self) {
        assert_eq!(b"precious".to_vec(), std::fs::read(self.path()).unwrap());
        assert_eq!(1, std::fs::read_dir(self.folder.path()).unwrap().count());
    }
}

fn assert_refused(command: Command, words: &str) {
    let (code, said) = refusal(command);
    assert!(code == 1 && said.contains(words), "{words}: {said}");
}

#[test]
fn a_link_in_place_of_a_file_that_is_written_keeps_the_daemon_from_starting() {
    for name in ["vault.db", "vault.lock", "vault.db.lock"] {
        let (home, bystander) = (Home::new(), Bystander::new());
        bystander.linked_from(&home, name);
        assert_refused(home.command(), name);
        bystander.assert_untouched();
    }
}

#[test]
fn a_link_in_place_of_a_file_of_sqlites_is_not_followed() {
    for name in ["vault.db-wal", "vault.db-shm", "vault.db-journal"] {
        let (home, bystander) = (Home::new(), Bystander::new());
        Daemon::start(&home).stop();
        bystander.linked_from(&home, name);
        let mut child = home.command().spawn().unwrap();
        let started = wait_for("a start or its refusal", || {
            let ended = child.try_wait().unwrap().map(|_| false);
            ended.or_else(|| home.path("vault.sock").exists().then_some(true))
        });
        if started {
            let _ = exchange(&home.path("vault.sock"), b"GET /vault/status HTTP/1.1\r\n\r\n");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        bystander.assert_untouched();
    }
}

#[test]
fn a_link_in_place_of_the_logs_head_is_replaced_and_not_followed() {
    let (home, bystander) = (Home::new(), Bystander::new());
    Daemon::start(&home).stop();
    home.remove("head");
    bystander.linked_from(&home, "head");
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    daemon.stop();
    assert!(!home.path("head").is_symlink() && !home.read("head").is_empty());
    bystander.assert_untouched();
}

#[test]
fn a_link_in_place_of_the_key_file_is_replaced_at_a_rekey_and_not_followed() {
    let home = Home::new();
    let elsewhere = TempDir::with_prefix("elsewhere").unwrap();
    let real = elsewhere.path().join("real.env");
    std::fs::rename(home.path(".env"), &real).unwrap();
    symlink(&real, home.path(".env")).unwrap();
    let before = std::fs::read(&real).unwrap();
    let daemon = Daemon::start(&home);
    let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": "a new key that is long enough" }));
    assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    assert!(!home.path(".env").is_symlink());
    assert_eq!(before, std::fs::read(&real).unwrap());
    daemon.stop();
    assert_eq!(0, Daemon::start(&home).total());
}

#[test]
fn links_at_every_temporary_name_are_not_followed() {
    let (home, bystander) = (Home::new(), Bystander::new());
    // The shell becomes the daemon and keeps its number, so it can plant what a stranger could only guess.
    let planted =
        "for name in .s$$ .head.$$ ..env.$$ .vault.db.$$; do ln -s \"$BYSTANDER\" \"$HOMELY/$name\"; done";
    let mut command = home.command_of(Path::new("/bin/sh"));
    command.env("BYSTANDER", bystander.path()).env("HOMELY", home.path("")).env("PATH", "/usr/bin:/bin");
    command.arg("-c").arg(format!("{planted}; exec \"$@\"")).arg("sh");
    command.arg(vaultd()).arg("--home").arg(home.path(""));
    let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    daemon.create("a", "v");
    let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": "a new key that is long enough" }));
    assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    daemon.stop();
    bystander.assert_untouched();
    assert!(!home.read("head").is_empty());
}

#[test]
fn the_daemon_writes_nothing_outside_of_its_home() {
    let above = TempDir::with_prefix("above").unwrap();
    let home = Home::new();
    let inner = above.path().join("home");
    std::fs::rename(home.path(""), &inner).unwrap();
    std::fs::create_dir(home.path("")).unwrap();
    let mut command = home.command_of(vaultd());
    command.arg("--home").arg(&inner).current_dir(above.path()).env("TMPDIR", above.path());
    let daemon = Daemon::start_as(&home, command, &inner.join("vault.sock"));
    daemon.create("a", "v");
    let rekeyed = daemon.http("POST", "/vault/rekey", json!({ "newKey": "a new key that is long enough" }));
    assert_eq!(200, rekeyed.status, "{}", rekeyed.text);
    daemon.stop();
    let names = std::fs::read_dir(above.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(vec!["home"], names.collect::<Vec<_>>());
}

/// Puts something that is no file in the place of a file.
fn plant(path: &Path, kind: &str) {
    let _ = std::fs::remove_file(path);
    match kind {
        "pipe" => mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap(),
        "folder" => std::fs::create_dir(path).unwrap(),
        "device" => symlink("/dev/zero", path).unwrap(),
        "socket" => drop(UnixListener::bind(path).unwrap()),
        _ => symlink("/does/not/exist", path).unwrap(),
    }
}

const KINDS: [&str; 5] = ["pipe", "folder", "device", "socket", "dangling link"];

#[test]
fn a_key_file_that_is_no_file_locks_the_vault_and_hangs_nothing() {
    for kind in KINDS {
        let home = Home::new();
        plant(&home.path(".env"), kind);
        let daemon = Daemon::start(&home);
        assert_eq!(json!("no_key"), daemon.get("/vault/status")["lockReason"], "{kind}");
        assert!(!home.log().contains("made a new vault"), "{kind}");
        daemon.stop();
    }
}

#[test]
fn a_key_file_that_becomes_no_file_leaves_an_open_vault_open() {
    for kind in KINDS {
        let home = Home::new();
        let daemon = Daemon::start(&home);
        daemon.create("a", "v");
        plant(&home.path(".env"), kind);
        wait_for("a warning", || daemon.warnings("key_file").first().cloned());
        assert_eq!("v", daemon.resolve("a").value(), "{kind}");
        daemon.stop();
    }
}

#[test]
fn a_configuration_that_is_no_file_is_refused_and_hangs_nothing() {
    for kind in ["pipe", "folder", "device", "socket"] {
        let home = Home::new();
        plant(&home.path("vault.toml"), kind);
        assert_refused(home.command(), "vault.toml");
    }
}

#[test]
fn a_configuration_that_others_may_change_is_refused_with_its_mend() {
    let (home, folder) = (Home::new(), TempDir::with_prefix("etc").unwrap());
    let file = folder.path().join("vault.toml");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::copy(home.path("vault.toml"), &file).unwrap();
    let command = || {
        let mut command = home.command();
        command.arg("--config").arg(&file);
        command
    };
    for mode in [0o620, 0o602, 0o666] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        assert_refused(command(), "chmod go-w");
    }
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    Daemon::start_as(&home, command(), &home.path("vault.sock")).stop();
}

#[test]
fn a_configuration_in_a_private_home_may_have_any_mode() {
    let home = Home::new();
    home.set_mode("vault.toml", 0o664);
    Daemon::start(&home).stop();
}

#[test(needs(Root))]
fn a_configuration_of_another_user_is_refused() {
    let home = Home::new();
    chown(home.path("vault.toml"), Some(STRANGER.uid), None).unwrap();
    assert_refused(home.command(), "belongs to uid 2004");
}

#[test]
fn a_head_that_is_no_file_hangs_nothing() {
    for kind in KINDS {
        let home = Home::new();
        Daemon::start(&home).stop();
        plant(&home.path("head"), kind);
        let daemon = Daemon::start(&home);
        assert_eq!(0, daemon.total(), "{kind}");
        daemon.stop();
    }
}

#[test]
fn a_database_that_is_no_file_is_refused_and_hangs_nothing() {
    for kind in KINDS {
        let home = Home::new();
        plant(&home.path("vault.db"), kind);
        assert_refused(home.command(), "vault.db");
    }
}

#[test(needs(Root))]
fn a_home_of_another_user_is_refused() {
    let home = Home::new();
    chown(home.path(""), Some(STRANGER.uid), None).unwrap();
    assert_refused(home.command(), "belongs to uid 2004");
}

#[test]
fn a_home_that_is_a_file_is_refused() {
    let home = Home::new();
    home.write("file", "precious");
    let mut command = home.command_of(vaultd());
    command.arg("--home").arg(home.path("file"));
    assert_refused(command, "file");
    assert_eq!(b"precious".to_vec(), home.read("file"));
}

#[test]
fn a_folder_at_the_sockets_path_is_left_alone() {
    let home = Home::new();
    std::fs::create_dir(home.path("vault.sock")).unwrap();
    assert_refused(home.command(), "no socket");
    assert!(home.path("vault.sock").is_dir());
}

/// Makes a folder as `/tmp` is: everybody may make files there, and remove none but his own.
fn sticky() -> TempDir {
    let folder = TempDir::with_prefix("sticky").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o1777)).unwrap();
    folder
}

#[test(needs(Root))]
fn a_socket_of_another_user_is_not_replaced_even_where_nobody_serves_it() {
    let (folder, home, (_public, program)) = (sticky(), Home::new(), public_folder());
    KEEPER.owns(&home);
    let socket = folder.path().join("vault.sock");
    let command = || {
        let mut command = KEEPER.vaultd(&home, &program);
        command.arg("--socket").arg(&socket);
        command
    };
    let squatter = STRANGER.does(|| UnixListener::bind(&socket).unwrap());
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).unwrap();
    assert_refused(command(), "another process serves");
    drop(squatter);
    assert_refused(command(), "vault.sock");
    assert!(socket.exists());
}

#[test(needs(Root))]
fn a_client_sends_nothing_to_a_process_of_another_user() {
    let folder = sticky();
    let socket = folder.path().join("vault.sock");
    let squatter = STRANGER.does(|| UnixListener::bind(&socket).unwrap());
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).unwrap();
    let refused = KEEPER.does(|| Client::connect(&socket)).unwrap_err();
    assert!(refused.message.contains("2004"), "{}", refused.message);
    let (mut caller, _) = squatter.accept().unwrap();
    let mut heard = Vec::new();
    caller.read_to_end(&mut heard).unwrap();
    assert!(heard.is_empty());
}

#[test]
fn a_database_is_not_kept_where_others_could_put_files_beside_it() {
    let (home, folder) = (Home::new(), sticky());
    let mut command = home.command();
    command.arg("--database").arg(folder.path().join("vault.db"));
    assert_refused(command, "chmod go-w");
    assert_eq!(0, std::fs::read_dir(folder.path()).unwrap().count());
}

#[test]
fn a_key_file_is_not_read_where_others_could_put_theirs_in_its_place() {
    let (home, folder) = (Home::new(), sticky());
    std::fs::rename(home.path(".env"), folder.path().join("key")).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let mut command = home.command();
    command.arg("--env-file").arg(folder.path().join("key"));
    assert_refused(command, "chmod go-w");
}
