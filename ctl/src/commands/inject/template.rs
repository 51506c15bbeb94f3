//! A template: text with references in double braces. Other double braces are text, as other templates need them.

use zeroize::Zeroizing;

use crate::references::{Reference, SCHEME};

const OPENS: &str = "{{";
const CLOSES: &str = "}}";
const SPACES: [char; 2] = [' ', '\t'];
/// What is taken for the beginning of a reference, in small letters or capitals.
const MEANT: &str = "vault:/";

/// A template, cut into its parts.
#[derive(Debug)]
pub(super) struct Template<'t> {
    parts: Vec<Part<'t>>,
}

#[derive(Debug)]
enum Part<'t> {
    Text(&'t str),
    Reference(Placed),
}

/// A reference and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// The secret that it means.
    pub(super) reference: Reference,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// A reference that is not written rightly.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Its line, from 1.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) why: String,
}

impl<'t> Template<'t> {
    /// Finds the references in a text.
    pub(super) fn parse(text: &'t str) -> Result<Self, Malformed> {
        let mut parts = Vec::new();
        let (mut rest, mut line) = (text, 1);
        while let Some((before, after)) = next(rest) {
            line += before.matches('\n').count();
            let inner = after.split_once(CLOSES).filter(|(inner, _)| !inner.contains('\n'));
            let (inner, after) =
                inner.ok_or(Malformed { line, why: "the reference is not closed".to_owned() })?;
            if !inner.trim_start_matches(SPACES).starts_with(SCHEME) {
                return Err(Malformed { line, why: format!("a reference begins with {SCHEME}") });
            }
            let found = Reference::of(inner).map_err(|why| Malformed { line, why: why.to_string() })?;
            parts.push(Part::Text(before));
            parts.extend(found.map(|reference| Part::Reference(Placed { reference, line })));
            rest = after;
        }
        parts.push(Part::Text(rest));
        Ok(Self { parts })
    }

    /// Gives the references, in their order.
    pub(super) fn references(&self) -> impl Iterator<Item = &Placed> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(placed) => Some(placed),
            Part::Text(_) => None,
        })
    }

    /// Writes the text with values in place of the references.
    pub(super) fn filled<'v>(&self, value: impl Fn(&Reference) -> &'v str) -> Zeroizing<String> {
        let mut filled = Zeroizing::new(String::new());
        for part in &self.parts {
            filled.push_str(match part {
                Part::Text(text) => text,
                Part::Reference(placed) => value(&placed.reference),
            });
        }
        filled
    }
}

/// Finds the next braces that a reference follows, or what was meant as one: the text before them, and what is in them and after.
fn next(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let found = from + text.get(from..)?.find(OPENS)?;
        let after = text.get(found + OPENS.len()..)?;
        let begin = after.trim_start_matches(SPACES).get(..MEANT.len());
        if begin.is_some_and(|begin| begin.eq_ignore_ascii_case(MEANT)) {
            return Some((text.get(..found)?, after));
        }
        from = found + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        Template::parse(text).unwrap().filled(|one| if one.name == "a b" { "1" } else { "2" }).to_string()
    }

    #[test]
    fn references_are_filled_and_the_rest_is_kept() {
        assert_eq!(
            "x 1{2}\n{{ other }} {{{ y",
            filled("x {{ vault://a b }}{{{vault://c}}}\n{{ other }} {{{ y")
        );
    }

    #[test]
    fn references_know_their_lines() {
        let template = Template::parse("a\n{{vault://b}} {{ vault://c }}\n\n{{vault://d}}").unwrap();
        let lines: Vec<_> =
            template.references().map(|one| (one.reference.name.as_str(), one.line)).collect();
        assert_eq!(vec![("b", 2), ("c", 2), ("d", 4)], lines);
    }

    #[test]
    fn what_was_meant_as_a_reference_is_named_by_its_line_and_other_braces_are_text() {
        for text in ["{{ vault:/a }}", "{{VAULT://a}}", "{{\tVault:/a}}", "{{{ vault:/ }}}"] {
            let malformed = Template::parse(&format!("x\n{text}")).unwrap_err();
            assert_eq!((2, "a reference begins with vault://"), (malformed.line, &*malformed.why), "{text}");
        }
        for text in ["{{ vault }}", "{{ vault.a }}", "{{ vault: a }}", "{{ my vault:/a }}", "{{", "{{ va"] {
            assert_eq!(text, filled(text));
        }
    }

    #[test]
    fn a_reference_that_is_not_closed_or_empty_is_named_by_its_line() {
        assert_eq!(2, Template::parse("\n{{ vault://a\n}}").unwrap_err().line);
        assert_eq!("the reference names no secret", Template::parse("{{ vault:// }}").unwrap_err().why);
    }
}
