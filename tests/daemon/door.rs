//! The socket, the home and the process: who is let in, and what is given away.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;
use serde_json::json;
use vault_testkit::search::contains;
use vault_testkit::{Daemon, Home, NONE, connect, parse, refusal, vaultd, wait_for};

#[test]
fn the_home_is_0700_and_every_file_and_the_socket_are_0600() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    assert_eq!(0o700, home.mode(""));
    for entry in std::fs::read_dir(home.path("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(0o600, home.mode(&name), "{name}");
    }
    assert!(std::fs::symlink_metadata(daemon.socket()).unwrap().file_type().is_socket());
}

#[test]
fn a_missing_home_is_made_private() {
    let home = Home::new();
    let mut command = std::process::Command::new(vaultd());
    command.env_clear().env("AGENTICMAIL_HOME", home.path("new/one"));
    let daemon = Daemon::start_as(&home, command, &home.path("new/one/vault.sock"));
    assert_eq!((0o700, 0o600), (home.mode("new/one"), home.mode("new/one/vault.db")));
    daemon.stop();
}

#[test]
fn a_home_that_others_can_enter_is_refused_with_its_mend() {
    let home = Home::new();
    for mode in [0o755, 0o710, 0o701, 0o770] {
        home.set_mode("", mode);
        let (code, said) = refusal(home.command());
        assert!(code == 1 && said.contains("chmod 700"), "{mode:o}: {said}");
    }
    assert!(!home.path("vault.db").exists());
}

#[test]
fn a_home_behind_a_symbolic_link_is_judged_by_what_it_is() {
    let home = Home::new();
    symlink(home.path(""), home.path("link")).unwrap();
    let mut command = std::process::Command::new(vaultd());
    command.env_clear().arg("--home").arg(home.path("link"));
    Daemon::start_as(&home, command, &home.path("vault.sock")).stop();
}

#[test]
fn what_is_no_socket_stands_at_the_sockets_path_and_is_left_alone() {
    let home = Home::new();
    home.write("vault.sock", "precious");
    let (code, said) = refusal(home.command());
    assert!(code == 1 && said.contains("no socket"), "{said}");
    assert_eq!(b"precious", home.read("vault.sock").as_slice());
}

#[test]
fn a_symbolic_link_at_the_sockets_path_is_refused_and_left_alone() {
    let home = Home::new();
    home.write("target", "precious");
    symlink(home.path("target"), home.path("vault.sock")).unwrap();
    let (code, said) = refusal(home.command());
    assert!(code == 1 && said.contains("no socket"), "{said}");
    assert_eq!(b"precious", home.read("target").as_slice());
    assert!(home.path("vault.sock").is_symlink());
}

#[test]
fn a_socket_that_somebody_serves_is_refused() {
    let home = Home::new();
    let _other = UnixListener::bind(home.path("vault.sock")).unwrap();
    let (code, said) = refusal(home.command());
    assert!(code == 1 && said.contains("another process serves"), "{said}");
}

#[test]
fn a_stale_socket_is_replaced() {
    let home = Home::new();
    Daemon::start(&home).kill();
    assert!(home.path("vault.sock").exists());
    assert_eq!(0, Daemon::start(&home).total());
}

#[test]
fn a_second_daemon_on_the_same_home_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut second = home.command();
    second.arg("--socket").arg(home.path("other.sock"));
    let (code, said) = refusal(second);
    assert!(code == 1 && said.contains("another vaultd serves this home"), "{said}");
    assert_eq!(0, daemon.total());
}

#[test]
fn a_second_daemon_on_the_same_database_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let named = |owner: &Home| {
        let mut command = owner.command();
        command.arg("--database").arg(home.path("shared.db"));
        command
    };
    let _daemon = Daemon::start_as(&home, named(&home), &home.path("vault.sock"));
    let (code, said) = refusal(named(&other));
    assert!(code == 1 && said.contains("locked"), "{said}");
}

#[test]
fn the_usual_database_of_a_served_home_is_not_served_twice() {
    let (home, other) = (Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    let mut command = other.command();
    command.arg("--database").arg(home.path("vault.db"));
    let (code, said) = refusal(command);
    assert!(code == 1 && said.contains("locked"), "{said}");
}

#[test]
fn too_long_a_path_of_the_socket_is_told() {
    let home = Home::new();
    let mut command = home.command();
    command.arg("--socket").arg(home.path(&"s".repeat(100)));
    let (code, said) = refusal(command);
    assert!(code == 1 && said.contains("107") && said.contains("--socket"), "{said}");
}

#[test]
fn sigterm_and_sigint_end_with_0_and_remove_the_socket() {
    let home = Home::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut daemon = Daemon::start(&home);
        daemon.signal(signal);
        assert_eq!(Some(0), daemon.wait().code(), "{signal}");
        assert!(!home.path("vault.sock").exists(), "{signal}");
    }
}

