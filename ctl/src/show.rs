//! The only printer: answers on stdout, notes and errors on stderr, tables and colours where a terminal is.

mod progress;
mod table;
mod words;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use vault::api::Warning;
use vault::secret::Revealed;
use zeroize::Zeroizing;

use crate::cli::{ColorWhen, Global};
use crate::env;
use crate::failure::Failure;

pub(crate) use table::Table;
pub(crate) use words::{counted, date, in_lines, plain, span};
use words::{in_json, in_terminal};

/// How a text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading.
    Strong,
    /// All is well.
    Good,
    /// Something should be mended.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

/// Whether answers are for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Brief,
    Json,
}

/// Whether a stream gets colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Colours,
    Plain,
}

impl Paint {
    fn of(when: ColorWhen, stream: &impl IsTerminal) -> Self {
        let wanted = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => stream.is_terminal() && !env::is_colourless(),
        };
        if wanted { Self::Colours } else { Self::Plain }
    }

    fn apply(self, tone: Tone, text: &str) -> String {
        match self {
            Self::Colours => format!("\x1b[{}m{text}\x1b[0m", tone.code()),
            Self::Plain => text.to_owned(),
        }
    }
}

/// The printer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show {
    form: Form,
    out: Paint,
    err: Paint,
}

#[expect(clippy::unused_self, reason = "who prints holds the printer, and nothing prints without it")]
impl Show {
    /// Takes what the arguments say about printing.
    pub(crate) fn new(global: &Global) -> Self {
        let form = match (global.json, global.quiet) {
            (true, _) => Form::Json,
            (false, true) => Form::Brief,
            (false, false) => Form::Text,
        };
        Self {
            form,
            out: Paint::of(global.color, &io::stdout()),
            err: Paint::of(global.color, &io::stderr()),
        }
    }

    /// Makes do with what is known where the arguments cannot be read.
    pub(crate) fn before_parsing(json: bool) -> Self {
        Self::new(&Global { json, ..Global::default() })
    }

    /// Tells whether answers are for programs.
    pub(crate) fn is_json(self) -> bool {
        self.form == Form::Json
    }

    /// Tells whether only what was asked for is to be printed.
    pub(crate) fn is_brief(self) -> bool {
        self.form == Form::Brief
    }

    /// Gives a text its tone, for stdout.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        self.out.apply(tone, text)
    }

    /// Prints an answer as JSON.
    pub(crate) fn json(self, answer: &impl Serialize) -> Result<(), Failure> {
        put_json(Zeroizing::new(serde_json::to_string_pretty(answer)?))
    }

    /// Prints an answer as JSON on one line.
    pub(crate) fn json_line(self, answer: &impl Serialize) -> Result<(), Failure> {
        put_json(Zeroizing::new(serde_json::to_string(answer)?))
    }

    /// Prints a line on stdout.
    pub(crate) fn line(self, line: impl Display) -> Result<(), Failure> {
        put(format!("{line}\n").as_bytes())
    }

    /// Prints bytes on stdout as they are.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        put(bytes)
    }

    /// Prints a secret and a newline.
    pub(crate) fn secret_line(self, secret: &str) -> Result<(), Failure> {
        put(Zeroizing::new(format!("{secret}\n")).as_bytes())
    }

    /// Does a piece of work, with a sign of life on a terminal where it takes longer than a second.
    pub(crate) fn while_waiting<T>(self, words: &'static str, work: impl FnOnce() -> T) -> T {
        let wanted = self.form == Form::Text && io::stderr().is_terminal();
        if wanted { progress::while_working(words, work) } else { work() }
    }

    /// Prints a value: as it is into a pipe or a file, and on a terminal as [`revealed`](Self::revealed) does, with a newline.
    pub(crate) fn value(self, value: &Revealed) -> Result<(), Failure> {
        self.revealed(value.value().expose())?;
        if io::stdout().is_terminal() { put(b"\n") } else { Ok(()) }
    }

    /// Prints text that has values in it: as it is into a pipe or a file.
    ///
    /// A terminal obeys control characters (it sets its title, its clipboard, its modes), so there they are shown instead, but
    /// for tabs and the ends of lines: another caller may have stored them.
    pub(crate) fn revealed(self, text: &str) -> Result<(), Failure> {
        if !io::stdout().is_terminal() {
            return put(text.as_bytes());
        }
        let shown = Zeroizing::new(in_terminal(text));
        if *shown != text {
            self.note("note: control characters are shown as \\u{…}; a pipe gets them as they are");
        }
        put(shown.as_bytes())
    }

    /// Prints a table: fitted to a terminal, plain columns elsewhere.
    pub(crate) fn table(self, table: &Table) -> Result<(), Failure> {
        let mut lines = if io::stdout().is_terminal() { table.fitted() } else { table.columns() }.into_iter();
        let heading = lines.next().unwrap_or_default();
        let mut text = self.tone(Tone::Strong, &heading) + "\n";
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        put(text.as_bytes())
    }

    /// Prints labels and what they stand for, one pair a line.
    pub(crate) fn pairs(self, pairs: &[(&str, String)]) -> Result<(), Failure> {
        let width = pairs.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        pairs.iter().try_for_each(|(label, text)| {
            let label = self.tone(Tone::Strong, &format!("{label:width$}"));
            self.line(format!("{label}  {text}"))
        })
    }

    /// Confirms on stdout what was done, where confirmations are wanted.
    pub(crate) fn done(self, line: impl Display) -> Result<(), Failure> {
        if self.form == Form::Text { self.line(line) } else { Ok(()) }
    }

    /// Notes something on stderr, where notes are wanted.
    pub(crate) fn note(self, line: impl Display) {
        if self.form == Form::Text {
            tell(&format!("{line}\n"));
        }
    }

    /// Warns on stderr, with what to do about it.
    pub(crate) fn warning(self, warning: &Warning) {
        let word = self.err.apply(Tone::Warn, "warning:");
        self.note(format_args!("{word} {}\n  hint: {}", warning.message, warning.hint));
    }

    /// Prints the help that was asked for.
    pub(crate) fn help(self, help: &clap::builder::StyledStr) -> Result<(), Failure> {
        let text = if self.out == Paint::Colours { help.ansi().to_string() } else { help.to_string() };
        put(text.as_bytes())
    }

    /// Prints help on stderr where a command was expected.
    pub(crate) fn help_instead(self, help: &clap::builder::StyledStr) {
        let text = if self.err == Paint::Colours { help.ansi().to_string() } else { help.to_string() };
        tell(&text);
    }

    /// Says on stderr why a command failed, and what to do about it.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure::Fault(fault) = failure else { return };
        if self.is_json() {
            tell(&(serde_json::to_string(&fault.body()).unwrap_or_default() + "\n"));
            return;
        }
        let words = format!("{} {}\n", self.err.apply(Tone::Bad, "vaultctl:"), in_lines(&fault.message));
        let hint = Some(&fault.hint).filter(|hint| !hint.is_empty());
        let hint = hint.map_or_else(String::new, |hint| format!("  hint: {}\n", in_lines(hint)));
        let request = fault.request_id.as_deref();
        let request = request.map_or_else(String::new, |id| format!("  request: {}\n", plain(id)));
        tell(&(words + &hint + &request));
    }
}

/// Prints JSON and a newline: as it is into a pipe or a file, and on a terminal without a control character in it.
fn put_json(mut json: Zeroizing<String>) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        json = Zeroizing::new(in_json(&json));
    }
    json.push('\n');
    put(json.as_bytes())
}

fn put(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::from)
}

/// Writes to stderr; where that is closed there is nobody left to tell.
fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
