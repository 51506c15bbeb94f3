//! Values as assignments: for a shell, and for a `.env` file.

use vault::api::ResolvedValue;
use vault::domain::SecretName;
use zeroize::Zeroizing;

use crate::commands::env::quote;
use crate::failure::Failure;
use crate::show::plain;

/// Writes `export NAME='value'` for a POSIX shell, one a value.
pub(super) fn shell(values: &[ResolvedValue]) -> Result<Zeroizing<String>, Failure> {
    assignments(values, "export ", in_single_quotes)
}

/// Writes `NAME=value` for a `.env` file, one a value.
pub(super) fn dotenv(values: &[ResolvedValue]) -> Result<Zeroizing<String>, Failure> {
    assignments(values, "", for_dotenv)
}

fn assignments(
    values: &[ResolvedValue],
    before: &str,
    quote: fn(&str) -> Zeroizing<String>,
) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    for value in values {
        let refused = || without_variable(&value.name, "print the value alone: vaultctl get ");
        let variable = value.env.as_ref().ok_or_else(refused)?;
        text.push_str(before);
        text.push_str(variable);
        text.push('=');
        text.push_str(&quote(value.value.value().expose()));
        text.push('\n');
    }
    Ok(text)
}

/// Says that a secret has no variable of its own, and what to do instead: words that the secret's name follows.
pub(in crate::commands) fn without_variable(name: &SecretName, instead: &str) -> Failure {
    let name = name.as_str();
    let message = format!("`{}` is no platform's, so it has no variable of its own", plain(name));
    Failure::usage(message, format!("{instead}{}", plain(&quote::for_dotenv(name))))
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
