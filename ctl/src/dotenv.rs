//! Reading `.env` files as the usual readers do; docs/dotenv.md says which of them this follows if they differ.
//!
//! A value stands bare, between single quotes or backticks, which keep everything, or between double quotes, which know
//! some escapes. Quoted ones may run over lines. Nothing is expanded. CR LF and CR end a line as LF does.

use std::ops::Range;

use zeroize::Zeroizing;

/// What makes everything that follows it doubtful.
const UNCLOSED: &str = "a quote is not closed, so nothing is read from here on";

/// A variable with its value, and where it stands.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// The variable.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Zeroizing<String>,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Where its value stands in the text, with its quotes.
    pub(crate) place: Range<usize>,
    /// What some readers make of the value that others do not, in words.
    pub(crate) doubt: Option<&'static str>,
}

/// A line that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it, without repeating it.
    pub(crate) why: &'static str,
}

/// Reads all assignments, of which each line has to be one, a remark, or empty.
pub(crate) fn read(text: &str) -> Result<Vec<Assignment>, Malformed> {
    let (found, malformed) = read_each(text);
    malformed.into_iter().next().map_or(Ok(found), Err)
}

/// Reads those assignments that can be read, and names the other lines. Nothing is read after a quote that is not closed.
pub(crate) fn read_each(text: &str) -> (Vec<Assignment>, Vec<Malformed>) {
    let (mut found, mut malformed) = (Vec::new(), Vec::new());
    let mut scanner = Scanner { text, at: 0, line: 1 };
    scanner.skip(|c| c == '\u{feff}', 1);
    while !scanner.rest().is_empty() {
        let line = scanner.line;
        match scanner.statement() {
            Ok(one) => found.extend(one),
            Err(why) => {
                malformed.push(Malformed { line, why });
                if why == UNCLOSED {
                    break;
                }
            }
        }
        scanner.skip_line();
    }
    (found, malformed)
}

/// Returns whether a text can name a variable in a file: letters, digits, `_`, `.`, `-`, `[` and `]`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.-[]".contains(c))
}

fn is_line_end(c: char) -> bool {
    c == '\n' || c == '\r'
}

