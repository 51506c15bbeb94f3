//! Quoting values, so that each reader takes them for what they are.

use zeroize::Zeroizing;

/// A quoted value.
type Quoted = Zeroizing<String>;

/// Quotes for a POSIX shell: nothing between single quotes has a meaning there.
pub(crate) fn for_sh(value: &str) -> Quoted {
    quoted('\'', value, |c| if c == '\'' { Some(r"'\''") } else { None })
}

/// Quotes for fish: between single quotes a backslash and a quote are escaped, and nothing else has a meaning.
pub(crate) fn for_fish(value: &str) -> Quoted {
    quoted('\'', value, |c| match c {
        '\'' => Some(r"\'"),
        '\\' => Some(r"\\"),
        _ => None,
    })
}

/// Quotes an argument for a POSIX shell, and only where it must.
pub(crate) fn for_argument(value: &str) -> Quoted {
    if is_plain(value) { Zeroizing::new(value.to_owned()) } else { for_sh(value) }
}

/// Quotes for a `.env` file, in a form that Node, npm's `dotenv`, python-dotenv, Compose and a POSIX shell read alike;
/// `None` if there is no such form.
///
/// What is plain stands bare. Single quotes keep everything, line breaks too, but python-dotenv knows escapes of a quote and
/// a backslash there, and expands `${NAME}` everywhere. A value with a single quote stands between double quotes if nothing in it has a
/// meaning there. A carriage return ends a line for most readers.
pub(crate) fn for_dotenv(value: &str) -> Option<Quoted> {
    if is_plain(value) {
        return Some(Zeroizing::new(value.to_owned()));
    }
    let is_lost = value.contains('\r') || value.ends_with('\\') || has_reference(value);
    let escapes = |quote: char| match quote {
        '\'' => value.contains(['\'']) || value.contains(r"\\"),
        _ => {
            value.contains(['"', '`']) || has_before(value, '\\', ESCAPED) || has_before(value, '$', EXPANDED)
        }
    };
    let quote = ['\'', '"'].into_iter().find(|quote| !is_lost && !escapes(*quote))?;
    Some(quoted(quote, value, |_| None))
}

/// Quotes for a `.env` file that this program reads, in the form of [`for_dotenv`] if there is one.
pub(crate) fn for_own_dotenv(value: &str) -> Quoted {
    let escaped = || {
        quoted('"', value, |c| match c {
            '"' => Some(r#"\""#),
            '\\' => Some(r"\\"),
            '\r' => Some(r"\r"),
            _ => None,
        })
    };
    for_dotenv(value).unwrap_or_else(escaped)
}

/// Why a value cannot be written into a `.env` file.
pub(crate) const NO_DOTENV: &str =
    "there is no way to write it into a .env file that all usual readers read alike";
/// What a backslash means something before, between double quotes, for one of the readers.
const ESCAPED: &str = "\\\"'`$abcfnrtv0\n";
/// What a `$` means something before, between double quotes, for one of the readers; a letter or a digit besides.
const EXPANDED: &str = "_{(@*#?$!-";

/// Returns whether a value needs no quotes in a shell or a `.env` file.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c))
}

/// Returns whether a character stands before one of others.
fn has_before(value: &str, c: char, others: &str) -> bool {
    let means = |next: char| others.contains(next) || c == '$' && next.is_ascii_alphanumeric();
    value.match_indices(c).any(|(at, _)| value.get(at + 1..).is_some_and(|rest| rest.starts_with(means)))
}

/// Returns whether python-dotenv finds a `${NAME}` or `${NAME:-TEXT}` in a value.
fn has_reference(value: &str) -> bool {
    value.match_indices("${").any(|(at, _)| {
        let inner = value.get(at + 2..).and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
        inner.is_some_and(|inner| inner.split_once(':').is_none_or(|(_, rest)| rest.starts_with('-')))
    })
}

fn quoted(quote: char, value: &str, escape: impl Fn(char) -> Option<&'static str>) -> Quoted {
    let mut text = Zeroizing::new(String::with_capacity(2 * value.len() + 2));
    text.push(quote);
    for c in value.chars() {
        match escape(c) {
            Some(escaped) => text.push_str(escaped),
            None => text.push(c),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv;

    proptest! {
        #[test]
        fn a_dotenv_file_is_read_back_as_it_was(value in "[ -~\\n\\r\\t\\u{e9}\\u{1f600}]{1,40}") {
            for quoted in for_dotenv(&value).into_iter().chain([for_own_dotenv(&value)]) {
                let text = format!("A={}\nB=2\n", *quoted);
                let read = dotenv::read(&text).unwrap();
                prop_assert_eq!(&value, &*read[0].value);
                prop_assert_eq!("2", read[1].value.as_str());
            }
        }
    }
}
