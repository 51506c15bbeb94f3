//! The commands: one file each, an arguments struct and `run`.

mod add;
mod agent;
mod audit;
mod backup;
mod completions;
mod discover;
mod doctor;
mod export;
mod get;
mod history;
mod import;
mod init;
mod list;
mod lock;
mod man;
mod particulars;
mod presets;
mod recovery;
mod rekey;
mod resolve;
mod restore;
mod rm;
mod rollback;
mod rotate;
mod service;
mod set;
mod show;
mod status;
mod unlock;

use std::process::ExitCode;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use vault::domain::Category;

use crate::context::Context;
use crate::failure::Failure;

/// The exit code of a check that found something.
const FOUND_SOMETHING: u8 = 9;

macro_rules! commands {
    ($($variant:ident => $module:ident::$args:ident),* $(,)?) => {
        /// A command with its arguments.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $(#[allow(missing_docs, reason = "its help is the doc comment of its arguments")] $variant($module::$args),)*
        }

        impl Command {
            /// Runs the command.
            pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, Failure> {
                match self {
                    $(Self::$variant(args) => $module::run(args, context),)*
                }
            }
        }
    };
}

commands! {
    Init => init::InitArgs,
    Status => status::StatusArgs,
    Doctor => doctor::DoctorArgs,
    Add => add::AddArgs,
    Set => set::SetArgs,
    Get => get::GetArgs,
    Show => show::ShowArgs,
    List => list::ListArgs,
    Rm => rm::RmArgs,
    History => history::HistoryArgs,
    Rollback => rollback::RollbackArgs,
    Rotate => rotate::RotateArgs,
    Resolve => resolve::ResolveArgs,
    Discover => discover::DiscoverArgs,
    Presets => presets::PresetsArgs,
    Audit => audit::AuditArgs,
    Agent => agent::AgentArgs,
    Lock => lock::LockArgs,
    Unlock => unlock::UnlockArgs,
    Rekey => rekey::RekeyArgs,
    Recovery => recovery::RecoveryArgs,
    Import => import::ImportArgs,
    Export => export::ExportArgs,
    Backup => backup::BackupArgs,
    Restore => restore::RestoreArgs,
    Service => service::ServiceArgs,
    Completions => completions::CompletionsArgs,
    Man => man::ManArgs,
}

/// Reads a category by its id.
fn category_parser() -> impl TypedValueParser<Value = Category> {
    words(Category::ALL.map(Category::id)).map(|id| Category::from_id(&id).unwrap_or(Category::Custom))
}

/// Reads one of several words.
fn words(words: impl IntoIterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(words)
}
