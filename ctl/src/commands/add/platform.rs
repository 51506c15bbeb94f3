//! Adding a platform's fields, together or not at all.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use vault::api::{AddPlatform, Code, Discover, DiscoveredField, DiscoveredPlatform, Fault, FieldValues};
use vault::domain::Invalid;
use vault::presets::{Preset, PresetField};
use vault::secret::Revealed;

use super::AddArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::prompt;
use crate::show::plain;

/// The values by field.
type Values = BTreeMap<String, Revealed>;

/// `KEY=@FILE` or `KEY=-`.
#[derive(Debug, Clone)]
pub(super) struct FieldArg {
    field: String,
    source: FieldSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum FieldSource {
    File(PathBuf),
    Stdin,
}

impl FromStr for FieldArg {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rule = Invalid("a field is KEY=@FILE, or KEY=- for stdin; a value is never an argument");
        let (field, source) = text.split_once('=').ok_or(rule)?;
        let source = match source.strip_prefix('@') {
            Some(path) if !path.is_empty() => FieldSource::File(path.into()),
            None if source == "-" => FieldSource::Stdin,
            _ => return Err(rule),
        };
        Ok(Self { field: field.to_owned(), source })
    }
}

/// Takes the fields' values and stores them.
pub(super) fn run(preset: &Preset, args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    if !args.particulars.is_empty() {
        let hint =
            format!("a platform has its own; store one field with: vaultctl add skill:{}:…", preset.platform);
        return Err(Failure::usage("--category, --metadata and --expires are for one secret", hint));
    }
    let org_id = context.one_org()?;
    context.unlocked()?;
    let fields = FieldValues(values(preset, args, context)?);
    let operation = AddPlatform { platform: preset.platform.clone(), org_id, fields };
    let added =
        context.call(&operation).map_err(|failure| refused(failure, (preset, &operation), context))?;
    added.warnings.iter().for_each(|warning| context.show.warning(warning));
    if context.show.is_json() {
        context.show.json(&added)?;
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &added.entries {
        context.show.done(format_args!("stored {}", plain(entry.name.as_str())))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says it in the words of this program where a field is missing, unknown or stored already.
fn refused(failure: Failure, (preset, operation): (&Preset, &AddPlatform), context: &Context) -> Failure {
    let is_given = |field: &DiscoveredField| {
        let means = |name: &String| preset.field(name).map(|known| &known.field);
        operation.fields.0.keys().any(|name| means(name) == means(&field.field))
    };
    match failure {
        Failure::Fault(ref fault) if fault.code == Code::Conflict => {
            let stored = stored(preset, context).unwrap_or_default();
            stored.iter().find(|field| is_given(field)).map_or(failure, |field| taken(field, context))
        }
        Failure::Fault(fault) if fault.code == Code::InvalidRequest => {
            let message = fault.message.trim_start_matches("field `fields`: ");
            let hint = format!("see its fields with: vaultctl presets {}", preset.platform);
            Failure::usage(message, hint)
        }
        other => other,
    }
}

fn values(preset: &Preset, args: &AddArgs, context: &Context) -> Result<Values, Failure> {
    if !args.fields.is_empty() {
        return given(args, context);
    }
    if args.source.is_given() || !std::io::stdin().is_terminal() {
        let field = only_required(preset, &stored(preset, context)?)?;
        return Ok(BTreeMap::from([(
            field.field.clone(),
            args.source.take(&field.label, context.show)?.into(),
        )]));
    }
    let stored = stored(preset, context)?;
    match stored.first() {
        Some(field) if preset.fields.iter().all(|one| has(preset, &stored, one)) => {
            Err(taken(field, context))
        }
        _ => asked_for(preset, &stored, context),
    }
}

/// Reads the fields that the arguments name.
fn given(args: &AddArgs, context: &Context) -> Result<Values, Failure> {
    let from_stdin = args.fields.iter().filter(|field| field.source == FieldSource::Stdin).count();
    if from_stdin > 1 || (from_stdin == 1 && std::io::stdin().is_terminal()) || args.source.is_given() {
        let hint = "give each other field as KEY=@FILE, and pipe into the one that is KEY=-";
        return Err(Failure::usage("one field alone can come from stdin, and only from a pipe", hint));
    }
    let (mut values, reading) = (Values::new(), args.source.reading(context.show));
    for FieldArg { field, source } in &args.fields {
        let value = match source {
            FieldSource::File(path) => reading.file(path)?,
            FieldSource::Stdin => reading.stdin()?,
        };
        if values.insert(field.clone(), value.into()).is_some() {
            return Err(Failure::usage("a field is given twice", "give each field once"));
        }
    }
    Ok(values)
}

/// Returns the one required field that a single value is for: the one that is not stored yet, if any is stored.
fn only_required<'p>(preset: &'p Preset, stored: &[DiscoveredField]) -> Result<&'p PresetField, Failure> {
    let mut required: Vec<_> = preset.fields.iter().filter(|field| !field.optional).collect();
    if required.iter().any(|field| !has(preset, stored, field)) {
        required.retain(|field| !has(preset, stored, field));
    }
    if let [field] = required.as_slice() {
        return Ok(field);
    }
    let options: Vec<_> = required.iter().map(|field| format!("--field {}=@FILE", field.field)).collect();
    let hint = format!("vaultctl add {} {}", preset.platform, options.join(" "));
    Err(Failure::usage(format!("{} has several fields, and one value was given", preset.label), hint))
}

/// Lists what of a platform is stored.
fn stored(preset: &Preset, context: &Context) -> Result<Vec<DiscoveredField>, Failure> {
    let org_id = context.one_org()?;
    let found = context.call(&Discover { platform: Some(preset.platform.clone()), org_id })?;
    let of_it = |found: &DiscoveredPlatform| preset.names().any(|name| name == found.platform.as_str());
    Ok(found.platforms.into_iter().filter(of_it).flat_map(|found| found.fields).collect())
}

/// Returns whether a field is among those that are stored, by any of its names.
fn has(preset: &Preset, stored: &[DiscoveredField], field: &PresetField) -> bool {
    let is_it =
        |one: &DiscoveredField| preset.field(&one.field).is_some_and(|known| known.field == field.field);
    stored.iter().any(is_it)
}

/// Says that a field is stored already, and how it is replaced.
fn taken(field: &DiscoveredField, context: &Context) -> Failure {
    let hint = format!("replace its value with: {}", super::set(field.name.as_str(), context));
    Fault::new(Code::Conflict, format!("{} is stored already", field.name)).hint(hint).into()
}

/// Asks for each field that is not stored yet; an empty answer leaves out an optional one.
fn asked_for(preset: &Preset, stored: &[DiscoveredField], context: &Context) -> Result<Values, Failure> {
    context.show.note(format_args!("{}: {}", preset.label, preset.source));
    for field in stored {
        let set = super::set(field.name.as_str(), context);
        context
            .show
            .note(format_args!("{} is stored already, and stays; replace it with: {set}", field.name));
    }
    let mut values = Values::new();
    for field in preset.fields.iter().filter(|field| !has(preset, stored, field)) {
        let optional = if field.optional { ", Enter to leave it out" } else { "" };
        let label = format!("{} ({}{optional})", field.label, field.placeholder);
        let typed = if field.secret { prompt::hidden_line(&label)? } else { prompt::visible_line(&label)? };
        if typed.is_empty() && field.optional {
            continue;
        }
        values.insert(field.field.clone(), prompt::checked(typed)?.into());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_names_a_file_or_stdin_and_never_a_value() {
        assert_eq!(FieldSource::Stdin, "host=-".parse::<FieldArg>().unwrap().source);
        assert_eq!(FieldSource::File("a=b".into()), "host=@a=b".parse::<FieldArg>().unwrap().source);
        for refused in ["host", "host=", "host=@", "host=sk-1234"] {
            assert!(refused.parse::<FieldArg>().is_err(), "{refused}");
        }
    }
}
