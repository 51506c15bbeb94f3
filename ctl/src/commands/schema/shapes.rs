//! Which types each command prints.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use vault::api;
use vault::presets::Preset;
use vault::secret::Revealed;

use crate::locate::About;

use crate::commands::{
    agent, backup, doctor, import, init, integrate, rekey, restore, scan, service, status, ui,
};

/// What a command prints: one of these, at each call or (`audit --follow`, `audit export`) on each line.
struct Shape {
    command: &'static str,
    types: &'static [fn(&mut SchemaGenerator) -> Schema],
}

macro_rules! shapes {
    ($($command:literal: $($type:ty)|+),* $(,)?) => {
        const SHAPES: &[Shape] = &[$(Shape { command: $command, types: &[$(of::<$type>),+] }),*];
    };
}

shapes! {
    "init": init::Report<'_>,
    "status": status::Answer,
    "doctor": doctor::Report | api::LossAccepted,
    "add": api::Created | api::PlatformAdded,
    "set": api::Created,
    "get": api::Resolved,
    "show": api::Secret,
    "list": api::SecretList,
    "rm": About<api::Deleted>,
    "history": About<api::Versions>,
    "rollback": api::Created,
    "rotate": api::Created | api::RotatedAll,
    "resolve": api::Resolved | api::ResolvedMany,
    "env": BTreeMap<String, Revealed>,
    "integrate": integrate::Integrated,
    "discover": api::Discovered,
    "presets": api::PresetList | Preset,
    "audit": api::AuditAnswer | api::AuditEntry,
    "audit verify": api::Verification,
    "audit export": api::AuditEntry,
    "agent add": api::AgentAdded,
    "agent list": api::AgentList,
    "agent show": api::AgentEntry,
    "agent renew-token": api::AgentAdded,
    "agent rm": api::Done,
    "agent test": agent::Tested | Vec<agent::Tested>,
    "agent update": api::AgentChanged,
    "lock": api::Locked,
    "unlock": api::Done,
    "rekey": rekey::Report<'_>,
    "recovery": api::RecoveryMade,
    "import": import::Answer<'_>,
    "export": api::Exported,
    "backup": backup::Report<'_> | backup::Verified,
    "restore": restore::Report,
    "scan": scan::Report,
    "ui": ui::Served<'_>,
    "service install": service::Installed<'_> | service::Plan,
    "service uninstall": service::Uninstalled | service::Plan,
    "service status": service::Report,
}

/// The commands whose output is not theirs to shape: another program's, a script, a protocol.
#[cfg(test)]
const WITHOUT: [&str; 4] = ["run", "inject", "mcp", "completions"];

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Describes all of them.
pub(super) fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut commands = Map::new();
    for shape in SHAPES {
        let one = |of: &fn(&mut SchemaGenerator) -> Schema| of(&mut generator).to_value();
        let mut forms: Vec<Value> = shape.types.iter().map(one).collect();
        let form = if forms.len() == 1 { forms.remove(0) } else { json!({ "anyOf": forms }) };
        commands.insert(shape.command.replace(' ', "-"), form);
    }
    commands.insert("error".to_owned(), of::<api::Body<'_>>(&mut generator).to_value());
    commands.append(&mut generator.take_definitions(true));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What vaultctl prints with --json",
        "description": "A definition for each command, under its name; `error` is what stderr gets where a command fails. Fields may be added; none is taken away or changes its meaning.",
        "$defs": commands,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Lists the commands that do something by themselves, by the words that name them.
    fn named(command: &clap::Command, words: &str, into: &mut Vec<String>) {
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            let words = format!("{words} {}", command.get_name()).trim_start().to_owned();
            if !command.is_subcommand_required_set() {
                into.push(words.clone());
            }
            named(command, &words, into);
        }
    }

    #[test]
    fn every_command_has_its_shape_described() {
        let mut all = Vec::new();
        named(&Cli::command(), "", &mut all);
        let known = SHAPES.iter().map(|shape| shape.command).chain(WITHOUT);
        let mut known: Vec<_> = known.map(str::to_owned).collect();
        all.sort();
        known.sort();
        assert_eq!(known, all, "add the types that the command prints to `shapes!`");
    }

    #[test]
    fn no_command_and_no_type_share_a_name() {
        let document = document();
        let names = document["$defs"].as_object().unwrap().keys();
        let types = names.filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())).count();
        assert!(types > 10);
        assert_eq!(SHAPES.len() + 1 + types, document["$defs"].as_object().unwrap().len());
    }
}
