//! Reading `.env` files: lines of `NAME=value`, as shells and the usual tools write them.
//!
//! White space around names and values is dropped, and `export ` before a name. A value between single quotes is
//! taken as it is; between double quotes `\n`, `\r`, `\t` and a backslash before any other character mean what they
//! do in most tools; both may run over lines. Without quotes ` #` begins a remark. Nothing is expanded.

use std::ops::Range;

use vault::discovery::is_variable;
use zeroize::Zeroizing;

/// What makes everything that follows it doubtful.
const UNCLOSED: &str = "a quote is not closed";

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
}

/// A line that is none.
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
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let before = rest;
        rest = match one(rest) {
            Ok((None, rest)) => rest,
            Ok((Some(Read { name, value, place }), rest)) => {
                let at = text.len() - before.len();
                let place = at + place.start..at + place.end;
                found.push(Assignment { name, value, line, place });
                rest
            }
            Err(why) => {
                malformed.push(Malformed { line, why });
                if why == UNCLOSED {
                    break;
                }
                rest.split_once('\n').map_or("", |(_, next)| next)
            }
        };
        let taken = before.len() - rest.len();
        line += before.get(..taken).unwrap_or_default().matches('\n').count();
    }
    (found, malformed)
}

/// An assignment, with the place of its value from where it was begun to be read.
struct Read {
    name: String,
    value: Zeroizing<String>,
    place: Range<usize>,
}

/// Reads one line, or more where a quote runs over them, and gives what follows.
fn one(text: &str) -> Result<(Option<Read>, &str), &'static str> {
    let (line, next) = text.split_once('\n').unwrap_or((text, ""));
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((None, next));
    }
    let trimmed = trimmed.strip_prefix("export ").unwrap_or(trimmed);
    let name = trimmed.split_once('=').ok_or("it is no NAME=value")?.0.trim();
    if !is_variable(name) {
        return Err("before the `=` stands no name of a variable");
    }
    let (_, after) = text.split_once('=').unwrap_or_default();
    let start = after.trim_start_matches([' ', '\t']);
    let (value, length) = match start.chars().next() {
        Some('\'') => single(start.get(1..).unwrap_or_default())?,
        Some('"') => double(start.get(1..).unwrap_or_default())?,
        _ => bare(start.split('\n').next().unwrap_or_default(), start.len() < after.len()),
    };
    let quoted = start.starts_with(['\'', '"']);
    let next = if quoted { end_of_line(start.get(length..).unwrap_or_default())? } else { next };
    let begin = text.len() - start.len();
    Ok((Some(Read { name: name.to_owned(), value, place: begin..begin + length }), next))
}

/// A value, and how many bytes it takes with its quotes.
type Value = (Zeroizing<String>, usize);

/// Reads a value without quotes; white space and `#` begin a remark, and white space may stand before it.
fn bare(text: &str, spaced: bool) -> Value {
    let remark = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.ends_with([' ', '\t']) || before.is_empty() && spaced
    };
    let mut marks = text.match_indices('#').map(|(at, _)| at);
    let value = text.get(..marks.find(remark).unwrap_or(text.len())).unwrap_or_default().trim_end();
    (Zeroizing::new(value.to_owned()), value.len())
}

fn single(text: &str) -> Result<Value, &'static str> {
    let (value, _) = text.split_once('\'').ok_or(UNCLOSED)?;
    Ok((Zeroizing::new(value.to_owned()), value.len() + 2))
}

fn double(text: &str) -> Result<Value, &'static str> {
    let mut value = Zeroizing::new(String::new());
    let mut characters = text.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '"' => return Ok((value, place + 2)),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err(UNCLOSED)
}

/// Makes sure that nothing but a remark follows a closed quote, and gives the next line.
fn end_of_line(text: &str) -> Result<&str, &'static str> {
    let (rest, next) = text.split_once('\n').unwrap_or((text, ""));
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(next)
    } else {
        Err("something follows the closed quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).unwrap().into_iter().map(|one| (one.name, one.value.to_string())).collect()
    }

    fn value(text: &str) -> String {
        pairs(text).pop().unwrap().1
    }

    #[test]
    fn plain_lines_remarks_and_exports_are_read() {
        let text = "# a remark\n\nA=1\n export B = two words # a remark\r\nC=\nD=a#b\nE=#c\nF= #c\n";
        let expected = [("A", "1"), ("B", "two words"), ("C", ""), ("D", "a#b"), ("E", "#c"), ("F", "")];
        assert_eq!(expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), pairs(text));
    }

    #[test]
    fn single_quotes_keep_everything_as_it_is() {
        assert_eq!("a \\n $b # c\nd", value("A='a \\n $b # c\nd' # a remark\n"));
    }

    #[test]
    fn double_quotes_know_escapes_and_run_over_lines() {
        assert_eq!("a\n\"$b\\\nc", value("A=\"a\\n\\\"\\$b\\\\\nc\"\n"));
    }

    #[test]
    fn each_assignment_knows_its_line() {
        let lines: Vec<_> = read("A='1\n2'\n\nB=3\n").unwrap().iter().map(|one| one.line).collect();
        assert_eq!(vec![1, 4], lines);
    }

    #[test]
    fn each_value_knows_its_place_with_its_quotes() {
        let text = "\u{feff}A= 1 # x\nexport B=\"x\\\"\ny\"  # z\r\nC='\u{e9}'\nD=\nE=two words \r\n";
        let places: Vec<_> = read(text).unwrap().iter().map(|one| &text[one.place.clone()]).collect();
        assert_eq!(vec!["1", "\"x\\\"\ny\"", "'\u{e9}'", "", "two words"], places);
    }

    #[test]
    fn what_can_be_read_is_read_beside_what_cannot() {
        let (found, malformed) = read_each("A=1\nBAD LINE\nB='x' y\nC=3\nD='x\nE=5\n");
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.line)).collect();
        assert_eq!(vec![("A", 1), ("C", 4)], names);
        assert_eq!(vec![2, 3, 5], malformed.iter().map(|one| one.line).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_assignment_is_named_by_its_line() {
        for (text, line) in
            [("A=1\nsk-123\n", 2), ("A='x", 1), ("\n1A=x", 2), ("A='x' y\n", 1), ("A=\"x\\", 1)]
        {
            assert_eq!(line, read(text).unwrap_err().line, "{text}");
        }
    }
}
