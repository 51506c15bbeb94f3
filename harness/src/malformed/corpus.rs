//! One request of each operation, from which the mangled ones are made.

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use vault::api::{Route, Verb};
use vault::vault::{Fold, Handle};

use super::held::Held;

/// One of so many draws of an operation that costs much is taken.
const COSTLY: u8 = 4;

/// A request.
#[derive(Debug)]
pub(super) struct Example {
    /// The method of JSON-RPC.
    pub(super) method: &'static str,
    /// The place in HTTP.
    pub(super) route: Route,
    /// The fields.
    pub(super) fields: Map<String, Value>,
    /// Whether it changes what `Held::look` shows.
    pub(super) writes: bool,
    /// Whether it takes long, or makes others take long.
    pub(super) costly: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Corpus {
    examples: Vec<Example>,
}

struct Gather<'v> {
    vault: &'v Held,
    examples: Vec<Example>,
    lacking: Vec<&'static str>,
}

impl Fold for Gather<'_> {
    fn add<O: Handle>(&mut self) {
        match fields_of(O::METHOD, self.vault) {
            Some(Value::Object(fields)) => self.examples.push(Example {
                method: O::METHOD,
                route: O::ROUTE,
                fields,
                writes: !READS.contains(&O::METHOD),
                costly: COSTS.contains(&O::METHOD),
            }),
            _ => self.lacking.push(O::METHOD),
        }
    }
}

/// Operations that change nothing that is looked at.
const READS: [&str; 19] = [
    "vault.list",
    "vault.get",
    "vault.versions",
    "vault.resolve",
    "vault.resolveMany",
    "vault.discover",
    "vault.presets",
    "vault.export",
    "vault.auditLog",
    "vault.verifyAudit",
    "vault.status",
    "vault.listAgents",
    "vault.listActors",
    "vault.listOrgs",
    "vault.listUpkeep",
    "vault.testAgent",
    "vault.scan",
    "vault.backup",
    "vault.backupPart",
];
/// Operations that take long, or after which others do.
const COSTS: [&str; 9] = [
    "vault.lock",
    "vault.unlock",
    "vault.rekey",
    "vault.recovery",
    "vault.acceptLoss",
    "vault.backup",
    "vault.rotateAll",
    "vault.export",
    "vault.verifyAudit",
];

/// Gives the fields of a valid request of a method.
fn fields_of(method: &str, vault: &Held) -> Option<Value> {
    let (id, mark) = (&vault.victim, &vault.mark);
    let grants = json!([{ "orgId": "*", "names": ["skill:*"], "actions": ["read", "decrypt"] }]);
    Some(match method {
        "vault.list" => {
            json!({ "orgId": "default", "search": "a", "limit": 5, "offset": 0, "sort": "-name", "expiry": "set" })
        }
        "vault.create" => json!({ "name": "made", "value": mark, "category": "custom", "orgId": "default",
            "metadata": { "k": [1, { "l": null }] }, "expiresAt": "2099-01-01T00:00:00Z", "createdBy": "me" }),
        "vault.get" | "vault.rollback" => json!({ "id": id, "version": 1 }),
        "vault.update" => json!({ "id": id, "value": mark, "metadata": {}, "ifVersion": 1 }),
        "vault.delete" => json!({ "id": vault.nobody }),
        "vault.versions" | "vault.rotate" => json!({ "id": id }),
        "vault.rotateAll" | "vault.export" | "vault.status" => json!({ "orgId": "default" }),
        "vault.addPlatform" => json!({ "platform": "stripe", "fields": { "access_token": mark } }),
        "vault.import" => {
            json!({ "entries": [{ "name": "imported", "value": mark }], "onConflict": "skip", "dryRun": false })
        }
        "vault.resolve" => json!({ "name": "victim", "orgId": "default" }),
        "vault.resolveMany" => json!({ "names": ["victim"], "orgId": "default" }),
        "vault.listUpkeep" => json!({ "orgId": "*", "limit": 6 }),
        "vault.discover" => json!({ "orgId": "default", "platform": "openai" }),
        "vault.auditLog" => {
            json!({ "search": "a", "action": "read,decrypt", "before": 9, "limit": 3, "since": "2020-01-01T00:00:00Z" })
        }
        "vault.presets" | "vault.verifyAudit" | "vault.backup" | "vault.acceptLoss" | "vault.listAgents"
        | "vault.listActors" | "vault.listOrgs" | "vault.lock" | "vault.recovery" => json!({}),
        "vault.backupPart" => json!({ "backup": "00", "offset": 0 }),
        "vault.scan" => json!({ "orgId": "default", "texts": [{ "data": "YSB2YWx1ZQ==", "open": false }] }),
        "vault.addAgent" => json!({ "name": "bot", "grants": grants, "match": { "uid": 4 } }),
        "vault.updateAgent" => {
            json!({ "name": "bot", "grants": grants, "expiresAt": "2099-01-01T00:00:00Z" })
        }
        "vault.deleteAgent" | "vault.renewToken" => json!({ "name": "bot" }),
        "vault.testAgent" => json!({ "name": "bot", "action": "decrypt", "secret": "victim" }),
        "vault.unlock" => json!({ "key": vault.key }),
        "vault.rekey" => json!({ "newKey": vault.key }),
        _ => return None,
    })
}

impl Corpus {
    /// Makes a request of each operation; fails where one has none.
    pub(super) fn of(vault: &Held) -> Result<Self> {
        let mut gather = Gather { vault, examples: Vec::new(), lacking: Vec::new() };
        vault::vault::each(&mut gather);
        ensure!(gather.lacking.is_empty(), "add to harness/src/malformed/corpus.rs: {:?}", gather.lacking);
        Ok(Self { examples: gather.examples })
    }

    /// Draws one, those that cost much seldom.
    pub(super) fn draw(&self, random: &mut Rng) -> Result<&Example> {
        loop {
            let drawn = self.examples.get(random.usize(0..self.examples.len().max(1)));
            let example = drawn.context("there are no operations")?;
            if !example.costly || random.u8(0..COSTLY) == 0 {
                return Ok(example);
            }
        }
    }

    /// Opens the vault where a valid request shut it, and takes up a key that a valid request brought.
    pub(super) fn mend(&mut self, vault: &mut Held) -> Result<()> {
        if vault.mend()? {
            *self = Self::of(vault)?;
        }
        Ok(())
    }
}

impl Example {
    /// Writes the target of HTTP, and gives the fields that are left for query or body.
    pub(super) fn target(&self) -> (String, Map<String, Value>) {
        let mut rest = self.fields.clone();
        let mut target = String::new();
        for part in self.route.path.split('/').skip(1) {
            let field = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let text = field.and_then(|field| rest.remove(field));
            let text = text.as_ref().and_then(Value::as_str).unwrap_or(part);
            target = format!("{target}/{text}");
        }
        (target, rest)
    }

    /// Tells whether the fields go into a body.
    pub(super) fn has_body(&self) -> bool {
        matches!(self.route.verb, Verb::Post | Verb::Put)
    }
}