/// A text and how far it was read.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on by some bytes, and counts the lines.
    fn take(&mut self, bytes: usize) -> &'t str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        // The two characters of a CR LF are never taken apart.
        self.line +=
            taken.matches('\n').count() + taken.matches('\r').count() - taken.matches("\r\n").count();
        taken
    }

    /// Goes on past characters of a kind, at most `most` of them.
    fn skip(&mut self, of: impl Fn(char) -> bool, most: usize) {
        let length = self.rest().chars().take(most).take_while(|c| of(*c)).map(char::len_utf8).sum();
        self.take(length);
    }

    fn skip_blanks(&mut self) {
        self.skip(|c| c.is_whitespace() && !is_line_end(c), usize::MAX);
    }

    /// Goes on to where the line ends, and gives what was before that.
    fn take_to_line_end(&mut self) -> &'t str {
        self.take(self.rest().find(is_line_end).unwrap_or(self.rest().len()))
    }

    fn skip_line(&mut self) {
        self.take_to_line_end();
        self.take(if self.rest().starts_with("\r\n") { 2 } else { 1 });
    }

    /// Reads what stands on a line, or on more where a quote runs over them; what may follow on the last of them is left.
    fn statement(&mut self) -> Result<Option<Assignment>, &'static str> {
        self.skip_blanks();
        let line = self.line;
        let Some(name) = self.name()? else { return Ok(None) };
        self.skip_blanks();
        let begin = self.at;
        let quote = self.rest().chars().next().filter(|c| "'\"`".contains(*c));
        let value = match quote {
            Some(quote) => self.quoted(quote)?,
            None => self.bare(),
        };
        let place = begin..self.at;
        self.skip_blanks();
        if quote.is_some()
            && !self.rest().is_empty()
            && !self.rest().starts_with(|c| c == '#' || is_line_end(c))
        {
            return Err("something follows the closed quote");
        }
        let written = self.text.get(place.clone()).unwrap_or_default();
        Ok(Some(Assignment { name: name.to_owned(), value, line, place, doubt: doubt(quote, written) }))
    }

    /// Reads a name and its `=`; `None` where the line has none and needs none.
    fn name(&mut self) -> Result<Option<&'t str>, &'static str> {
        let rest = self.rest();
        let line = rest.get(..rest.find(is_line_end).unwrap_or(rest.len())).unwrap_or_default();
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (head, has_value) = line.split_once('=').map_or((line, false), |(head, _)| (head, true));
        let exported = head.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
        let name = exported.unwrap_or(head).trim();
        match (is_name(name), has_value) {
            (true, true) => {
                self.take(head.len() + 1);
                Ok(Some(name))
            }
            // It passes on what is set elsewhere.
            (true, false) if exported.is_some() => Ok(None),
            (_, false) => Err("it is no NAME=value"),
            (false, true) => Err("before the `=` stands no name of a variable"),
        }
    }

    /// Reads a value without quotes; white space, which may stand before it, and `#` begin a remark.
    fn bare(&mut self) -> Zeroizing<String> {
        let rest = self.rest();
        let line = rest.get(..rest.find(is_line_end).unwrap_or(rest.len())).unwrap_or_default();
        let is_remark = |at: &usize| {
            let before = self.text.get(..self.at + at).unwrap_or_default();
            before.ends_with(char::is_whitespace)
        };
        let mut marks = line.match_indices('#').map(|(at, _)| at);
        let value = line.get(..marks.find(is_remark).unwrap_or(line.len())).unwrap_or_default().trim_end();
        Zeroizing::new(self.take(value.len()).to_owned())
    }

    /// Reads a value with its quotes.
    fn quoted(&mut self, quote: char) -> Result<Zeroizing<String>, &'static str> {
        let inner = self.rest().get(1..).unwrap_or_default();
        let length = if quote == '"' { closing(inner) } else { inner.find(quote) }.ok_or(UNCLOSED)?;
        self.take(length + 2);
        let inner = inner.get(..length).unwrap_or_default();
        let mut value = Zeroizing::new(String::with_capacity(length));
        let mut characters = inner.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            let escaped = next.filter(|_| quote == '"' && c == '\\').and_then(escape);
            if escaped.is_some() || c == '\r' && next == Some('\n') {
                characters.next();
            }
            value.push(escaped.unwrap_or(if c == '\r' { '\n' } else { c }));
        }
        Ok(value)
    }
}

/// Finds the double quote that no backslash escapes.
fn closing(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some(at),
            '\\' => _ = characters.next(),
            _ => {}
        }
    }
    None
}

/// Returns what a backslash and a character mean between double quotes; `None` if they are two characters.
fn escape(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' | '"' | '$' | '`' => Some(c),
        _ => None,
    }
}