#[test]
fn an_end_leaves_everything_in_the_one_file_of_the_database() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.create("a", "v");
    daemon.stop();
    assert!(!home.path("vault.db-wal").exists() && !home.path("vault.db-shm").exists());
}

#[test]
fn an_end_wipes_the_keys_and_records_it() {
    let home = Home::new();
    Daemon::start(&home).stop();
    let log = Daemon::start(&home).audit();
    assert!(log.iter().any(|entry| entry["action"] == "lock" && entry["actor"] == "system"));
}

#[test]
fn sigterm_finishes_what_is_in_flight() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home);
    let mut stream = connect(daemon.socket());
    let body = json!({ "name": "a", "value": "in flight" }).to_string();
    let head = format!(
        "POST /vault/secrets HTTP/1.1\r\nHost: vault\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(b"HTTP/1.1 100 Continue\r\n\r\n", &go_on);
    daemon.signal(Signal::SIGTERM);
    wait_for("the end's begin", || home.log().contains("ending").then_some(()));
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(201, parse(&answer).status);
    assert_eq!(Some(0), daemon.wait().code());
    assert_eq!(1, Daemon::start(&home).total());
}

#[test]
fn an_idle_connection_does_not_hold_the_end_up() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let _silent = connect(daemon.socket());
    let mut stream = connect(daemon.socket());
    stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"vault.status\"}\n").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    daemon.stop();
    assert!(!home.log().contains("did not finish in time"), "{}", home.log());
}

#[test(needs(Root))]
fn the_key_is_gone_from_the_process_environment() {
    let home = Home::new();
    let mut command = home.command();
    command.env("AGENTICMAIL_VAULT_KEY", &home.key).env("ANOTHER", "stays");
    let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    let environment = std::fs::read(format!("/proc/{}/environ", daemon.pid())).unwrap();
    assert!(contains(&environment, b"ANOTHER=stays"));
    assert!(!contains(&environment, home.key.as_bytes()));
}

#[test]
fn the_process_gives_no_core_and_no_view_of_its_memory() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let memory = daemon.get("/vault/status")["memory"].clone();
    assert_eq!((json!(false), json!(false)), (memory["dumpable"].clone(), memory["coreDumps"].clone()));
    assert!(memory["locked"] != "none" && memory["bytes"].as_u64().unwrap() > 0, "{memory}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(vec!["0", "0"], core.split_whitespace().skip(4).take(2).collect::<Vec<_>>());
}

#[test(needs(Root))]
fn another_process_of_the_same_user_cannot_look_into_it() {
    let home = Home::new();
    let public = tempfile::TempDir::with_prefix("vaultd").unwrap();
    std::fs::set_permissions(public.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = public.path().join("vaultd");
    std::fs::copy(vaultd(), &program).unwrap();
    for name in ["", ".env", "vault.toml"] {
        std::os::unix::fs::chown(home.path(name), Some(65534), Some(65534)).unwrap();
    }
    let mut command = std::process::Command::new(program);
    command.env_clear().arg("--home").arg(home.path("")).uid(65534).gid(65534);
    let daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    // What a process may not look into belongs to root in /proc, whoever runs it.
    for view in ["environ", "mem", "maps"] {
        assert_eq!(0, std::fs::metadata(format!("/proc/{}/{view}", daemon.pid())).unwrap().uid(), "{view}");
    }
}

#[test]
fn the_log_knows_the_callers_process() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.http("GET", "/vault/secrets", NONE);
    let exe = std::env::current_exe().unwrap();
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    assert_eq!(
        json!({ "uid": uid, "gid": gid, "pid": std::process::id(), "exe": exe }),
        daemon.audit()[0]["peer"]
    );
}

#[test]
fn a_wider_mode_of_the_socket_has_to_be_asked_for() {
    let home = Home::new();
    let mut command = home.command();
    command.arg("--socket-mode").arg("0660");
    let _daemon = Daemon::start_as(&home, command, &home.path("vault.sock"));
    assert_eq!(0o660, home.mode("vault.sock"));
}
