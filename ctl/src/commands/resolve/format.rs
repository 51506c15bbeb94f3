//! Values as assignments: for a shell, and for a `.env` file.

use vault::api::ResolvedValue;
use zeroize::Zeroizing;

/// Writes `export NAME='value'` for a POSIX shell, one a value.
pub(super) fn shell(values: &[ResolvedValue]) -> Zeroizing<String> {
    assignments(values, "export ", in_single_quotes)
}

/// Writes `NAME=value` for a `.env` file, one a value.
pub(super) fn dotenv(values: &[ResolvedValue]) -> Zeroizing<String> {
    assignments(values, "", for_dotenv)
}

fn assignments(
    values: &[ResolvedValue],
    before: &str,
    quote: fn(&str) -> Zeroizing<String>,
) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for value in values {
        let Some(variable) = &value.env else { continue };
        text.push_str(before);
        text.push_str(variable);
        text.push('=');
        text.push_str(&quote(value.value.value().expose()));
        text.push('\n');
    }
    text
}

/// Quotes for a POSIX shell: nothing between single quotes has a meaning.
fn in_single_quotes(value: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("'{}'", *Zeroizing::new(value.replace('\'', r"'\''"))))
}

/// Quotes for a `.env` file only where it must, since some of its readers know no quotes.
pub(in crate::commands) fn for_dotenv(value: &str) -> Zeroizing<String> {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=~^&*?!()[]{}|;<>".contains(c);
    if value.chars().all(bare) {
        return Zeroizing::new(value.to_owned());
    }
    if !value.contains(['\'', '\n', '\r']) {
        return Zeroizing::new(format!("'{value}'"));
    }
    let mut quoted = Zeroizing::new(String::with_capacity(value.len() + 16));
    quoted.push('"');
    for c in value.chars() {
        match c {
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '"' | '\\' | '$' | '`' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_value_as_it_is() {
        assert_eq!(r"'a $b `c` \ '\'' d'", *in_single_quotes(r"a $b `c` \ ' d"));
    }

    #[test]
    fn a_plain_value_stands_bare_in_a_dotenv_file() {
        assert_eq!("sk-abc_123==", *for_dotenv("sk-abc_123=="));
    }

    #[test]
    fn other_values_are_quoted_in_a_dotenv_file() {
        assert_eq!("'a $b # c'", *for_dotenv("a $b # c"));
        assert_eq!(r#""it's\n\$5""#, *for_dotenv("it's\n$5"));
    }
}
