//! The ways in which a value may be written: as it is, in base64, in hex, escaped for a URL or for JSON.

use std::fmt::Write;

use data_encoding::{BASE64, BASE64URL, Encoding, HEXLOWER, HEXUPPER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// One way of writing a value.
pub(super) type Form = Zeroizing<Vec<u8>>;

/// The shortest line that is looked for by itself, in bytes: shorter ones are words of configurations, as a rule.
const SHORTEST_LINE: usize = 16;

/// What RFC 3986 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
/// What an HTML form leaves as it is; it writes a space as `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');

/// Writes a value in every way that is looked for.
pub(super) fn of(value: &str) -> Vec<Form> {
    let mut forms = vec![form(value.as_bytes().to_vec())];
    forms.push(form(value.trim().as_bytes().to_vec()));
    forms.push(form(value.replace('\n', "\r\n").into_bytes()));
    for encoding in [BASE64, BASE64URL] {
        (0..3).for_each(|before| in_base64(value.as_bytes(), before, &encoding, &mut forms));
    }
    forms.push(form(HEXLOWER.encode(value.as_bytes()).into_bytes()));
    forms.push(form(HEXUPPER.encode(value.as_bytes()).into_bytes()));
    in_url(value, &mut forms);
    in_json(value, &mut forms);
    forms.retain(|form| form.len() >= super::SHORTEST);
    forms
}

/// Writes each long line of a value of several lines, as it is and as JSON has it, without the space around it.
pub(super) fn of_lines(value: &str) -> Vec<Form> {
    let lines: Vec<&str> = value.trim().lines().map(str::trim).collect();
    let mut forms = Vec::new();
    if lines.len() > 1 {
        for line in lines.into_iter().filter(|line| line.len() >= SHORTEST_LINE && !is_boundary(line)) {
            forms.push(form(line.as_bytes().to_vec()));
            in_json(line, &mut forms);
        }
    }
    forms
}

/// Returns whether a line only says what begins or ends there, as in every other key (RFC 7468, RFC 4716).
fn is_boundary(line: &str) -> bool {
    line.starts_with("----") && line.ends_with("----")
}

fn form(bytes: Vec<u8>) -> Form {
    Zeroizing::new(bytes)
}

/// Writes what base64 (RFC 4648) makes of a value with so many bytes before it, alone and within other text.
///
/// Where bytes of the value share a character with bytes before it, that character says little of the value and
/// is left out. So is one that is shared with bytes after it, but for the form in which nothing comes after.
fn in_base64(value: &[u8], before: usize, encoding: &Encoding, forms: &mut Vec<Form>) {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(value);
    let text = Zeroizing::new(encoding.encode(&padded));
    let first = (before * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    let unpadded = text.trim_end_matches('=').len();
    for end in [whole, unpadded, text.len()] {
        if let Some(part) = text.get(first..end) {
            forms.push(form(part.as_bytes().to_vec()));
        }
    }
}

/// Writes a value as URLs have it: RFC 3986, JavaScript's and a form's sets, escapes in either case.
fn in_url(value: &str, forms: &mut Vec<Form>) {
    for set in [UNRESERVED, COMPONENT] {
        escaped(utf8_percent_encode(value, set).collect::<String>(), forms);
    }
    let in_a_form = Zeroizing::new(utf8_percent_encode(value, FORM).collect::<String>());
    escaped(in_a_form.replace(' ', "+"), forms);
}

fn escaped(text: String, forms: &mut Vec<Form>) {
    let mut lower = Zeroizing::new(text.clone().into_bytes());
    let mut digits = 0;
    for byte in lower.iter_mut() {
        if digits > 0 {
            byte.make_ascii_lowercase();
        }
        digits = if *byte == b'%' { 2 } else { i32::max(digits - 1, 0) };
    }
    forms.extend([form(text.into_bytes()), lower]);
}

/// Writes a value as JSON strings have it (RFC 8259): in UTF-8, in ASCII, with `/` escaped, and fit for HTML.
fn in_json(value: &str, forms: &mut Vec<Form>) {
    let Ok(quoted) = serde_json::to_string(value).map(Zeroizing::new) else { return };
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    forms.push(form(inner.as_bytes().to_vec()));
    if inner.contains(['&', '<', '>']) {
        // As Go writes it, so that it may stand in HTML.
        let escaped = inner.replace('&', r"\u0026").replace('<', r"\u003c").replace('>', r"\u003e");
        forms.push(form(escaped.into_bytes()));
    }
    let mut ascii = Zeroizing::new(String::with_capacity(inner.len() + 16));
    for c in inner.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(ascii, "\\u{unit:04x}");
                }
            }
        }
    }
    forms.push(form(ascii.replace('/', r"\/").into_bytes()));
    forms.push(form(std::mem::take(&mut *ascii).into_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &str, form: &str) -> bool {
        of(value).iter().any(|one| one.as_slice() == form.as_bytes())
    }

    #[test]
    fn a_value_is_found_in_base64_at_every_place_in_other_text() {
        let value = "sk-proj-a?b>c~d/e+f";
        for encoding in [BASE64, BASE64URL] {
            for (before, after) in ["", "x", "xy", "xyz"].iter().flat_map(|b| ["", "1", "12"].map(|a| (b, a)))
            {
                let text = encoding.encode(format!("{before}{value}{after}").as_bytes());
                let found = of(value).iter().any(|form| text.contains(std::str::from_utf8(form).unwrap()));
                assert!(found, "{before}{value}{after}: {text}");
            }
        }
    }

    #[test]
    fn the_whole_of_a_padded_base64_is_found() {
        assert!(has("abcdefg", "YWJjZGVmZw=="));
        assert!(has("abcdefg", "YWJjZGVmZw"));
    }

    #[test]
    fn hex_is_found_in_both_cases() {
        assert!(has("jklmno", "6a6b6c6d6e6f") && has("jklmno", "6A6B6C6D6E6F"));
    }

    #[test]
    fn escapes_of_urls_are_found_in_each_usual_manner() {
        let value = "p@ss w/ö(d)~";
        for form in [
            "p%40ss%20w%2F%C3%B6%28d%29~",
            "p%40ss%20w%2f%c3%b6%28d%29~",
            "p%40ss%20w%2F%C3%B6(d)~",
            "p%40ss+w%2F%C3%B6%28d%29%7E",
        ] {
            assert!(has(value, form), "{form}");
        }
    }

    #[test]
    fn escapes_of_json_are_found_in_each_usual_manner() {
        let value = "a\"b\\c/ö\n😀";
        for form in
            [r#"a\"b\\c/ö\n😀"#, r#"a\"b\\c/\u00f6\n\ud83d\ude00"#, r#"a\"b\\c\/\u00f6\n\ud83d\ude00"#]
        {
            assert!(has(value, form), "{form}");
        }
    }

    #[test]
    fn json_that_may_stand_in_html_is_found() {
        assert!(has("db://a?b=<c>&d=\u{f6}", "db://a?b=\\u003cc\\u003e\\u0026d=\u{f6}"));
    }

    #[test]
    fn lines_are_found_as_a_terminal_ends_them() {
        assert!(has("one\ntwo", "one\r\ntwo"));
    }

    #[test]
    fn each_long_line_is_found_by_itself_but_those_that_every_key_has() {
        let value = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhki/\n  G9w0BAQEFAASCBKcw\"  \r\n4Q==\n-----END PRIVATE KEY-----\n";
        let lines = of_lines(value);
        let lines: Vec<&str> = lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
        for line in [
            "MIIEvQIBADANBgkqhki/",
            r"MIIEvQIBADANBgkqhki\/",
            "G9w0BAQEFAASCBKcw\"",
            r#"G9w0BAQEFAASCBKcw\""#,
        ] {
            assert!(lines.contains(&line), "{line}: {lines:?}");
        }
        assert!(lines.iter().all(|line| !line.contains("KEY") && !line.contains("4Q==")), "{lines:?}");
    }

    #[test]
    fn a_value_of_one_line_has_no_others() {
        assert!(
            ["sk-1234567890abcdef", "sk-1234567890abcdef\n", "\n sk-1234567890abcdef\r\n"]
                .map(of_lines)
                .concat()
                .is_empty()
        );
    }

    #[test]
    fn no_form_is_shorter_than_what_is_masked() {
        assert!(of(" abcde").iter().all(|form| form.len() >= crate::SHORTEST));
    }
}
