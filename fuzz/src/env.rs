//! What the importers ask of the command line's variables.

/// The variable of an agent's token.
pub(crate) const TOKEN: &str = "AGENTICMAIL_VAULT_TOKEN";
