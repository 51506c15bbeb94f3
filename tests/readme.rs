//! The programs in the README, run against a real daemon.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use vault::api::CreateSecret;
use vault::client::Client;
use vault::files::{make_private_folder, replace_private};
use vault::secret::SecretValue;
use vaultd::{Hardened, Options};

const README: &str = include_str!("../README.md");
const VALUE: &str = "sk-made-up-0123456789abcdef";

/// Gives the README's blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Serves a new vault in a home until this process ends, and waits until it answers.
fn serve(home: &Path) -> Client {
    make_private_folder(home).unwrap();
    replace_private(&home.join(".env"), b"AGENTICMAIL_VAULT_KEY=a key for one test alone\n").unwrap();
    replace_private(&home.join("vault.toml"), b"[kdf]\niterations = 100000\n").unwrap();
    let options = Options::parse_from(["vaultd".as_ref(), "--home".as_ref(), home.as_os_str()]);
    let daemon = std::thread::spawn(move || vaultd::start(&options, Hardened { key: None }).unwrap());
    let start = Instant::now();
    loop {
        match Client::connect(&home.join("vault.sock")) {
            Ok(client) => return client,
            Err(error) => {
                assert!(!daemon.is_finished() && start.elapsed() < Duration::from_mins(1), "{error}")
            }
        }
        std::thread::yield_now();
    }
}

/// Runs a program's text and gives what it printed.
fn run(interpreter: [&str; 2], program: &str, home: &Path) -> String {
    let [name, flag] = interpreter;
    let socket = home.join("vault.sock");
    let mut command = Command::new(name);
    command.args([flag, program]).env("AGENTICMAIL_VAULT_SOCKET", socket).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn is_here(interpreter: &str) -> bool {
    let probed = Command::new(interpreter).arg("--version").stdout(Stdio::null()).status();
    probed.is_ok_and(|status| status.success())
}

#[test]
fn each_program_of_the_readme_reads_the_stored_key() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let name = "skill:openai:access_token".to_owned().try_into().unwrap();
    let value = SecretValue::new(VALUE.to_owned()).unwrap().into();
    let secret = CreateSecret {
        org_id: None,
        name,
        value,
        category: None,
        metadata: None,
        expires_at: None,
        created_by: None,
    };
    serve(&home).call(&secret).unwrap();
    let expected = format!("the key has {} characters\n", VALUE.len());
    let programs = [("python", ["python3", "-c"]), ("js", ["node", "-e"])];
    for (language, interpreter) in
        programs.into_iter().filter(|(language, _)| *language != "js" || is_here("node"))
    {
        let [program] = blocks(language)[..] else { panic!("the README has not one block of {language}") };
        assert_eq!(expected, run(interpreter, program, &home), "{language}");
    }
}
