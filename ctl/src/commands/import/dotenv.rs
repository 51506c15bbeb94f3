//! `.env` files: variables that platforms' tools read get their platforms' names.

use std::collections::BTreeMap;
use std::path::Path;

use vault::presets::Presets;

use super::found::{Candidate, Found};
use super::settings::Choice;
use super::shape::Shape;
use super::source::Source;
use crate::dotenv::{Assignment, read_each};
use crate::env::PRIVATE;
use crate::failure::Failure;

/// What a reference to a secret begins with.
const SCHEME: &str = "vault://";

impl Assignment {
    /// Returns whether a value is written there, not nothing or a reference.
    pub(super) fn holds_value(&self) -> bool {
        !self.value.is_empty() && !self.value.starts_with(SCHEME)
    }
}

/// Reads the file, in which the last value of a variable counts; with a prefix, variables keep their own names. Settings are
/// left out, with a note.
pub(super) fn read(path: &Path, prefix: Option<&str>, choice: Choice<'_>) -> Result<Found, Failure> {
    let source = Source::new(path, Shape::Dotenv);
    let text = source.whole_text()?;
    source.refuse_other(Shape::of_text(&text))?;
    let mut found = Found::default();
    let (assignments, malformed) = read_each(&text);
    found
        .bad
        .extend(malformed.iter().map(|one| format!("{}, line {}: {}", source.name(), one.line, one.why)));
    let ends = assignments.iter().map(|one| (one.name.clone(), (one.line, one.holds_value())));
    let last: BTreeMap<String, (usize, bool)> = ends.collect();
    for assignment in assignments {
        let Assignment { name, value, line, .. } = &assignment;
        if let Some((_, holds)) = last.get(name).filter(|(last, _)| last > line) {
            found.notes.push(format!("line {line}: {name} is set again; the last value counts"));
            if !holds && assignment.holds_value() && choice.leaves(name, value).is_none() {
                found.settled.push(name.clone());
            }
        } else if value.is_empty() {
            found.notes.push(format!("{name} is empty, and is left where it is"));
        } else if let Some(why) = choice.leaves(name, value) {
            found.notes.push(format!("{name} is left where it is, {why}"));
        } else {
            take(assignment, prefix, &mut found);
        }
    }
    Ok(found)
}

fn take(assignment: Assignment, prefix: Option<&str>, found: &mut Found) {
    let Assignment { name: variable, value, line, doubt, .. } = assignment;
    if PRIVATE.contains(&variable.as_str()) {
        return found.notes.push(format!("{variable} is the vault's own, and is left where it is"));
    }
    if value.starts_with(SCHEME) {
        return found.notes.push(format!("{variable} is a reference already, and is left where it is"));
    }
    found
        .notes
        .extend(doubt.map(|doubt| format!("line {line}: {variable} is taken as it is written; {doubt}")));
    let name = name_of(&variable, prefix);
    let name = match found.value(&name) {
        Some(same) if same == value.as_str() => {
            return found.variables.push((variable, name));
        }
        Some(_) => {
            found.notes.push(format!("{variable} keeps its own name, since `{name}` has another value"));
            variable.clone()
        }
        None => name,
    };
    found.add(Candidate::new(format!("line {line}"), name.clone(), value.as_str().to_owned()));
    found.variables.push((variable, name));
}

/// Gives the name that a platform's tools find, else the variable's own.
fn name_of(variable: &str, prefix: Option<&str>) -> String {
    let known = prefix.is_none().then(|| Presets::builtin().by_variable(variable)).flatten();
    known.map_or_else(
        || variable.to_owned(),
        |(preset, field)| format!("skill:{}:{}", preset.platform, field.field),
    )
}
