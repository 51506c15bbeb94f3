//! What was found at a source: secrets, what cannot be taken, and what is to be said.

use std::process::ExitCode;

use serde_json::{Map, Value};
use vault::api::{Code, ImportEntry};
use vault::domain::{Category, Claim, Metadata, OrgId, SecretName, Timestamp};
use vault::secret::SecretValue;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::Failure;
use crate::utf8;

/// What was found at a source.
#[derive(Debug, Default)]
pub(super) struct Found {
    secrets: Vec<Candidate>,
    /// What cannot be taken: where it stands, and why.
    pub(super) bad: Vec<String>,
    /// What is to be said.
    pub(super) notes: Vec<String>,
    /// Variables and the names that their values go under.
    pub(super) variables: Vec<(String, String)>,
    /// Variables that are nothing, or a reference, in the end, and had a value before.
    pub(super) settled: Vec<String>,
    /// Where each entry comes from, in their order.
    pub(super) origins: Vec<String>,
}

/// A secret that may be taken.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Where it stands: a line, a row, an item.
    pub(super) origin: String,
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: Zeroizing<String>,
    /// Its org, where the source names one.
    pub(super) org: Option<String>,
    /// Its category, where the source names one.
    pub(super) category: Option<Category>,
    /// What is kept beside it.
    pub(super) metadata: Map<String, Value>,
    /// When it stops being handed out.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was made, if the source says so.
    pub(super) created_at: Option<Timestamp>,
    /// Who made it, if the source says so.
    pub(super) created_by: Option<Claim>,
}

impl Candidate {
    /// Makes a candidate of a name and a value.
    pub(super) fn new(origin: impl Into<String>, name: impl Into<String>, value: String) -> Self {
        Self {
            origin: origin.into(),
            name: name.into(),
            value: Zeroizing::new(value),
            org: None,
            category: None,
            metadata: Map::new(),
            expires_at: None,
            created_at: None,
            created_by: None,
        }
    }
}

impl Found {
    /// Adds a secret that a program or a person wrote into a file: a byte-order mark in front of its value is left out.
    pub(super) fn add(&mut self, mut candidate: Candidate) {
        if utf8::drop_mark(&mut candidate.value) {
            self.notes.push(utf8::mark_left_out(&format!("`{}`", candidate.name)));
        }
        self.add_exact(candidate);
    }

    /// Adds a secret of another vault: its value is taken as it is.
    pub(super) fn add_exact(&mut self, candidate: Candidate) {
        self.secrets.push(candidate);
    }

    /// Tells how many secrets there are.
    pub(super) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Finds the value that goes under a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.secrets.iter().find(|one| one.name == name).map(|one| one.value.as_str())
    }

    /// Tells whether a name is used.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Gives the exit code of an import that was done: that of what it was to bring in and could not.
    pub(super) fn exit(&self) -> ExitCode {
        if self.bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Code::InvalidRequest.exit()) }
    }

    /// Takes the secrets as entries of an import; what is none joins the bad.
    pub(super) fn entries(
        &mut self,
        prefix: Option<&str>,
        context: &Context,
    ) -> Result<Vec<ImportEntry>, Failure> {
        let org = context.one_org()?;
        let before = prefix.unwrap_or_default();
        self.variables.iter_mut().for_each(|(_, name)| name.insert_str(0, before));
        let mut entries = Vec::new();
        for candidate in std::mem::take(&mut self.secrets) {
            let origin = format!("{} (`{}`)", candidate.origin, candidate.name);
            match candidate.entry(before, org.clone()) {
                Ok(entry) => {
                    self.origins.push(origin);
                    entries.push(entry);
                }
                Err(why) => self.bad.push(format!("{origin}: {why}")),
            }
        }
        Ok(entries)
    }
}

impl Candidate {
    fn entry(self, prefix: &str, org: Option<OrgId>) -> Result<ImportEntry, &'static str> {
        let name = SecretName::try_from(format!("{prefix}{}", self.name)).map_err(|rule| rule.0)?;
        let value = SecretValue::new(self.value.as_str().to_owned()).map_err(|rule| rule.0)?;
        let own = self.org.map(OrgId::try_from).transpose().map_err(|rule| rule.0)?;
        let metadata = (!self.metadata.is_empty()).then(|| Metadata::try_from(self.metadata));
        Ok(ImportEntry {
            org_id: org.or(own),
            category: self.category,
            metadata: metadata.transpose().map_err(|rule| rule.0)?,
            expires_at: self.expires_at,
            created_at: self.created_at,
            created_by: self.created_by,
            ..ImportEntry::new(name, value.into())
        })
    }
}

/// Reads a moment as exports write it: RFC 3339, with a space, or milliseconds.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let spaced = || format!("{}Z", text.trim_end_matches('Z').replacen(' ', "T", 1));
    let millis = || text.parse().ok().map(Timestamp::from_millis);
    Timestamp::try_from(text.to_owned()).or_else(|_| Timestamp::try_from(spaced())).ok().or_else(millis)
}
