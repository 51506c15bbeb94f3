//! `vault://NAME`: which secrets a file or an argument means, and reading all of them at once.

use std::collections::BTreeMap;

use vault::api::{Code, NotPassed, ResolveMany, ResolvedMany, ResolvedValue};
use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;
use crate::locate;

/// What a reference begins with.
pub(crate) const SCHEME: &str = "vault://";
/// The most names of one question.
const NAMES: usize = 100;

/// Gives the name that a reference names; `None` where the text is no reference.
pub(crate) fn name_of(text: &str) -> Option<&str> {
    text.strip_prefix(SCHEME).map(str::trim).filter(|name| !name.is_empty())
}

/// Which secrets are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    names: Vec<String>,
    platforms: Vec<String>,
}

impl Wanted {
    /// Adds a name, as `resolve` takes it.
    pub(crate) fn name(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    /// Adds what a platform passes.
    pub(crate) fn platform(&mut self, platform: &str) {
        if !self.platforms.iter().any(|known| known == platform) {
            self.platforms.push(platform.to_owned());
        }
    }

    /// Gives the first name that no secret answers to, without reading a value.
    pub(crate) fn missing(&self, context: &Context) -> Option<&str> {
        let is_missing = |name: &&String| matches!(locate::secret(context, name), Err(Failure::Fault(fault)) if fault.code == Code::NotFound);
        self.names.iter().find(is_missing).map(String::as_str)
    }

    /// Reads everything: in one question, and so one commit, up to a hundred names and a platform.
    ///
    /// # Errors
    /// What the daemon answered; then nothing is given out.
    pub(crate) fn read(&self, context: &Context) -> Result<Values, Failure> {
        let org_id = context.one_org()?;
        let mut values = Values::default();
        let mut platforms = self.platforms.iter().cloned();
        let mut chunks = self.names.chunks(NAMES);
        if self.names.is_empty() && self.platforms.is_empty() {
            return Ok(values);
        }
        let mut client = context.connect()?;
        loop {
            let (names, platform) = (chunks.next(), platforms.next());
            if names.is_none() && platform.is_none() {
                return Ok(values);
            }
            let asked = names.map(<[String]>::to_vec);
            let question = ResolveMany { org_id: org_id.clone(), names: asked, platform };
            let found = context.call_on(&mut client, &question)?;
            values.take(names.unwrap_or_default(), found);
        }
    }
}

/// What was read of a platform.
#[derive(Debug)]
pub(crate) struct Platform {
    /// The values that it passes.
    pub(crate) values: Vec<ResolvedValue>,
    /// What it does not.
    pub(crate) left_out: Vec<NotPassed>,
}

/// The values that were read.
#[derive(Debug, Default)]
pub(crate) struct Values {
    named: BTreeMap<String, ResolvedValue>,
    platforms: Vec<Platform>,
}

impl Values {
    fn take(&mut self, names: &[String], found: ResolvedMany) {
        let mut values = found.values.into_iter();
        self.named.extend(names.iter().cloned().zip(values.by_ref()));
        let platform = Platform { values: values.collect(), left_out: found.left_out };
        self.platforms.extend(Some(platform).filter(|platform| !platform.values.is_empty()));
    }

    /// Takes what was found of one platform.
    pub(crate) fn of_platform(found: ResolvedMany) -> Self {
        let mut values = Self::default();
        values.take(&[], found);
        values
    }

    /// Gives the value of a name that was wanted.
    pub(crate) fn named(&self, name: &str) -> Option<&ResolvedValue> {
        self.named.get(name)
    }

    /// Gives the platforms, in the order in which they were wanted.
    pub(crate) fn platforms(&self) -> &[Platform] {
        &self.platforms
    }

    /// Returns every secret that was read, with its name: settings, such as a region or a port, are none.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.platforms.iter().flat_map(|platform| &platform.values).chain(self.named.values());
        let secret = all.filter(|read| Presets::builtin().is_secret(read.name.as_str()));
        secret.map(|read| (read.name.as_str(), read.value.value().expose()))
    }
}
