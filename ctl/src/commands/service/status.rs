//! `vaultctl service status`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, StatusOf};

use super::{Manager, Service, Which, launchd, systemd};
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// Says whether the service is installed, starts by itself, and runs.
///
/// Exits 0 where it runs, 3 where it is not installed, 69 where it is installed and does not run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl service status
  vaultctl service status --json | jq -r .state")]
pub(crate) struct StatusArgs {
    /// Which service.
    #[command(flatten)]
    which: Which,
}

/// How the service is, for programs.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::commands) struct Report {
    file: PathBuf,
    installed: bool,
    /// What the manager says: `enabled`, `disabled`, …; null where it cannot be asked.
    enabled: Option<String>,
    /// What the manager says: `active`, `inactive`, `failed`, …; null where it cannot be asked.
    state: Option<String>,
    /// Whether a daemon answers at the socket, whoever started it.
    answers: bool,
}

/// Asks the manager and the socket.
pub(super) fn run(args: &StatusArgs, context: &Context) -> Result<ExitCode, Failure> {
    let service = Service::from(&args.which);
    let report = report(service, context)?;
    let code = match (report.installed, report.state.as_deref()) {
        (false, _) => ExitCode::from(Code::NotFound.exit()),
        (true, Some("active")) => ExitCode::SUCCESS,
        (true, _) => ExitCode::from(Code::Unavailable.exit()),
    };
    if context.show.is_json() {
        context.show.json(&report)?;
    } else {
        print(&report, service, context)?;
    }
    Ok(code)
}

fn report(service: Service, context: &Context) -> Result<Report, Failure> {
    let file = service.file()?;
    let installed = file.exists();
    let (enabled, state) = if service.check_manager().is_ok() { asked(service) } else { (None, None) };
    let answers = context.call_plainly(&StatusOf::default()).is_ok();
    Ok(Report { file, installed, enabled, state, answers })
}

fn asked(service: Service) -> (Option<String>, Option<String>) {
    match service.manager {
        Manager::Systemd => {
            let ask = |word| systemd::systemctl(service, &[word, "vaultd.service"]).asked();
            (ask("is-enabled"), ask("is-active"))
        }
        Manager::Launchd => {
            let loaded = launchd::ask(service).run().is_ok();
            let state = if loaded { "active" } else { "inactive" };
            (Some(if loaded { "enabled" } else { "disabled" }.to_owned()), Some(state.to_owned()))
        }
    }
}

fn print(report: &Report, service: Service, context: &Context) -> Result<(), Failure> {
    let file = report.file.display();
    let installed =
        if report.installed { format!("installed: {file}") } else { format!("not installed: no {file}") };
    let why = match service.check_manager() {
        Err(Failure::Fault(fault)) => fault.message,
        _ => "unknown".to_owned(),
    };
    let word = |asked: &Option<String>| asked.as_deref().map_or_else(|| why.clone(), plain);
    let answer = if report.answers { "answers" } else { "nobody answers" };
    context.show.pairs(&[
        ("service", installed),
        ("starts by itself", word(&report.enabled)),
        ("state", word(&report.state)),
        ("socket", format!("{}: {answer}", context.socket().display())),
    ])
}
