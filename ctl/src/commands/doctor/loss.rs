//! Accepting a loss.

use std::io::IsTerminal;
use std::process::ExitCode;

use vault::api::{AcceptLoss, DamagedSecret};

use super::DoctorArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::prompt::{self, Answer};
use crate::show::plain;

const QUESTION: &str =
    "Remove every secret that is damaged and does not open, for good? (Restore a backup if there is one.)";

/// Asks, where nobody has agreed yet, and tells what was kept and what is lost.
pub(super) fn accept(args: &DoctorArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(prompt::nobody_to_ask("--yes"));
    }
    if !args.yes && prompt::confirm(QUESTION, "--yes")? == Answer::No {
        context.show.note("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    let accepted = context.call(&AcceptLoss {})?;
    if context.show.is_json() {
        context.show.json(&accepted)?;
        return Ok(ExitCode::SUCCESS);
    }
    for index in &accepted.rebuilt {
        context.show.line(format_args!("rebuilt: {} of the database", plain(index)))?;
    }
    tell("found again", &accepted.found, context)?;
    tell("kept", &accepted.kept, context)?;
    tell("lost", &accepted.lost, context)?;
    for agent in &accepted.agents {
        context.show.line(format_args!("lost: the agent {}", plain(agent)))?;
    }
    context.show.done(format_args!("kept {}, lost {}", accepted.kept.len(), accepted.lost.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(word: &str, secrets: &[DamagedSecret], context: &Context) -> Result<(), Failure> {
    for secret in secrets {
        let (name, org) = (plain(&secret.name), plain(secret.org_id.as_str()));
        context.show.line(format_args!("{word}: {name} of org {org}"))?;
    }
    Ok(())
}
