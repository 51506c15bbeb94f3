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

/// Returns what follows the word `export`.
fn exported(text: &str) -> Option<&str> {
    text.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace))
}

/// Returns whether a word sets a variable, for a shell that reads it behind `export`.
fn is_assignment(word: &str) -> bool {
    let is_variable = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && is_variable(name))
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
        let (line, is_exported) = (self.line, exported(self.rest()).is_some());
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
        if is_exported && quote.is_none() && value.split_whitespace().skip(1).any(is_assignment) {
            return Err("it exports several variables; give each a line of its own");
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
        let exported = exported(head);
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
mod tests;
