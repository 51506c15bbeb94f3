//! What the vault holds: values that do not open, and a log that is not as it was written.

use vault::api::{Code, Scan, ScanBytes, ScanText, Status, VerifyAudit, Warning};
use vault::domain::{OrgScope, SecretName};
use vault::store::{Flaw, Flawed};

use crate::commands::audit::what_is_broken;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::plain;

/// The most secrets that are named.
const NAMED: usize = 10;

/// Has the daemon open every value and read the whole log, where it can.
pub(super) fn findings(status: &Status, context: &Context) -> Vec<Warning> {
    if status.locked {
        return Vec::new();
    }
    // A look for nothing opens everything, and names what does not open.
    let nothing = ScanText { data: ScanBytes::new(Vec::new()), open: false };
    let scan = Scan { org_id: Some(OrgScope::All), texts: vec![nothing] };
    let (damaged, failed) = match context.call_plainly(&scan) {
        Ok(scanned) => (scanned.damaged, None),
        Err(failure) => (Vec::new(), unchecked("the values", &failure)),
    };
    let mut found: Vec<_> = failed.into_iter().collect();
    found.extend(damaged.iter().take(NAMED).map(|name| hurt(name, context)));
    if let Some(more) = damaged.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let message = format!("{more} more secrets are not as they were stored");
        found.push(Warning::new("integrity", message, "see all of them with: vaultctl scan /dev/null"));
    }
    match context.call_plainly(&VerifyAudit { pages: true }) {
        Err(failure) => found.extend(unchecked("the audit log and the database", &failure)),
        Ok(log) => {
            if !log.intact {
                let hint = "keep a copy of the vault's folder, and compare it with a backup";
                let message = format!("the audit log: {}", what_is_broken(&log));
                found.push(Warning::new("audit_log", message, hint));
            }
            found.extend(log.flaws.iter().map(|flaw| flawed(flaw, context)));
        }
    }
    found
}

/// Says that something could not be checked because it is damaged.
fn unchecked(what: &str, failure: &Failure) -> Option<Warning> {
    let Failure::Fault(fault) = failure else { return None };
    let damaged = matches!(fault.code, Code::Integrity | Code::Storage);
    let message = || format!("{what} cannot be checked: {}", plain(&fault.message));
    damaged.then(|| Warning::new("integrity", message(), fault.hint.clone()))
}

/// Says what is wrong with the indexes or pages of the database.
fn flawed(flaw: &str, context: &Context) -> Warning {
    let accept = context.command("doctor --accept-loss");
    database(flaw, format!("rebuild indexes with: {accept}; or {}", restore(context)))
}

/// Says what was found wrong without a daemon; a page of a table is put right by no loss that is accepted.
pub(super) fn flawed_on_disk(flaw: &Flaw, context: &Context) -> Warning {
    match flaw.place {
        Flawed::Table => database(&flaw.words, restore(context)),
        Flawed::Index | Flawed::Space | Flawed::Row => flawed(&flaw.words, context),
    }
}

fn database(flaw: &str, hint: String) -> Warning {
    Warning::new("database", format!("the database is damaged: {}", plain(flaw)), hint)
}

fn restore(context: &Context) -> String {
    format!("bring a backup back with: {}", context.command("restore"))
}

fn hurt(name: &SecretName, context: &Context) -> Warning {
    let message = format!("the secret {} is not as it was stored", plain(name.as_str()));
    let hint = format!("{}; or delete the secret, and store its value again", restore(context));
    Warning::new("integrity", message, hint)
}
