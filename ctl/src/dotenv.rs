//! Reading `.env` files: lines of `NAME=value`, as shells and the usual tools write them.
//!
//! White space around names and values is dropped, and `export ` before a name. A value between single quotes is
//! taken as it is; between double quotes `\n`, `\r`, `\t` and a backslash before any other character mean what they
//! do in most tools; both may run over lines. Without quotes ` #` begins a remark. Nothing is expanded.

use zeroize::Zeroizing;

/// A variable with its value, and where it stands.
#[derive(Debug)]
pub(crate) struct Assignment {
    /// The variable.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Zeroizing<String>,
    /// Its line, from 1.
    pub(crate) line: usize,
}

/// A line that is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it, without repeating it.
    pub(crate) why: &'static str,
}

/// Reads all assignments.
pub(crate) fn read(text: &str) -> Result<Vec<Assignment>, Malformed> {
    let mut found = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let before = rest;
        rest = match one(rest) {
            Ok((None, rest)) => rest,
            Ok((Some((name, value)), rest)) => {
                found.push(Assignment { name, value, line });
                rest
            }
            Err(why) => return Err(Malformed { line, why }),
        };
        let taken = before.len() - rest.len();
        line += before.get(..taken).unwrap_or_default().matches('\n').count();
    }
    Ok(found)
}

type Pair = (String, Zeroizing<String>);

/// Reads one line, or more where a quote runs over them, and gives what follows.
fn one(text: &str) -> Result<(Option<Pair>, &str), &'static str> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((None, rest));
    }
    let trimmed = trimmed.strip_prefix("export ").unwrap_or(trimmed);
    let name = trimmed.split_once('=').ok_or("it is no NAME=value")?.0.trim();
    if !is_variable(name) {
        return Err("before the `=` stands no name of a variable");
    }
    let (_, after) = text.split_once('=').unwrap_or_default();
    let start = after.trim_start_matches([' ', '\t']);
    let (value, rest) = match start.chars().next() {
        Some('\'') => single(start.get(1..).unwrap_or_default())?,
        Some('"') => double(start.get(1..).unwrap_or_default())?,
        _ => (bare(after.split('\n').next().unwrap_or_default()), rest),
    };
    Ok((Some((name.to_owned(), value)), rest))
}

/// Tells whether a text can name a variable: letters, digits and `_`, no digit first.
pub(crate) fn is_variable(name: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(usual) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

fn bare(text: &str) -> Zeroizing<String> {
    let end = [" #", "\t#"].iter().filter_map(|remark| text.find(remark)).min().unwrap_or(text.len());
    Zeroizing::new(text.get(..end).unwrap_or_default().trim().to_owned())
}

fn single(text: &str) -> Result<(Zeroizing<String>, &str), &'static str> {
    let (value, rest) = text.split_once('\'').ok_or("a quote is not closed")?;
    Ok((Zeroizing::new(value.to_owned()), end_of_line(rest)?))
}

fn double(text: &str) -> Result<(Zeroizing<String>, &str), &'static str> {
    let mut value = Zeroizing::new(String::new());
    let mut characters = text.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '"' => return Ok((value, end_of_line(text.get(place + 1..).unwrap_or_default())?)),
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
    Err("a quote is not closed")
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
        let text = "# a remark\n\nA=1\n export B = two words # a remark\r\nC=\nD=a#b\n";
        let expected = [("A", "1"), ("B", "two words"), ("C", ""), ("D", "a#b")];
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
    fn what_is_no_assignment_is_named_by_its_line() {
        for (text, line) in
            [("A=1\nsk-123\n", 2), ("A='x", 1), ("\n1A=x", 2), ("A='x' y\n", 1), ("A=\"x\\", 1)]
        {
            assert_eq!(line, read(text).unwrap_err().line, "{text}");
        }
    }
}
