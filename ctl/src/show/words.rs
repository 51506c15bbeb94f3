//! Texts as people read them.

use std::fmt::Write;

use vault::domain::Timestamp;

/// Makes visible what a terminal would obey: control characters and those that turn the reading direction.
pub(crate) fn plain(text: &str) -> String {
    shown(text, |_| false)
}

/// Makes the same visible, but keeps line breaks.
pub(crate) fn in_lines(text: &str) -> String {
    shown(text, |c| c == '\n')
}

/// Makes the same visible, but keeps line breaks, with a carriage return too, and tabs.
pub(crate) fn in_terminal(text: &str) -> String {
    shown(&text.replace("\r\n", "\n"), |c| matches!(c, '\n' | '\t'))
}

/// Escapes in JSON what a terminal would obey: C1 controls and what turns the reading direction, which JSON lets stand.
pub(crate) fn in_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if (c.is_control() && c != '\n') || turns(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn shown(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() || turns(c)) && !keep(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// Writes a moment to the second, in UTC.
pub(crate) fn date(moment: Timestamp) -> String {
    let text = moment.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replacen('T', " ", 1))
}

/// Writes how many there are of something.
pub(crate) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Writes a number of seconds by its two largest units.
pub(crate) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        assert_eq!("a\\u{1b}[2Jb\\u{202e}c", plain("a\u{1b}[2Jb\u{202e}c"));
        assert_eq!("zwei Wörter", plain("zwei Wörter"));
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_json_which_stays_the_same() {
        for text in ["\u{9b}2J", "\u{7f}\u{80}\u{9f}", "\u{202e}\u{feff}", "zwei\nWörter \u{1b}"] {
            let json = in_json(&serde_json::to_string_pretty(&[text]).unwrap());
            assert!(!json.chars().any(|c| c != '\n' && c.is_control() || turns(c)), "{json:?}");
            assert_eq!([text.to_owned()], *serde_json::from_str::<Vec<String>>(&json).unwrap());
        }
    }

    #[test]
    fn a_moment_is_written_to_the_second() {
        assert_eq!("1970-01-01 00:00:01Z", date(Timestamp::from_millis(1_999)));
    }

    #[test]
    fn a_span_has_two_units() {
        assert_eq!(
            ["59s", "1m 1s", "2h 0m", "3d 4h"],
            [59, 61, 7200, 273_600].map(span).each_ref().map(|s| &**s)
        );
    }
}
