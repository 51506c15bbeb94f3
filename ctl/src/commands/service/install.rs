//! `vaultctl service install`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use vault::api::{Code, Fault};

use super::plan::{Act, Plan};
use super::{Manager, SYSTEM_HOME, Service, Which, Whose, launchd, program, systemd};
use crate::commands::doctor;
use crate::context::Context;
use crate::failure::Failure;

/// Writes the service's file and starts it, now and with every session (or, with --system, every start).
///
/// The unit names vaultd where it is found: beside vaultctl, or in a folder of PATH.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl service install --dry-run
  vaultctl service install
  vaultctl service install --program ~/.cargo/bin/vaultd
  sudo vaultctl service install --system")]
pub(crate) struct InstallArgs {
    /// Which service.
    #[command(flatten)]
    which: Which,
    /// The daemon's program [default: vaultd beside vaultctl, else of PATH]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Write the files, and start nothing
    #[arg(long)]
    no_start: bool,
    /// Print what would be written and run, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What was done, for programs.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::commands) struct Installed<'a> {
    success: bool,
    file: &'a Path,
    started: bool,
}

/// Writes and starts it, or prints what that would be.
pub(super) fn run(args: &InstallArgs, context: &Context) -> Result<ExitCode, Failure> {
    let service = Service::from(&args.which);
    let plan = plan(args, service, context)?;
    if args.dry_run {
        plan.print(context)?;
        return Ok(ExitCode::SUCCESS);
    }
    service.check_rights("install")?;
    if !args.no_start {
        service.check_manager()?;
        check_vault(service, context)?;
    }
    plan.carry_out(context)?;
    let (file, started) = (service.file()?, !args.no_start);
    if context.show.is_json() {
        context.show.json(&Installed { success: true, file: &file, started })?;
        return Ok(ExitCode::SUCCESS);
    }
    context.show.done(format_args!("wrote {}", file.display()))?;
    advise(args, service, context)?;
    Ok(ExitCode::SUCCESS)
}

fn plan(args: &InstallArgs, service: Service, context: &Context) -> Result<Plan, Failure> {
    let words = program::words(args.program.as_deref(), service, context)?;
    let text = match service.manager {
        Manager::Systemd => systemd::unit(service, &words),
        Manager::Launchd => launchd::list(service, &words),
    };
    let path = service.file()?;
    let again = path.exists();
    let mut acts = vec![Act::Write { path, text }];
    if service.manager == Manager::Systemd {
        acts.extend(systemd::beside(service));
    }
    if args.no_start {
        return Ok(Plan::of(acts));
    }
    if again && service.manager == Manager::Launchd {
        // A list that is loaded is not read again.
        acts.push(Act::Try { command: service.stop() });
    }
    acts.extend(service.start()?.into_iter().map(|command| Act::Run { command }));
    if again && service.manager == Manager::Systemd {
        acts.push(Act::Run { command: systemd::systemctl(service, &["try-restart", "vaultd.service"]) });
    }
    Ok(Plan::of(acts))
}

/// Makes sure that there is a vault, and that no daemon which was started by hand holds it.
fn check_vault(service: Service, context: &Context) -> Result<(), Failure> {
    if service.whose == Whose::System {
        return Ok(());
    }
    let home = &context.home;
    if !home.join("vault.db").exists() && !home.join(".env").exists() {
        let message = format!("there is no vault in {}", home.display());
        let hint = format!("make one first with: {}", context.command("init"));
        return Err(Fault::new(Code::NotFound, message).hint(hint).into());
    }
    if !service.file()?.exists() && doctor::is_held(home) {
        let hint = "end it and install again; with: pkill -x -u \"$(id -u)\" vaultd";
        let message = "a vaultd that was started by hand serves this vault";
        return Err(Fault::new(Code::Conflict, message).hint(hint).into());
    }
    Ok(())
}

fn advise(args: &InstallArgs, service: Service, context: &Context) -> Result<(), Failure> {
    let show = context.show;
    if service.whose == Whose::System && !Path::new(SYSTEM_HOME).join("vault.db").exists() {
        let make = format!("vaultctl --home {SYSTEM_HOME} init");
        show.note(format_args!(
            "note: the machine's vault has no key yet. Make it with:\n  systemctl stop vaultd; sudo -u agenticmail-vault {make}; systemctl start vaultd"
        ));
        show.note("  and let users in: usermod -aG vault-clients USER");
    }
    if args.no_start {
        show.note("note: nothing was started");
        return Ok(());
    }
    show.done("vaultd runs; see it with: vaultctl service status")?;
    if service.whose == Whose::User && service.manager == Manager::Systemd {
        show.note("note: it ends when you log out, unless: loginctl enable-linger");
    }
    Ok(())
}
