//! What the campaigns share: a daemon that is ended, those who work with it, and those who remember what it said.

pub(crate) mod keeper;
pub(crate) mod ledger;
pub(crate) mod oracle;
pub(crate) mod restore;
pub(crate) mod server;
pub(crate) mod shim;
pub(crate) mod traffic;
pub(crate) mod witness;
pub(crate) mod writer;
