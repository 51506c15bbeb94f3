//! `vaultctl presets`

use std::process::ExitCode;

use clap::Args;
use vault::api::{CategoryEntry, Code, Fault, PresetList};
use vault::domain::Category;
use vault::presets::{Preset, PresetField, Presets};

use crate::complete::Completes;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::Table;

/// Lists the platforms that the vault knows, or the fields of one.
///
/// Needs no daemon.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vaultctl presets
  vaultctl presets aws
  vaultctl presets --json | jq -r '.presets[].platform'")]
pub(crate) struct PresetsArgs {
    /// A platform, by its name or another name for it
    #[arg(add = Completes::Preset)]
    platform: Option<String>,
}

/// Prints all presets, or one.
pub(super) fn run(args: &PresetsArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.platform {
        None => all(context)?,
        Some(name) => one(find(name)?, context)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Finds a platform's preset.
///
/// # Errors
/// `not_found`, with the platforms that may have been meant.
pub(super) fn find(name: &str) -> Result<&'static Preset, Failure> {
    let presets = Presets::builtin();
    presets.get(name).ok_or_else(|| {
        let near = presets.nearest(name, 3);
        let hint = match near.as_slice() {
            [] => "see the platforms with: vaultctl presets".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        Fault::new(Code::NotFound, "there is no such platform").hint(hint).into()
    })
}

fn all(context: &Context) -> Result<(), Failure> {
    let presets = Presets::builtin().all();
    if context.show.is_json() {
        let categories = Category::OFFERED.map(category_entry).into();
        return context.show.json(&PresetList { presets: presets.to_vec(), categories });
    }
    let mut table = Table::new(&["PLATFORM", "NAME", "CATEGORY", "FIELDS"]);
    for preset in presets {
        let fields: Vec<_> = preset.fields.iter().map(field_name).collect();
        table.row([
            preset.platform.clone(),
            preset.label.clone(),
            preset.category.id().to_owned(),
            fields.join(", "),
        ]);
    }
    context.show.table(&table)?;
    context.show.note("* optional");
    Ok(())
}

fn category_entry(category: Category) -> CategoryEntry {
    CategoryEntry {
        id: category,
        label: category.label().to_owned(),
        color: category.color().to_owned(),
        description: category.description().to_owned(),
    }
}

fn field_name(field: &PresetField) -> String {
    format!("{}{}", field.field, if field.optional { "*" } else { "" })
}

fn one(preset: &Preset, context: &Context) -> Result<(), Failure> {
    if context.show.is_json() {
        return context.show.json(preset);
    }
    let aliases = if preset.aliases.is_empty() { "-".to_owned() } else { preset.aliases.join(", ") };
    context.show.pairs(&[
        ("platform", preset.platform.clone()),
        ("name", preset.label.clone()),
        ("category", preset.category.id().to_owned()),
        ("also called", aliases),
        ("keys", preset.source.clone()),
    ])?;
    let mut table = Table::new(&["FIELD", "NAME", "FORM", "VARIABLES"]);
    for field in &preset.fields {
        table.row([field_name(field), field.label.clone(), field.placeholder.clone(), field.env.join(", ")]);
    }
    context.show.line("")?;
    context.show.table(&table)?;
    context.show.note(format_args!("* optional\nstore them with: vaultctl add {}", preset.platform));
    Ok(())
}
