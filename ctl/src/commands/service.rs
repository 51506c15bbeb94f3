//! `vaultctl service`

mod install;
mod launchd;
mod plan;
mod program;
mod status;
mod systemd;
mod uninstall;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use vault::api::{Code, Fault};

use self::plan::Step;
#[cfg(debug_assertions)]
pub(super) use self::{install::Installed, plan::Plan, status::Report, uninstall::Uninstalled};
use crate::context::Context;
use crate::env;
use crate::failure::Failure;

/// Has the system start vaultd: a systemd unit or a launchd agent.
///
/// For your own user unless --system is given. The vault itself, its key and its log are never touched.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  vaultctl service install --dry-run
  vaultctl service install
  vaultctl service status
  vaultctl service uninstall"
)]
pub(crate) struct ServiceArgs {
    /// What to do.
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    Install(install::InstallArgs),
    Uninstall(uninstall::UninstallArgs),
    Status(status::StatusArgs),
}

/// Does what is asked with the service.
pub(super) fn run(args: &ServiceArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.command {
        ServiceCommand::Install(args) => install::run(args, context),
        ServiceCommand::Uninstall(args) => uninstall::run(args, context),
        ServiceCommand::Status(args) => status::run(args, context),
    }
}

/// The home of the machine's vault, as the units name it.
const SYSTEM_HOME: &str = "/var/lib/agenticmail-vault";

/// Which service is meant.
#[derive(Debug, Args)]
struct Which {
    /// The service of the whole machine, for root, under a user of its own
    #[arg(long)]
    system: bool,
    /// systemd or launchd [default: this machine's]
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    manager: Option<Manager>,
}

/// What starts services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Manager {
    /// Linux.
    Systemd,
    /// macOS.
    Launchd,
}

/// Whose service it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The user's who calls.
    User,
    /// The machine's.
    System,
}

/// The service: who starts it, and for whom.
#[derive(Debug, Clone, Copy)]
struct Service {
    manager: Manager,
    whose: Whose,
}

impl From<&Which> for Service {
    fn from(which: &Which) -> Self {
        let own = if cfg!(target_os = "macos") { Manager::Launchd } else { Manager::Systemd };
        let whose = if which.system { Whose::System } else { Whose::User };
        Self { manager: which.manager.unwrap_or(own), whose }
    }
}

impl Service {
    /// Gives the file that names the service to its manager.
    fn file(self) -> Result<PathBuf, Failure> {
        match (self.manager, self.whose) {
            (Manager::Systemd, Whose::System) => Ok(PathBuf::from("/etc/systemd/system/vaultd.service")),
            (Manager::Systemd, Whose::User) => {
                Ok(env::config_folder().ok_or_else(homeless)?.join("systemd/user/vaultd.service"))
            }
            (Manager::Launchd, Whose::System) => {
                Ok(PathBuf::from("/Library/LaunchDaemons/com.agenticmail.vaultd.daemon.plist"))
            }
            (Manager::Launchd, Whose::User) => Ok(env::user_folder()
                .ok_or_else(homeless)?
                .join("Library/LaunchAgents/com.agenticmail.vaultd.plist")),
        }
    }

    /// Gives what starts it, and starts it with the machine or the session, from now on.
    fn start(self) -> Result<Vec<Step>, Failure> {
        match self.manager {
            Manager::Systemd => Ok(systemd::start(self)),
            Manager::Launchd => launchd::start(self),
        }
    }

    /// Gives what ends it, for good.
    fn stop(self) -> Step {
        match self.manager {
            Manager::Systemd => systemd::stop(self),
            Manager::Launchd => launchd::stop(self),
        }
    }

    /// Makes sure that its manager runs.
    ///
    /// # Errors
    /// `unavailable`, with what else there is to do.
    fn check_manager(self) -> Result<(), Failure> {
        match self.manager {
            Manager::Systemd => systemd::check(),
            Manager::Launchd => launchd::check(),
        }
    }

    /// Makes sure that the caller may change it.
    fn check_rights(self, words: &str) -> Result<(), Failure> {
        if self.whose == Whose::User || nix::unistd::geteuid().is_root() {
            return Ok(());
        }
        let hint = format!("run it as root: sudo vaultctl service {words} --system");
        Err(Fault::new(Code::Forbidden, "the machine's service is root's to change").hint(hint).into())
    }
}

fn homeless() -> Failure {
    Failure::usage("there is no home folder", "set HOME, or use --system")
}
