//! What is left after the loss was accepted: sound, all that could be had, and the rest named.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use vault::api::{
    AcceptLoss, Code, CreateSecret, DamagedSecret, Fault, LossAccepted, Resolve, StatusOf, VerifyAudit,
};
use vault::domain::SecretId;

use super::ask::{Said, USUAL};
use super::panics;
use super::room::{Opened, operation, words};
use super::stock::{Known, Stock, agents, today};

/// What became of an accepted loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// The vault is sound, and nothing is lost.
    Whole,
    /// It is sound, and what is lost was named.
    Named,
    /// More is damaged than can be accepted: a backup has to be restored.
    Refused,
}

/// Opens the copy in the stock's room again and accepts the loss; fails if the vault is not sound then, or something is
/// lost unnamed.
pub(super) fn accept(stock: &Stock, said: &Said) -> Result<Accepted> {
    let opened = open(stock)?;
    refuse_taken_names(&opened, stock, said)?;
    let accepted = opened.ask(AcceptLoss {});
    drop(opened);
    panics::none()?;
    match accepted {
        Err(fault) => is_refused(&fault).map(|()| Accepted::Refused),
        Ok(accepted) => is_sound(stock, &accepted).context("after the loss was accepted"),
    }
}

fn open(stock: &Stock) -> Result<Opened<'_>> {
    let opened = stock.room.open(today())?;
    opened.unlock(&stock.master, None).map_err(|fault| words(&fault))?;
    Ok(opened)
}

/// The name of a secret that is not returned is not free.
fn refuse_taken_names(opened: &Opened<'_>, stock: &Stock, said: &Said) -> Result<()> {
    for known in stock.known.iter().filter(|known| !said.is_whole(known)) {
        let other = serde_json::json!({ "name": known.name, "orgId": known.org, "value": "another" });
        let stored = opened.ask(operation::<CreateSecret>(other)?);
        ensure!(stored.is_err(), "the name `{}` of {} is given to another secret", known.name, known.org);
    }
    Ok(())
}

fn is_refused(fault: &Fault) -> Result<()> {
    let for_damage = matches!(fault.code, Code::Integrity | Code::Storage) && !fault.message.is_empty();
    ensure!(for_damage, "the loss is not accepted, and not for damage: {}", fault.message);
    Ok(())
}

fn is_sound(stock: &Stock, accepted: &LossAccepted) -> Result<Accepted> {
    let opened = open(stock)?;
    let status = opened.ask(StatusOf::default()).map_err(|fault| words(&fault))?;
    let warning = status.warnings.iter().find(|warning| !USUAL.contains(&warning.code.as_str()));
    ensure!(warning.is_none(), "the vault still warns: {warning:?}");
    let verified = opened.ask(VerifyAudit { pages: true }).map_err(|fault| words(&fault))?;
    ensure!(verified.flaws.is_empty(), "the database still has flaws: {:?}", verified.flaws);
    let named = |secrets: &[DamagedSecret]| secrets.iter().map(|secret| secret.id).collect::<BTreeSet<_>>();
    let lost = named(&accepted.lost);
    for known in &stock.known {
        is_right(&opened, known, &lost)?;
    }
    let agents = agents(&opened).map_err(|fault| words(&fault))?;
    let agents_named = agents == stock.agents || !accepted.agents.is_empty();
    ensure!(agents_named, "agents are lost, and none is named");
    panics::none()?;
    Ok(if lost.is_empty() && accepted.agents.is_empty() { Accepted::Whole } else { Accepted::Named })
}

/// A secret has its last value, or was named as lost.
fn is_right(opened: &Opened<'_>, known: &Known, lost: &BTreeSet<SecretId>) -> Result<()> {
    let resolve = operation::<Resolve>(serde_json::json!({ "name": known.name, "orgId": known.org }))?;
    match opened.ask(resolve) {
        Ok(found) => {
            let right = known.values.last().is_some_and(|value| found.value.value().expose() == value);
            ensure!(right, "a wrong value of `{}` is returned", known.name);
        }
        Err(_) if known.expired || lost.contains(&known.id) => {}
        Err(fault) => anyhow::bail!("`{}` is lost, and was not named: {}", known.name, fault.message),
    }
    Ok(())
}
