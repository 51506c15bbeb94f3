//! The flags of `vaultd`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Keeps the keys of AI agents sealed and serves them over a Unix socket.
///
/// The key is taken from the first that exists: a systemd credential named agenticmail-vault-key, the
/// environment variable `AGENTICMAIL_VAULT_KEY`, the key file. Without one the daemon serves, locked, and unlocks
/// itself when the key file is mended.
#[expect(rustdoc::invalid_html_tags, reason = "these comments are help texts, in which <home> is a place")]
#[derive(Debug, Clone, Parser)]
#[command(name = "vaultd", version, after_help = EXAMPLES)]
pub struct Options {
    /// The home: key file, database, configuration and socket are looked for here [default: ~/.agenticmail]
    #[arg(long, value_name = "DIR", env = "AGENTICMAIL_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
    /// The key file [default: <home>/.env]
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// The database [default: <home>/vault.db]
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// The configuration [default: <home>/vault.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The socket [default: <home>/vault.sock]
    #[arg(long, value_name = "PATH", env = "AGENTICMAIL_VAULT_SOCKET", hide_env_values = true)]
    pub socket: Option<PathBuf>,
    /// The socket's mode, in octal [default: 0600, or 0660 with --socket-group]
    #[arg(long, value_name = "MODE", value_parser = octal)]
    pub socket_mode: Option<u32>,
    /// The socket's group, by name or number
    #[arg(long, value_name = "GROUP")]
    pub socket_group: Option<String>,
    /// How log lines are written to stderr
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

const EXAMPLES: &str = "\
Examples:
  vaultd                                  serve ~/.agenticmail
  vaultd --home /srv/agents               serve another home
  vaultd --log-format json 2>>vaultd.log  keep a log that programs read

Signals:
  SIGHUP reloads the configuration; SIGTERM and SIGINT finish what is in flight, wipe the keys and end.

Exit codes:
  0 ended by a signal, 1 could not start, 2 wrong usage.";

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn octal(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode & !0o666 == 0 => Ok(mode),
        _ => Err("a mode is octal, as 0600 or 0660".to_owned()),
    }
}
