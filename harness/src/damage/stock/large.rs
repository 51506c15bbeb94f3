//! A vault whose secrets, versions and agents take pages of every type.

use anyhow::Result;
use serde_json::json;
use vault::api::{DeleteSecret, MakeRecovery};

use super::{Filled, Known, add_agent, create, today, update};
use crate::damage::room::{Opened, words};

/// How many secrets there are: their index by id has more than one page.
const SECRETS: usize = 84;
/// How many older values each has: their index has more than one page.
const VERSIONS: usize = 6;
/// How many agents there are: their index has more than one page.
const AGENTS: usize = 72;
/// How many secrets are deleted at the end: their pages are free.
const DELETED: usize = 12;
const PLATFORMS: [&str; 4] = ["openai", "stripe", "github", "npm"];
const ORGS: [&str; 3] = ["default", "team", "another-team"];

/// Stores all of it.
pub(super) fn fill(opened: &Opened<'_>) -> Result<Filled> {
    opened.clock.turn_to(today());
    let mut known = Vec::new();
    for number in 0..SECRETS {
        known.push(secret(opened, number)?);
    }
    for version in 0..VERSIONS {
        for secret in &mut known {
            update(opened, secret, &format!("value {version} of {}", secret.name))?;
        }
    }
    let mut token = add_agent(opened, "bot")?;
    for number in 0..AGENTS {
        token = add_agent(opened, &format!("agent-{number:02}-with-a-name-that-fills-a-page-of-the-index"))?;
    }
    opened.ask(MakeRecovery {}).map_err(|fault| words(&fault))?;
    free_pages(opened)?;
    Ok(Filled { known, token })
}

fn secret(opened: &Opened<'_>, number: usize) -> Result<Known> {
    let name = match PLATFORMS.get(number) {
        Some(platform) => format!("skill:{platform}:api_key"),
        // The longer a name, the more pages its index takes.
        None => format!("service-{number:02}-with-a-name-of-{}", "many-letters-".repeat(9)),
    };
    // Some take more than a page.
    let long = if number.is_multiple_of(7) { 6000 } else { 60 };
    let value = format!("value of {number} {}", "x".repeat(long));
    let org = ORGS.get(number % ORGS.len()).copied().unwrap_or_default();
    create(opened, json!({ "name": name, "orgId": org, "value": value, "metadata": { "number": number } }))
}

/// Stores long values and deletes them.
fn free_pages(opened: &Opened<'_>) -> Result<()> {
    let value = "a value that takes pages ".repeat(1000);
    let stored = |number| create(opened, json!({ "name": format!("deleted-{number}"), "value": value }));
    for deleted in (0..DELETED).map(stored).collect::<Result<Vec<_>>>()? {
        opened.ask(DeleteSecret { secret: deleted.id.into() }).map_err(|fault| words(&fault))?;
    }
    Ok(())
}
