//! The commands: one file each, an arguments struct and `run`.

mod add;
mod agent;
mod audit;
mod backup;
mod completions;
mod discover;
mod doctor;
mod env;
mod export;
mod get;
mod history;
mod import;
mod init;
mod inject;
mod integrate;
mod list;
mod lock;
mod man;
mod mcp;
mod near;
mod particulars;
mod presets;
mod recovery;
mod rekey;
mod resolve;
mod restore;
mod rm;
mod rollback;
mod rotate;
mod run;
mod scan;
mod schema;
mod service;
mod set;
mod show;
mod status;
mod ui;
mod unlock;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as _, Subcommand};
use vault::domain::Category;

use crate::context::Context;
use crate::failure::Failure;

pub(crate) use mcp::tree::{is_reaper as keeps_tree, reap as keep_tree};
pub(crate) use run::session::{is_leader as leads_session, lead as lead_session};
pub(crate) use run::witness::{is_witness, witness};

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

            /// Describes the command of this name to the parser.
            pub(crate) fn described(name: &str) -> Option<clap::Command> {
                $(if name == stringify!($module) {
                    return Some($module::$args::augment_args(clap::Command::new(stringify!($module))));
                })*
                None
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
    Run => run::RunArgs,
    Inject => inject::InjectArgs,
    Env => env::EnvArgs,
    Mcp => mcp::McpArgs,
    Integrate => integrate::IntegrateArgs,
    Discover => discover::DiscoverArgs,
    Presets => presets::PresetsArgs,
    Audit => audit::AuditArgs,
    Ui => ui::UiArgs,
    Agent => agent::AgentArgs,
    Lock => lock::LockArgs,
    Unlock => unlock::UnlockArgs,
    Rekey => rekey::RekeyArgs,
    Recovery => recovery::RecoveryArgs,
    Scan => scan::ScanArgs,
    Import => import::ImportArgs,
    Export => export::ExportArgs,
    Backup => backup::BackupArgs,
    Restore => restore::RestoreArgs,
    Service => service::ServiceArgs,
    Completions => completions::CompletionsArgs,
    Man => man::ManArgs,
    Schema => schema::SchemaArgs,
}

/// Reads a category by its id.
fn category_parser() -> impl TypedValueParser<Value = Category> {
    words(Category::ALL.map(Category::id)).map(|id| Category::from_id(&id).unwrap_or(Category::Custom))
}

/// Reads one of several words.
fn words(words: impl IntoIterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(words)
}

/// Refuses to print values on a terminal, unasked.
///
/// # Errors
/// `invalid_request`, with the way to have them elsewhere.
fn refuse_terminal(instead: &str) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        return Ok(());
    }
    let hint = format!("let it go elsewhere: vaultctl {instead}; or add --reveal");
    Err(Failure::usage("values are not printed on a terminal unasked", hint))
}
