//! New names that are nearly a platform's.

use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;
use crate::quote::for_argument;
use crate::references::Reference;
use crate::show::plain;

/// Refuses a reference in the place of a name: it says where a value is read, not where one is stored.
///
/// # Errors
/// `invalid_request`, with the name and the org that it holds.
pub(super) fn refuse_reference(name: &str) -> Result<(), Failure> {
    let Some(Reference { org, name }) = Reference::of(name)? else { return Ok(()) };
    let org = org.map(|org| format!(" and --org {}", plain(org.as_str()))).unwrap_or_default();
    Err(Failure::usage(
        "a reference is no name to store under",
        format!("give the name {}{org}", plain(&name)),
    ))
}

/// Refuses a new name that is a platform's but for its capitals, and notes that a platform of nearly this name may be meant.
///
/// # Errors
/// `invalid_request`, with the command for the platform and the one for exactly this name.
pub(super) fn check(name: &str, context: &Context) -> Result<(), Failure> {
    if let Some(preset) = Presets::builtin().get(&name.to_lowercase()) {
        let hint = format!(
            "store its key with: vaultctl add {}; or a secret of exactly this name with: vaultctl set {} --exact-name",
            preset.platform,
            plain(&for_argument(name))
        );
        return Err(Failure::usage(
            format!("{} is a platform's name but for its capitals", plain(name)),
            hint,
        ));
    }
    if let [near] = Presets::builtin().likely(name, 1).as_slice() {
        context.show.note(format_args!(
            "note: this name is no platform and is stored as it is; did you mean {near}?"
        ));
    }
    Ok(())
}
