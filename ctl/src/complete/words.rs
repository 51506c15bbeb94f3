//! The words of a command line that is still being typed, and how a candidate is written into it.
//!
//! Bash splits words at `:` and `=` while it completes, and replaces only what follows the last of these: so it hands
//! over the line as it stands, and gets back the part of a candidate that it will put there, quoted.

use clap_complete::CompletionCandidate;

/// How the last word goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// As it is: special characters need a backslash.
    None,
    /// Between `'`.
    Single,
    /// Between `"`.
    Double,
}

/// Which shell asked, with what it needs.
#[derive(Debug, PartialEq, Eq)]
enum Shell {
    /// It quotes by itself, and shows a word about each candidate.
    Quoting,
    /// It replaces what follows these many bytes of the last word.
    Bash { kept: usize, quote: Quote },
}

/// The words so far, the last of them unfinished.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// What a program would get.
    pub(super) words: Vec<String>,
    shell: Shell,
}

/// A word as it is read.
#[derive(Default)]
struct Word {
    text: String,
    /// How much of the text stands before what bash replaces.
    kept: usize,
}

impl Typed {
    /// Takes what a script hands over: the shell's name, then for bash the word breaks and the line, else the words.
    pub(super) fn of(asked: &[String]) -> Option<Self> {
        match asked {
            [shell, breaks, line] if shell == "bash" => Some(Self::of_line(line, breaks)),
            [shell, words @ ..] if shell == "zsh" || shell == "fish" => {
                let words = words.iter().map(|word| split(word, "").0.pop().unwrap_or_default().text);
                Some(Self { words: words.collect(), shell: Shell::Quoting })
            }
            _ => None,
        }
    }

    fn of_line(line: &str, breaks: &str) -> Self {
        let (words, quote) = split(line, breaks);
        let kept = words.last().map_or(0, |word| word.kept);
        Self { words: words.into_iter().map(|word| word.text).collect(), shell: Shell::Bash { kept, quote } }
    }

    /// Gives the unfinished word.
    pub(super) fn current(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// Writes a candidate as the shell takes it.
    pub(super) fn line(&self, candidate: &CompletionCandidate) -> Option<String> {
        let value = candidate.get_value().to_str()?;
        match self.shell {
            Shell::Bash { kept, quote } => value.get(kept..).map(|rest| quote.write(rest)),
            Shell::Quoting => {
                let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
                Some(format!("{value}\t{}", help.lines().next().unwrap_or_default()))
            }
        }
    }
}

impl Quote {
    fn write(self, text: &str) -> String {
        match self {
            Self::Single => text.replace('\'', r"'\''"),
            Self::Double => escaped(text, |c| "\"$`\\!".contains(c)),
            Self::None => {
                escaped(text, |c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./:=@%+,".contains(c))
            }
        }
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Reads words as a shell does, and says how the last one goes on. A line that ends in a space begins an empty word.
fn split(line: &str, breaks: &str) -> (Vec<Word>, Quote) {
    let (mut words, mut word, mut quote) = (Vec::new(), Word::default(), Quote::None);
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            // Where words are handed over one by one, a space is part of one.
            (Quote::None, ' ' | '\t' | '\n') if !breaks.is_empty() => {
                if !word.text.is_empty() || words.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (Quote::None, '\'') => quote = word.begin(Quote::Single),
            (Quote::None, '"') => quote = word.begin(Quote::Double),
            (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
            (Quote::None | Quote::Double, '\\') => word.text.extend(letters.next()),
            (_, c) => {
                word.text.push(c);
                if quote == Quote::None && breaks.contains(c) {
                    word.kept = word.text.len();
                }
            }
        }
    }
    words.push(word);
    (words, quote)
}

impl Word {
    /// Begins a quoted part: bash replaces what follows the quote.
    fn begin(&mut self, quote: Quote) -> Quote {
        self.kept = self.text.len();
        quote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The word breaks of bash.
    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    #[track_caller]
    fn completed(line: &str, candidate: &str) -> String {
        Typed::of_line(line, BREAKS).line(&CompletionCandidate::new(candidate)).unwrap()
    }

    #[test]
    fn words_are_what_a_program_would_get() {
        let typed = Typed::of_line(r#"vaultctl --home "/a b" get my\ na"#, BREAKS);
        assert_eq!(["vaultctl", "--home", "/a b", "get", "my na"], typed.words[..]);
        assert_eq!("", Typed::of_line("vaultctl get ", BREAKS).current());
    }

    #[test]
    fn bash_gets_what_follows_the_last_colon_or_equals_sign() {
        assert_eq!("openai:token", completed("v get skill:o", "skill:openai:token"));
        assert_eq!("token", completed("v get skill:openai:", "skill:openai:token"));
        assert_eq!("skill:openai:token", completed("v run --env KEY=sk", "KEY=skill:openai:token"));
        assert_eq!("skill:openai:token", completed("v get sk", "skill:openai:token"));
    }

    #[test]
    fn bash_that_does_not_split_at_colons_gets_the_whole_name() {
        let typed = Typed::of_line("v get skill:o", " \t\n");
        let name = CompletionCandidate::new("skill:openai:token");
        assert_eq!(Some("skill:openai:token"), typed.line(&name).as_deref());
    }

    #[test]
    fn what_a_shell_would_obey_is_quoted() {
        assert_eq!(r"my\ \$\(name\)", completed("v get my", "my $(name)"));
        assert_eq!(r"my \$(name)", completed("v get \"my", "my $(name)"));
        assert_eq!(r"it'\''s", completed("v get 'it", "it's"));
        assert_eq!(r"\~a", completed("v get ", "~a"));
    }

    #[test]
    fn a_quoted_word_is_replaced_from_its_quote() {
        assert_eq!("skill:openai:token", completed("v get \"skill:o", "skill:openai:token"));
        assert_eq!("token", completed("v get skill:openai:'t", "skill:openai:token"));
    }

    #[test]
    fn other_shells_hand_over_words_and_get_a_word_about_each_candidate() {
        let asked = ["zsh", "vaultctl", "get", "my\\ na"].map(str::to_owned);
        let typed = Typed::of(&asked).unwrap();
        assert_eq!("my na", typed.current());
        let name = CompletionCandidate::new("my name").help(Some("Custom".into()));
        assert_eq!(Some("my name\tCustom"), typed.line(&name).as_deref());
    }
}
