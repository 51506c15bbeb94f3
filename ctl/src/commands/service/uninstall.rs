//! `vaultctl service uninstall`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault};

use super::plan::{Act, Plan};
use super::{Manager, SYSTEM_HOME, Service, Which, Whose, systemd};
use crate::context::Context;
use crate::failure::Failure;

/// Stops the service and removes its file; the vault stays where it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl service uninstall --dry-run
  vaultctl service uninstall
  sudo vaultctl service uninstall --system")]
pub(crate) struct UninstallArgs {
    /// Which service.
    #[command(flatten)]
    which: Which,
    /// Print what would be removed and run, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What was done, for programs.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::commands) struct Uninstalled {
    success: bool,
    removed: Vec<PathBuf>,
}

/// Stops and removes it, or prints what that would be.
pub(super) fn run(args: &UninstallArgs, context: &Context) -> Result<ExitCode, Failure> {
    let service = Service::from(&args.which);
    let file = service.file()?;
    if !file.exists() {
        let message = format!("the service is not installed: there is no {}", file.display());
        return Err(Fault::new(Code::NotFound, message).hint("see: vaultctl service status").into());
    }
    let removed = files(file, service);
    let plan = plan(args, service, &removed);
    if args.dry_run {
        plan.print(context)?;
        return Ok(ExitCode::SUCCESS);
    }
    service.check_rights("uninstall")?;
    plan.carry_out(context)?;
    if context.show.is_json() {
        context.show.json(&Uninstalled { success: true, removed })?;
        return Ok(ExitCode::SUCCESS);
    }
    for file in &removed {
        context.show.done(format_args!("removed {}", file.display()))?;
    }
    let home = if service.whose == Whose::System { Path::new(SYSTEM_HOME) } else { &context.home };
    context.show.done(format_args!("the vault stays: its secrets, key and log are in {}", home.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn files(file: PathBuf, service: Service) -> Vec<PathBuf> {
    let mut removed = vec![file];
    if service.manager == Manager::Systemd && service.whose == Whose::System {
        removed.extend(systemd::companions().into_iter().filter(|path| path.exists()));
    }
    removed
}

/// Stops it before its file goes; where its manager does not run, there is nothing to stop.
fn plan(args: &UninstallArgs, service: Service, removed: &[PathBuf]) -> Plan {
    let runs = args.dry_run || service.check_manager().is_ok();
    let mut acts = Vec::new();
    if runs {
        acts.push(Act::Try { command: service.stop() });
    }
    acts.extend(removed.iter().map(|path| Act::Remove { path: path.clone() }));
    if runs && service.manager == Manager::Systemd {
        acts.push(Act::Try { command: systemd::systemctl(service, &["daemon-reload"]) });
    }
    Plan::of(acts)
}