/// Says what some readers make of a value, as it is written, that others do not.
fn doubt(quote: Option<char>, written: &str) -> Option<&'static str> {
    let begins = |c: char| c == '{' || quote != Some('\'') && (c.is_ascii_alphabetic() || "_(".contains(c));
    let is_expanded = |(at, _)| written.get(at + 1..).is_some_and(|rest: &str| rest.starts_with(begins));
    match quote {
        Some('`') => Some("some readers keep the backticks"),
        _ if written.match_indices('$').any(is_expanded) => {
            Some("some readers put another value in place of what begins with `$`")
        }
        None if written.contains('#') => Some("for some readers the value ends at the `#`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde::Deserialize;

    use super::*;
    use crate::quote::for_dotenv;

    /// The variables that a reader takes from a text; `None` if it refuses it.
    type Reading = Option<BTreeMap<String, String>>;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Cases {
        case: Vec<Case>,
        written: Vec<Written>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        name: String,
        text: String,
        ours: Reading,
        refused: Option<usize>,
        because: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        value: String,
        text: Option<String>,
    }

    #[derive(Deserialize)]
    struct Readings {
        readers: BTreeMap<String, String>,
        cases: BTreeMap<String, Recorded>,
        written: BTreeMap<String, Recorded>,
    }

    #[derive(Deserialize)]
    struct Recorded {
        text: String,
        readings: BTreeMap<String, Reading>,
    }

    fn cases() -> Cases {
        toml::from_str(include_str!("../../tests/fixtures/dotenv/cases.toml")).unwrap()
    }

    fn readings() -> Readings {
        serde_json::from_str(include_str!("../../tests/fixtures/dotenv/readings.json")).unwrap()
    }

    fn pairs(text: &str) -> Result<BTreeMap<String, String>, Malformed> {
        Ok(read(text)?.into_iter().map(|one| (one.name, one.value.to_string())).collect())
    }

    #[test]
    fn where_five_readers_agree_so_does_this_one_and_elsewhere_the_page_says_why() {
        let (readings, page) = (readings(), include_str!("../../docs/dotenv.md"));
        let (cases, mut rules) = (cases().case, BTreeSet::new());
        assert!(cases.len() >= 60 && readings.readers.len() == 5 && readings.cases.len() == cases.len());
        for Case { name, text, ours, refused, because } in cases {
            let recorded = &readings.cases[&name];
            let mut theirs: Vec<_> = recorded.readings.values().collect();
            assert_eq!((5, &text), (theirs.len(), &recorded.text), "{name}");
            theirs.dedup();
            let expected = match (&theirs[..], &because) {
                ([one], None) => (*one).clone(),
                ([_], Some(_)) => panic!("{name}: all readers agree, so there is no rule to follow"),
                (_, None) => panic!("{name}: the readers differ, so a rule says whom to follow"),
                (_, Some(rule)) => {
                    assert!(page.contains(&format!("| {rule} |")), "{name}: no row for {rule} in the page");
                    rules.insert(rule.clone());
                    ours
                }
            };
            let read = pairs(&text);
            assert_eq!(refused, read.as_ref().err().map(|malformed| malformed.line), "{name}");
            assert_eq!(expected, read.ok(), "{name}");
        }
        assert!(rules.len() > 5, "{rules:?}");
    }

    #[test]
    fn what_is_written_is_read_alike_by_five_readers_or_not_written() {
        let readings = readings();
        for Written { value, text } in cases().written {
            let quoted = for_dotenv(&value).map(|quoted| quoted.to_string());
            assert_eq!(text, quoted, "{value:?}");
            let Some(text) = text else { continue };
            let expected = Some(BTreeMap::from([("A".to_owned(), value), ("B".to_owned(), "2".to_owned())]));
            assert_eq!(expected, pairs(&format!("A={text}\nB=2\n")).ok(), "{text}");
            let theirs = &readings.written[&text].readings;
            assert!(theirs.len() == 5 && theirs.values().all(|reading| *reading == expected), "{theirs:?}");
        }
    }

    #[test]
    fn each_assignment_knows_its_line_and_the_place_of_its_value_with_its_quotes() {
        let text =
            "\u{feff}A= 1 # x\r\nexport B=\"x\\\"\r\ny\"  # z\r\nC='\u{e9}'\rD=\nE=two words \r\nF=`a\n`";
        let read = read(text).unwrap();
        let places: Vec<_> = read.iter().map(|one| (one.line, &text[one.place.clone()])).collect();
        let expected =
            [(1, "1"), (2, "\"x\\\"\r\ny\""), (4, "'\u{e9}'"), (5, ""), (6, "two words"), (7, "`a\n`")];
        assert_eq!(expected.to_vec(), places);
    }

    #[test]
    fn what_can_be_read_is_read_beside_what_cannot() {
        let text = "A=1\nBAD LINE\nB='x\nNO=1\n' y\nC=3\nD='x\nE=5\n";
        let (found, malformed) = read_each(text);
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.line)).collect();
        assert_eq!(vec![("A", 1), ("C", 6)], names);
        assert_eq!(vec![2, 3, 7], malformed.iter().map(|one| one.line).collect::<Vec<_>>());
    }

    #[test]
    fn what_some_readers_take_for_something_else_is_said() {
        let doubts = |text| read(text).unwrap()[0].doubt.is_some();
        for text in ["A=${B}/v1", "A=\"x$B\"", "A='${B}'", "A=$(x)", "A=a#b", "A=`x`"] {
            assert!(doubts(text), "{text}");
        }
        for text in ["A=pa$", "A='$B'", "A=\"$1\"", "A='a#b'", "A=x # $B", "A=$$"] {
            assert!(!doubts(text), "{text}");
        }
    }
}
