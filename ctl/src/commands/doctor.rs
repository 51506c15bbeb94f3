//! `vaultctl doctor`

mod clock;
mod contents;
mod files;
mod loss;
mod machine;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{MemoryStatus, Warning};

pub(super) use self::files::is_held;
use self::socket::Daemon;
use super::FOUND_SOMETHING;
use crate::context::Context;
use crate::failure::{Failure, verdict};
use crate::moment::now;
use crate::posture::Surroundings;
use crate::show::{Tone, plain};

/// Says what holds, and what is wrong with the vault, the daemon and the machine, with the command that mends it.
///
/// Needs no daemon. First what holds now, a line each, where a daemon answers; then what is wrong, a line each:
/// its code, what it is, and how to mend it. A daemon that answers opens every value and reads the whole log for this,
/// which the log shows. Exits 9 where something is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl doctor
  vaultctl doctor --json | jq -r '.findings[].code'
  vaultctl doctor --accept-loss")]
pub(crate) struct DoctorArgs {
    /// The key file [default: .env in the home]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The database [default: vault.db in the home]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// After damage without a backup: keep every value that still opens, remove the rest
    #[arg(long)]
    accept_loss: bool,
    /// Do not ask
    #[arg(long, short, requires = "accept_loss")]
    yes: bool,
}

/// Where things are that are looked at.
struct Paths {
    home: PathBuf,
    key_file: PathBuf,
    database: PathBuf,
    config: PathBuf,
}

/// What was found, for programs.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Report {
    holds: Option<Holds>,
    findings: Vec<Warning>,
}

/// What holds now.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Holds {
    memory: MemoryStatus,
    #[serde(flatten)]
    surroundings: Surroundings,
}

/// Looks at everything and prints what is wrong.
pub(super) fn run(args: &DoctorArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.accept_loss {
        return loss::accept(args, context);
    }
    let under =
        |named: &Option<PathBuf>, name: &str| named.clone().unwrap_or_else(|| context.home.join(name));
    let paths = Paths {
        home: context.home.clone(),
        key_file: under(&args.env_file, ".env"),
        database: under(&args.database, "vault.db"),
        config: context.home.join("vault.toml"),
    };
    let daemon = socket::ask(context);
    let findings = findings(&daemon, &paths, context);
    let code = if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) };
    verdict(tell(&daemon, findings, context), code)
}

/// Prints what holds and what is wrong.
fn tell(daemon: &Daemon, findings: Vec<Warning>, context: &Context) -> Result<(), Failure> {
    let surroundings = Surroundings::look(&context.socket());
    if context.show.is_json() {
        let holds = daemon.status().map(|status| Holds { memory: status.memory.clone(), surroundings });
        return context.show.json(&Report { holds, findings });
    }
    if let Some(status) = daemon.status().filter(|_| !context.show.is_brief()) {
        context.show.pairs(&surroundings.lines(status))?;
    }
    print(&findings, context)
}

fn findings(daemon: &Daemon, paths: &Paths, context: &Context) -> Vec<Warning> {
    let lost = if daemon.status().is_none() { files::lost(paths) } else { None };
    if !paths.database.exists() && daemon.status().is_none() {
        return vec![lost.unwrap_or_else(|| no_vault(paths, context))];
    }
    let mut found: Vec<_> = lost.into_iter().collect();
    if paths.database.exists() {
        found.extend(files::findings(paths));
    }
    let newest = match daemon {
        Daemon::Silent => {
            found.extend(files::key_findings(paths, context));
            found.extend(files::flaws(paths).iter().map(|flaw| contents::flawed_on_disk(flaw, context)));
            found.push(socket::silence(paths, context));
            clock::newest_of_database(paths)
        }
        Daemon::Answers(status) => {
            found.extend(socket::findings(status, context));
            found.extend(contents::findings(status, context));
            clock::newest_of_daemon(context)
        }
    };
    found.extend(clock::finding(now(), newest));
    found.extend(machine::findings());
    found
}

/// Says that there is nothing to look at yet.
fn no_vault(paths: &Paths, context: &Context) -> Warning {
    let message = format!("there is no vault in {}", paths.home.display());
    Warning::new("no_vault", message, format!("make one with: {}", context.command("init")))
}

fn print(findings: &[Warning], context: &Context) -> Result<(), Failure> {
    let show = context.show;
    for finding in findings {
        let code = show.tone(Tone::Bad, &plain(&finding.code));
        show.line(format_args!("{code}: {}; {}", plain(&finding.message), plain(&finding.hint)))?;
    }
    if findings.is_empty() {
        show.done(show.tone(Tone::Good, "all is well"))?;
    }
    Ok(())
}
