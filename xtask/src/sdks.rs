//! `cargo xtask sdks`: whether the real libraries and servers of platforms find their keys, by `vaultctl run --skill` alone.
//!
//! ```text
//! random values → vaultctl set → vaultd → vaultctl run --skill PLATFORM --clean-env → the program → recorder (loopback)
//! ```
//!
//! A value is found where its random part stands in the first request that the recorder gets, or in what the program
//! prints of its own settings. No request leaves this machine: what would goes to the recorder, as a proxy that refuses.

mod case;
mod recorder;
mod started;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use vault_testkit::{Daemon, Home};

use self::case::Case;
use self::started::Started;
use crate::installed::Packages;
use crate::sabotage::noticed;
use crate::say;
use crate::turns;
use crate::workspace::build_programs;

const PACKAGES: Packages = Packages { folder: "xtask/sdks", venv: "target/sdks" };
/// The fewest platforms that are tried.
const PLATFORMS: usize = 30;
/// Variables that are the only ones of their fields that a program reads.
const ONLY_ONES: [(&str, &str); 7] = [
    ("aws.py", "AWS_DEFAULT_REGION"),
    ("azure-openai.py", "OPENAI_API_VERSION"),
    ("github.mcp.mjs", "GITHUB_PERSONAL_ACCESS_TOKEN"),
    ("google.vercel.mjs", "GOOGLE_GENERATIVE_AI_API_KEY"),
    ("pypi.twine.py", "TWINE_PASSWORD"),
    ("spotify.py", "SPOTIPY_CLIENT_SECRET"),
    ("square.py", "SQUARE_TOKEN"),
];

/// Which programs to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only programs with this text in their names, such as `aws` or `mcp`.
    filter: Option<String>,
    /// How many are run at once.
    #[arg(long, default_value_t = 2)]
    at_once: usize,
    /// Leave out a variable that a program reads, each time another: succeeds where each is noticed.
    #[arg(long, conflicts_with = "filter")]
    sabotage: bool,
}

/// Tries all programs, and fails where one does not find a value.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    PACKAGES.install()?;
    build_programs()?;
    let mut cases = case::all()?;
    if args.sabotage {
        turns::take(args.at_once, &ONLY_ONES, |one| is_noticed(&cases, *one))?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = args.filter.as_deref().unwrap_or_default();
    cases.retain(|case| case.name.contains(wanted));
    let failed = Mutex::new(Vec::new());
    turns::take(args.at_once, &cases, |case| {
        if !is_found(case) {
            failed.lock().map_err(|_| anyhow!("a run ended by a panic"))?.push(case.name.clone());
        }
        Ok(())
    })?;
    let failed = failed.into_inner().unwrap_or_default();
    ensure!(failed.is_empty(), "these do not find all of their values: {}", failed.join(", "));
    let platforms: BTreeSet<_> = cases.iter().map(|case| &case.platform).collect();
    say::headline(format_args!("{} programs of {} platforms find their keys", cases.len(), platforms.len()));
    ensure!(args.filter.is_some() || platforms.len() >= PLATFORMS, "{PLATFORMS} platforms are to be tried");
    Ok(ExitCode::SUCCESS)
}

/// Tries a program, says how that ended, and returns whether it found all of its values.
fn is_found(case: &Case) -> bool {
    let began = Instant::now();
    let ended = finds_all(case, None);
    match &ended {
        Ok(()) => {
            let fields: Vec<_> = case.values.iter().map(|value| value.field.as_str()).collect();
            let seconds = began.elapsed().as_secs();
            say::line(format_args!("{} finds {}, {seconds} s", case.name, fields.join(", ")));
        }
        Err(error) => say::problem(format_args!("{error:#}")),
    }
    ended.is_ok()
}

/// Fails where a program finds its values without a variable.
fn is_noticed(cases: &[Case], (name, variable): (&str, &str)) -> Result<()> {
    let case = cases.iter().find(|case| case.name == name);
    ensure!(case.is_some(), "there is no program {name}");
    let ended = case.map_or(Ok(()), |case| finds_all(case, Some(variable)));
    noticed(format_args!("{name} without {variable}"), ended)
}

/// Stores a program's values in a vault of its own, starts it with them, and fails if it does not find one of them.
fn finds_all(case: &Case, without: Option<&str>) -> Result<()> {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    for value in &case.values {
        let name = format!("skill:{}:{}", case.platform, value.field);
        let stored = home.ctl(&["set", &name], &value.text);
        ensure!(stored.code == Some(0), "{name} is not stored: {}", stored.stderr);
    }
    let program = Started::new(case, &home, without)?;
    program.until_found(case)
}
