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

/// Quotes for a `.env` file, and only where it must, since some readers know no quotes.
///
/// Single quotes keep everything, line breaks too. A value with a single quote stands between double quotes, with
/// escapes that `sh` and the usual readers understand; a line break is `\n` there.
pub(crate) fn for_dotenv(value: &str) -> Quoted {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if value.chars().all(bare) {
        return Zeroizing::new(value.to_owned());
    }
    if !value.contains('\'') {
        return quoted('\'', value, |_| None);
    }
    quoted('"', value, |c| match c {
        '"' => Some(r#"\""#),
        '\\' => Some(r"\\"),
        '$' => Some(r"\$"),
        '`' => Some(r"\`"),
        '\n' => Some(r"\n"),
        '\r' => Some(r"\r"),
        _ => None,
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

    #[test]
    fn a_plain_value_stands_bare_in_a_dotenv_file() {
        assert_eq!("sk-abc_123==", *for_dotenv("sk-abc_123=="));
    }

    proptest! {
        #[test]
        fn a_dotenv_file_is_read_back_as_it_was(value in "[ -~\\n\\r\\u{e9}\\u{1f600}]{1,40}") {
            let text = format!("A={}\nB=2\n", *for_dotenv(&value));
            let read = dotenv::read(&text).unwrap();
            prop_assert_eq!(&value, &*read[0].value);
            prop_assert_eq!("2", read[1].value.as_str());
        }
    }
}
