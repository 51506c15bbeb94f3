//! One line from a person at the terminal, without echo: typed, or pasted whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::time::Duration;

use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use nix::sys::signal::{Signal, raise};
use zeroize::Zeroizing;

use super::none_given;
use crate::failure::Failure;
use crate::show::counted;

/// How long more input may be on its way behind a line, if it was pasted; in milliseconds.
pub(super) const BEHIND_MS: u8 = 50;

/// Asks for a line; it may be empty. A paste of several lines is one line here, if the terminal marks pastes.
///
/// # Errors
/// `invalid_request` for the end of input, and for more input behind the line: then the terminal does not mark pastes.
pub(super) fn hidden(label: &str, instead: Instead) -> Result<Zeroizing<String>, Failure> {
    let mut screen = Screen::begin(label)?;
    let taken = take(&mut screen, instead);
    drop(screen);
    match taken? {
        Taken::Line(line) => Ok(line),
        Taken::Nothing => Err(none_given()),
        Taken::Interrupted => {
            let _ = raise(Signal::SIGINT);
            Err(none_given())
        }
    }
}

/// What a command takes in place of a line that is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    /// A value: `--value-file`, or stdin.
    Value,
    /// A platform's field: `--field`.
    Field,
    /// A key: stdin alone.
    Key,
}

impl Instead {
    const fn hint(self) -> &'static str {
        match self {
            Self::Value => "nothing was stored: use --value-file FILE, or pipe it in",
            Self::Field => "nothing was stored: use --field KEY=@FILE, or pipe one in with --field KEY=-",
            Self::Key => "nothing was changed: pipe it in",
        }
    }
}

/// What a person has done.
enum Taken {
    Line(Zeroizing<String>),
    Nothing,
    Interrupted,
}

/// The terminal, whose modes are as they were when this is dropped.
struct Screen(File);

impl Screen {
    fn begin(label: &str) -> io::Result<Self> {
        let mut terminal = OpenOptions::new().write(true).open("/dev/tty")?;
        write!(terminal, "{label}: ")?;
        enable_raw_mode()?;
        let mut screen = Self(terminal);
        execute!(screen.0, EnableBracketedPaste)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(self.0, DisableBracketedPaste);
        let _ = disable_raw_mode();
        let _ = self.0.write_all(b"\n");
    }
}

fn take(screen: &mut Screen, instead: Instead) -> Result<Taken, Failure> {
    let mut line = Zeroizing::new(String::new());
    loop {
        match event::read()? {
            Event::Paste(pasted) => {
                let pasted = Zeroizing::new(pasted);
                append(&mut line, &pasted, instead)?;
                let lines = line.lines().count();
                if lines > 1 {
                    write!(screen.0, "[{} pasted, end with Enter]", counted(lines as u64, "line"))?;
                }
            }
            Event::Key(key) => match press(&mut line, key) {
                Press::Edits => {}
                Press::Interrupts => return Ok(Taken::Interrupted),
                Press::Ends if line.is_empty() && is_control(key, 'd') => return Ok(Taken::Nothing),
                Press::Ends => {
                    refuse_what_is_behind(instead)?;
                    return Ok(Taken::Line(line));
                }
            },
            _ => {}
        }
    }
}

/// What a key does.
#[derive(Debug, PartialEq, Eq)]
enum Press {
    Edits,
    Ends,
    Interrupts,
}

/// Edits the line as termios(3) does: erase, kill, the last word, the end.
fn press(line: &mut String, key: KeyEvent) -> Press {
    match key.code {
        KeyCode::Enter => return Press::Ends,
        _ if is_control(key, 'j') || is_control(key, 'd') => return Press::Ends,
        _ if is_control(key, 'c') => return Press::Interrupts,
        KeyCode::Backspace => drop(line.pop()),
        _ if is_control(key, 'h') => drop(line.pop()),
        _ if is_control(key, 'u') => line.clear(),
        _ if is_control(key, 'w') => {
            let kept = line.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
            line.truncate(kept);
        }
        KeyCode::Tab => line.push('\t'),
        KeyCode::Char(char) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            line.push(char);
        }
        _ => {}
    }
    Press::Edits
}

fn is_control(key: KeyEvent, letter: char) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char(letter)
}

/// Appends what was pasted; a terminal sends a carriage return for each end of a line.
fn append(line: &mut String, pasted: &str, instead: Instead) -> Result<(), Failure> {
    if pasted.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Failure::usage("what was pasted is not UTF-8", instead.hint()));
    }
    let text = Zeroizing::new(pasted.replace("\r\n", "\n"));
    line.extend(text.chars().map(|char| if char == '\r' { '\n' } else { char }));
    Ok(())
}

/// Reads and drops what comes behind a line, and refuses the line then: it was the first of several.
fn refuse_what_is_behind(instead: Instead) -> Result<(), Failure> {
    let mut is_more = false;
    while event::poll(Duration::from_millis(BEHIND_MS.into()))? {
        is_more |= matches!(event::read()?, Event::Key(_) | Event::Paste(_));
    }
    if is_more { Err(several_lines(instead)) } else { Ok(()) }
}

/// Says that more than a line came.
pub(super) fn several_lines(instead: Instead) -> Failure {
    Failure::usage("that was more than one line", instead.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[KeyEvent]) -> String {
        let mut line = String::new();
        assert!(keys.iter().all(|key| press(&mut line, *key) == Press::Edits));
        line
    }

    fn char(char: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(char), KeyModifiers::NONE)
    }

    fn control(letter: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
    }

    #[test]
    fn keys_edit_the_line_as_a_terminal_does() {
        let backspace = KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE);
        assert_eq!("é", typed(&[char('é'), char('x'), backspace]));
        assert_eq!("b", typed(&[char('a'), control('u'), char('b')]));
        assert_eq!("a ", typed(&[char('a'), char(' '), char('b'), char(' '), control('w')]));
        assert_eq!("A", typed(&[KeyEvent::new(KeyCode::Char('A'), KeyModifiers::SHIFT), control('a')]));
    }

    #[test]
    fn both_ends_of_a_line_end_it_and_an_interrupt_does_not() {
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        let ends = [enter, control('j'), control('d')].map(|key| press(&mut String::new(), key));
        assert_eq!([Press::Ends, Press::Ends, Press::Ends], ends);
        assert_eq!(Press::Interrupts, press(&mut String::new(), control('c')));
    }

    #[test]
    fn a_paste_keeps_its_lines() {
        let mut line = "a".to_owned();
        append(&mut line, "b\rc\r\nd\ne\r", Instead::Value).unwrap();
        assert_eq!("ab\nc\nd\ne\n", line);
        assert!(append(&mut line, "\u{fffd}", Instead::Key).is_err());
    }
}
