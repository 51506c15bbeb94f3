//! What the importers ask of a command's context.

use vault::domain::OrgId;

use crate::failure::Failure;

/// A context of no org.
pub(crate) struct Context;

impl Context {
    /// Gives the org that was named.
    pub(crate) fn one_org(&self) -> Result<Option<OrgId>, Failure> {
        Ok(None)
    }
}
