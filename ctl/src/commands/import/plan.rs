//! What would be done, and what was.

use vault::api::{Imported, Taken};

use super::found::Found;
use crate::context::Context;
use crate::failure::Failure;
use crate::show::{Table, counted, plain};

/// Prints what would become of each secret; never a value.
pub(super) fn print(foreseen: &Imported, found: &Found, context: &Context) -> Result<(), Failure> {
    if context.show.is_json() || context.show.is_brief() {
        return Ok(());
    }
    let mut table = Table::new(&["WHAT", "ORG", "NAME", "FROM"]);
    let origins = found.origins.iter().map(String::as_str).chain(std::iter::repeat("the file as it was"));
    for (entry, origin) in foreseen.entries.iter().zip(origins) {
        let from = origin.split(" (`").next().unwrap_or(origin);
        table.row([
            word(entry.outcome).to_owned(),
            entry.org_id.to_string(),
            plain(entry.name.as_str()),
            plain(from),
        ]);
    }
    context.show.table(&table)?;
    if foreseen.conflicts > 0 {
        let taken = counted(foreseen.conflicts, "name");
        context.show.note(format_args!("{taken} there already"));
    }
    Ok(())
}

fn word(outcome: Taken) -> &'static str {
    match outcome {
        Taken::Created => "new",
        Taken::Overwritten => "overwrite",
        Taken::Skipped => "leave",
        Taken::Conflict => "conflict",
    }
}

/// Says what was done.
pub(super) fn summary(imported: &Imported, replaced: usize, context: &Context) -> Result<(), Failure> {
    let Imported { created, overwritten, skipped, .. } = imported;
    context.show.done(format_args!("imported: {created} new, {overwritten} overwritten, {skipped} left"))?;
    if replaced > 0 {
        let values = counted(replaced as u64, "value");
        context.show.done(format_args!("replaced {values} in the file"))?;
    }
    Ok(())
}
