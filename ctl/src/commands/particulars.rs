//! What is kept beside a value: category, metadata, expiry.

use clap::Args;
use vault::domain::{Category, Invalid, Metadata};

use crate::moment::Expiry;

/// What is kept beside a value.
#[derive(Debug, Default, Args)]
pub(super) struct Particulars {
    /// What it is for [default: the preset's, else `skill_credential` or `custom`]
    #[arg(long, value_parser = super::category_parser())]
    pub(super) category: Option<Category>,
    /// A JSON object to keep beside the value, readable without it
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    pub(super) metadata: Option<Metadata>,
    /// When it stops being handed out: never, 90d, a date, or RFC 3339
    #[arg(long, value_name = "WHEN")]
    pub(super) expires: Option<Expiry>,
}

impl Particulars {
    /// Tells whether none is given.
    pub(super) fn is_empty(&self) -> bool {
        self.category.is_none() && self.metadata.is_none() && self.expires.is_none()
    }
}

fn metadata(text: &str) -> Result<Metadata, Invalid> {
    serde_json::from_str(text).map_err(|_| Invalid("metadata is a JSON object of at most 16 KiB"))
}
