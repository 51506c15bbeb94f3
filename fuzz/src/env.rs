//! What the importers ask of the command line's variables.

/// The vault's own variables.
pub(crate) const PRIVATE: [&str; 2] = [vault::keyfile::VARIABLE, "AGENTICMAIL_VAULT_TOKEN"];
