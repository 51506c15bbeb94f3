//! The link, and its way to a browser.

use std::io::Read;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;

use super::dashboard::{Dashboard, eventually};
use vault_testkit::TestEnvironment;

/// A desktop whose opener says into a pipe what it was given.
struct Desktop {
    heard: PathBuf,
    runtime: PathBuf,
    path: PathBuf,
}

impl Desktop {
    fn of(test: &TestEnvironment) -> Self {
        let (runtime, path, heard) = (test.path("runtime"), test.path("bin"), test.path("heard"));
        for folder in [&runtime, &path] {
            vault::files::make_private_folder(folder).unwrap();
        }
        nix::unistd::mkfifo(&heard, Mode::S_IRWXU).unwrap();
        write_opener(
            test,
            "{ echo \"$# $1\"; stat -c %a \"$1\" \"${1%/*}\"; cat \"$1\"; env; } > \"$HEARD\"",
        );
        Self { heard, runtime, path }
    }

    /// Prepares the program as it runs on this desktop.
    fn command(&self, test: &TestEnvironment, arguments: &[&str]) -> Command {
        let mut command = test.command(arguments);
        command.env("DISPLAY", ":0").env("XDG_RUNTIME_DIR", &self.runtime).env("HEARD", &self.heard);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path.display()));
        command
    }

    /// Waits for what the opener was given: the file's path, its mode and its folder's, the page, the environment.
    fn heard(&self) -> Vec<String> {
        let mut text = String::new();
        std::fs::File::open(&self.heard).unwrap().read_to_string(&mut text).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn is_bare(&self) -> bool {
        std::fs::read_dir(&self.runtime).unwrap().next().is_none()
    }
}

/// Writes the program that opens files.
fn write_opener(test: &TestEnvironment, line: &str) {
    let script = test.write("bin/xdg-open", &format!("#!/bin/sh\n{line}\n"));
    std::fs::set_permissions(script, PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn the_link_is_a_line_of_its_own_with_the_token_in_its_fragment() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::of(&test);
    let start = format!("http://127.0.0.1:{}/#token=", dashboard.port);
    let token = dashboard.link.strip_prefix(&start).unwrap();
    assert_eq!(43, token.len());
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
    dashboard.signal(Signal::SIGTERM);
    let run = dashboard.ended(&test).succeeded();
    assert_eq!("", run.stdout);
    assert!(run.stderr.contains("works once"), "{run}");
}

#[test]
fn for_programs_the_link_is_in_json() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::start(test.command(&["ui", "--no-open", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&dashboard.link).unwrap();
    assert_eq!(dashboard.port, json["port"]);
    let start = format!("http://127.0.0.1:{}/#token=", dashboard.port);
    assert!(json["url"].as_str().unwrap().starts_with(&start));
}

#[test]
fn the_browser_is_given_a_private_file_that_leads_to_the_link() {
    let test = TestEnvironment::served();
    let desktop = Desktop::of(&test);
    let dashboard = Dashboard::start(desktop.command(&test, &["ui"]));
    let heard = desktop.heard();
    let (count, file) = heard[0].split_once(' ').unwrap();
    assert_eq!("1", count);
    assert!(Path::new(file).starts_with(&desktop.runtime) && !file.contains(dashboard.token()), "{file}");
    assert_eq!(["600", "700"], heard[1..3]);
    assert!(heard.iter().any(|line| line.contains(&format!("url={}\"", dashboard.link))), "{heard:?}");
    dashboard.opened();
    eventually(|| desktop.is_bare());
}

#[test]
fn the_browser_gets_no_token_of_an_agent() {
    let test = TestEnvironment::served();
    let added = test.ctl(&["agent", "add", "bot", "--grant", "read:*"]).succeeded();
    let desktop = Desktop::of(&test);
    let mut command = desktop.command(&test, &["ui"]);
    command.env("AGENTICMAIL_VAULT_TOKEN", added.stdout.trim());
    let _dashboard = Dashboard::start(command);
    assert!(!desktop.heard().iter().any(|line| line.contains("AGENTICMAIL_VAULT_TOKEN")));
}

#[test]
fn a_link_that_nobody_opened_leaves_no_file() {
    let test = TestEnvironment::served();
    let desktop = Desktop::of(&test);
    let dashboard = Dashboard::start(desktop.command(&test, &["ui"]));
    desktop.heard();
    assert!(!desktop.is_bare());
    dashboard.signal(Signal::SIGTERM);
    dashboard.ended(&test).succeeded();
    assert!(desktop.is_bare());
}

#[test]
fn without_a_display_the_link_is_printed_and_served() {
    let test = TestEnvironment::served();
    let dashboard = Dashboard::start(test.command(&["ui"]));
    dashboard.opened();
    dashboard.signal(Signal::SIGTERM);
    let run = dashboard.ended(&test).succeeded();
    assert!(run.stderr.contains("there is no display"), "{run}");
}

#[test]
fn without_an_opener_the_link_is_printed_and_served() {
    let test = TestEnvironment::served();
    let desktop = Desktop::of(&test);
    let mut command = desktop.command(&test, &["ui"]);
    command.env("PATH", test.path("nowhere"));
    let dashboard = Dashboard::start(command);
    dashboard.opened();
    dashboard.signal(Signal::SIGTERM);
    let run = dashboard.ended(&test).succeeded();
    assert!(run.stderr.contains("no browser was opened"), "{run}");
    assert!(desktop.is_bare());
}

#[test]
fn an_opener_that_fails_is_told() {
    let test = TestEnvironment::served();
    let desktop = Desktop::of(&test);
    write_opener(&test, "exit 3");
    let mut dashboard = Dashboard::start(desktop.command(&test, &["ui"]));
    dashboard.tells("no browser was opened: xdg-open");
}

#[test]
fn it_listens_on_both_addresses_of_this_machine_and_on_no_other() {
    let test = TestEnvironment::served();
    let port = Dashboard::of(&test).port;
    let dashboard = Dashboard::start(test.command(&["ui", "--no-open", "--port", &port.to_string()]));
    assert_eq!(port, dashboard.port);
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
    }
    assert!(TcpStream::connect(("127.0.0.2", port)).is_err());
}

#[test]
fn a_port_that_is_taken_is_told() {
    let test = TestEnvironment::served();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = test.ctl(&["ui", "--no-open", "--port", &port]).ended_with(7);
    assert!(run.stdout.is_empty() && run.stderr.contains("--port"), "{run}");
}

#[test]
fn a_port_of_the_system_is_not_taken() {
    TestEnvironment::empty().ctl(&["ui", "--port", "80"]).ended_with(2);
}
