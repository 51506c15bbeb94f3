//! Auto-discovery: which stored names answer to what a tool asks for, and the variables that their values go into.
//!
//! Everything here works on names alone. The daemon and `vaultctl` use the same functions, so that they cannot differ.

mod obeyed;
mod order;
mod passed;
mod place;
mod variable;

pub use order::{
    answer, candidates, field_of, full_names, is_before_fields, is_field, is_keyless, names_behind, platforms,
};
pub use passed::{Passed, Why, belongs};
pub use place::Place;
pub use variable::{NoVariable, is_made_up, is_variable, usual, variables};
