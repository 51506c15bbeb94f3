//! `vault://NAME` and `vault://NAME?org=ORG`: which secrets a file or an argument means, and reading all of them at once.

use std::collections::BTreeMap;
use std::fmt;

use vault::api::{Code, Fault, NotPassed, ResolveMany, ResolvedMany, ResolvedValue};
use vault::domain::{Invalid, OrgId};
use vault::presets::Presets;

use crate::context::Context;
use crate::failure::Failure;
use crate::locate;
use crate::show::plain;

/// What a reference begins with.
pub(crate) const SCHEME: &str = "vault://";
/// What goes before the org of a reference; the last one counts, since a name may have it too.
const ORG: &str = "?org=";
/// The most names of one question.
const NAMES: usize = 100;

/// A secret as a file or an argument names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// The org, if the reference names one; else it is the command's.
    pub(crate) org: Option<OrgId>,
    /// A name, as `resolve` takes it.
    pub(crate) name: String,
}

impl Reference {
    /// Reads an argument: a reference, or a name alone.
    ///
    /// # Errors
    /// Those of [`Reference::of`].
    pub(crate) fn argument(text: &str) -> Result<Self, Unreadable> {
        Ok(Self::of(text)?.unwrap_or_else(|| Self { org: None, name: text.to_owned() }))
    }

    /// Reads a reference; `None` if the text is something else.
    ///
    /// # Errors
    /// What is wrong with it: it names no secret, its org is not one, or it says something else than its org.
    pub(crate) fn of(text: &str) -> Result<Option<Self>, Unreadable> {
        let Some(text) = text.trim().strip_prefix(SCHEME) else { return Ok(None) };
        let (name, org) = text.rsplit_once(ORG).map_or((text, None), |(name, org)| (name, Some(org)));
        let org = org.map(|org| OrgId::try_from(org.to_owned())).transpose();
        let org = org.map_err(|_| Invalid("the reference names no org after `?org=`"))?;
        match (name.trim(), query(text)) {
            ("", _) => Err(Invalid("the reference names no secret").into()),
            (_, Some(key)) if org.is_none() => {
                Err(Unreadable(format!("the reference says `?{key}=`, and may say only `?org=`")))
            }
            (name, _) => Ok(Some(Self { org, name: name.to_owned() })),
        }
    }

    /// Returns whether a name alone would be read as one with something behind it; then its org has to stand behind it.
    pub(crate) fn needs_org(name: &str) -> bool {
        query(name).is_some()
    }

    /// Returns the command's context in the org that the reference names, if it names one.
    pub(crate) fn context(&self, context: &Context) -> Context {
        context.in_org(self.org.as_ref())
    }

    /// Returns what was asked for, as it is shown: the name alone, unless an org goes with it.
    pub(crate) fn shown(&self) -> String {
        plain(&if self.org.is_none() { self.name.clone() } else { self.to_string() })
    }

    /// Puts the org before a fault's words, if the reference names one.
    pub(crate) fn placed(&self, fault: Fault) -> Fault {
        match &self.org {
            Some(org) => {
                Fault { message: format!("in the org {}: {}", plain(org.as_str()), fault.message), ..fault }
            }
            None => fault,
        }
    }
}

/// Finds the key of `?key=` behind a name: letters, `-` and `_`; the last one counts.
fn query(text: &str) -> Option<&str> {
    let (key, _) = text.rsplit_once('?')?.1.split_once('=')?;
    let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
    (!key.is_empty() && key.chars().all(is_letter)).then_some(key)
}

/// Says why a text that begins as a reference is not one; it repeats no more of it than the key of its `?key=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl From<Invalid> for Unreadable {
    fn from(Invalid(rule): Invalid) -> Self {
        Self(rule.to_owned())
    }
}

impl From<Unreadable> for Failure {
    fn from(Unreadable(why): Unreadable) -> Self {
        Self::usage(why, "write vault://NAME or vault://NAME?org=ORG")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.name)?;
        self.org.as_ref().map_or(Ok(()), |org| write!(f, "{ORG}{org}"))
    }
}

/// Which secrets are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    references: Vec<Reference>,
    platforms: Vec<String>,
}

impl Wanted {
    /// Adds a secret.
    pub(crate) fn secret(&mut self, reference: &Reference) {
        if !self.references.contains(reference) {
            self.references.push(reference.clone());
        }
    }

    /// Adds what a platform passes.
    pub(crate) fn platform(&mut self, platform: &str) {
        if !self.platforms.iter().any(|known| known == platform) {
            self.platforms.push(platform.to_owned());
        }
    }

    /// Gives the first reference that no secret answers to, without reading a value.
    pub(crate) fn missing(&self, context: &Context) -> Option<&Reference> {
        let is_missing = |reference: &&Reference| matches!(locate::of_word(&reference.context(context), &reference.name), Err(Failure::Fault(fault)) if fault.code == Code::NotFound);
        self.references.iter().find(is_missing)
    }

    /// Reads everything: in one question for each org, and so one commit, up to a hundred names and a platform.
    ///
    /// # Errors
    /// What the daemon answered; then nothing is given out.
    pub(crate) fn read(&self, context: &Context) -> Result<Values, Failure> {
        let mut values = Values::default();
        let questions = self.questions();
        if questions.is_empty() {
            return Ok(values);
        }
        let (own, mut client) = (context.one_org()?, context.connect()?);
        for Question { references, platform } in questions {
            let org = references.first().and_then(|reference| reference.org.clone());
            let names = references.iter().map(|reference| reference.name.clone()).collect::<Vec<_>>();
            let names = Some(names).filter(|names| !names.is_empty());
            let question = ResolveMany { org_id: org.or_else(|| own.clone()), names, platform };
            values.take(&references, context.call_on(&mut client, &question)?);
        }
        Ok(values)
    }

    /// Sorts what is wanted into questions: each of one org, with up to a hundred names and a platform of the command's.
    fn questions(&self) -> Vec<Question> {
        let (own, others): (Vec<_>, Vec<_>) =
            self.references.iter().cloned().partition(|reference| reference.org.is_none());
        let (mut chunks, mut platforms) = (own.chunks(NAMES), self.platforms.iter().cloned());
        let of_own = std::iter::from_fn(|| match (chunks.next(), platforms.next()) {
            (None, None) => None,
            (names, platform) => Some(Question { references: names.unwrap_or_default().to_vec(), platform }),
        });
        let mut by_org: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for reference in others {
            by_org.entry(reference.org.clone()).or_default().push(reference);
        }
        let chunks = by_org.values().flat_map(|all| all.chunks(NAMES));
        let of_others = chunks.map(|chunk| Question { references: chunk.to_vec(), platform: None });
        of_own.chain(of_others).collect()
    }
}

/// What is asked for at once.
#[derive(Debug)]
struct Question {
    references: Vec<Reference>,
    platform: Option<String>,
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
    named: BTreeMap<Reference, ResolvedValue>,
    platforms: Vec<Platform>,
}

impl Values {
    fn take(&mut self, references: &[Reference], found: ResolvedMany) {
        let mut values = found.values.into_iter();
        self.named.extend(references.iter().cloned().zip(values.by_ref()));
        let platform = Platform { values: values.collect(), left_out: found.left_out };
        self.platforms.extend(Some(platform).filter(|platform| !platform.values.is_empty()));
    }

    /// Takes what was found of one platform.
    pub(crate) fn of_platform(found: ResolvedMany) -> Self {
        let mut values = Self::default();
        values.take(&[], found);
        values
    }

    /// Gives the value of a secret that was wanted.
    pub(crate) fn of(&self, reference: &Reference) -> Option<&ResolvedValue> {
        self.named.get(reference)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        Reference::of(text).unwrap().map(|one| (one.name, one.org.map(|org| org.to_string())))
    }

    #[test]
    fn a_reference_names_a_secret_and_may_name_its_org() {
        assert_eq!(Some(("skill:a:b".into(), None)), read("vault://skill:a:b"));
        assert_eq!(Some(("skill:a:b".into(), Some("app2".into()))), read(" vault://skill:a:b?org=app2 "));
        assert_eq!(Some(("app2/x".into(), None)), read("vault://app2/x"));
        assert_eq!(Some(("a?org=b".into(), Some("c d".into()))), read("vault://a?org=b?org=c d"));
        assert_eq!(None, read("skill:a:b?org=app2"));
    }

    #[test]
    fn a_reference_without_a_secret_or_with_no_one_org_is_refused() {
        for text in [
            "vault://",
            "vault:// ",
            "vault://?org=a",
            "vault://a?org=",
            "vault://a?org=*",
            "vault://a?org= b",
        ] {
            assert!(Reference::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_the_org_behind_a_name_is_named() {
        for (text, key) in [
            ("vault://a?organ=b", "?organ="),
            ("vault://a?ORG=b", "?ORG="),
            ("vault://a?org-id=", "?org-id="),
            ("vault://a?x=1?orgs=b", "?orgs="),
        ] {
            let Unreadable(why) = Reference::of(text).unwrap_err();
            assert!(why.contains(&format!("`{key}`")), "{why}");
        }
        for name in ["what?", "a?b", "a?b c=d", "a=b", "a?=b"] {
            assert_eq!(Some((name.to_owned(), None)), read(&format!("vault://{name}")));
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (name, org) in
            [("a", None), ("skill:a:b", Some("app2")), ("a?org=b", Some("default")), ("a?x=1", Some("b"))]
        {
            let org = org.map(|org| OrgId::try_from(org.to_owned()).unwrap());
            let reference = Reference { org, name: name.to_owned() };
            assert_eq!(Some(reference.clone()), Reference::of(&reference.to_string()).unwrap());
        }
    }

    #[test]
    fn each_question_is_of_one_org_and_a_platform_goes_with_the_commands_own() {
        let mut wanted = Wanted::default();
        for text in ["vault://a?org=x", "vault://b", "vault://c?org=y", "vault://d?org=x"] {
            wanted.secret(&Reference::of(text).unwrap().unwrap());
        }
        for platform in ["p", "q"] {
            wanted.platform(platform);
        }
        let shown = |one: Question| {
            let names: Vec<_> = one.references.iter().map(Reference::to_string).collect();
            format!("{} {}", names.join(" "), one.platform.unwrap_or_default())
        };
        let questions: Vec<_> = wanted.questions().into_iter().map(shown).collect();
        assert_eq!(
            ["vault://b p", " q", "vault://a?org=x vault://d?org=x ", "vault://c?org=y "],
            questions[..]
        );
    }
}
