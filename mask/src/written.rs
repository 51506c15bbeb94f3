//! For tests: how programs write a value, each by its own rules and none of ours.

use data_encoding::{BASE64, BASE64_MIME, BASE64URL, HEXLOWER, HEXUPPER};

/// Writes a value in every way that is to be found.
pub(crate) fn every_way(value: &str) -> Vec<Vec<u8>> {
    let json = json(value);
    let mut all = vec![
        value.to_owned(),
        in_json(&json),
        in_json(&in_json(&json)),
        json.clone(),
        json_in_ascii(value),
        in_json(&json_in_ascii(value)),
        json.replace('/', r"\/"),
        json.replace('&', r"\u0026").replace('<', r"\u003c").replace('>', r"\u003e").replace('\'', r"\u0027"),
        json.replace('+', r"\u002B").replace('\'', r"\u0027").replace('&', r"\u0026"),
        percent(value, "-._~"),
        in_lower_case(&percent(value, "-._~")),
        percent(value, "-._~/"),
        percent(value, "-._~!*'()"),
        percent(value, "-._~!*'();,/?:@&=+$#"),
        percent(value, "-._* ").replace(' ', "+"),
        percent(&percent(value, "-._~"), "-._~"),
        percent(&json, "-._~"),
        single_quoted(value, r"'\''"),
        single_quoted(value, "'\"'\"'"),
        single_quoted(value, "''"),
        format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        backslashed(value),
        ansi_quoted(value),
        double_quoted(value),
        python(value),
        markup(value, "&quot;", "&#x27;"),
        markup(value, "&quot;", "&#39;"),
        markup(value, "&quot;", "&#039;"),
        markup(value, "&quot;", "&apos;"),
        markup(value, "&#34;", "&#39;"),
        markup(value, "\"", "'"),
        markup(&json, "&quot;", "&#x27;"),
        numbered(value),
        value.replace('\n', "\r\n"),
        value.replace('\n', "\n    "),
        value.replace('\n', "\n\t| ").replace("| ", ""),
        value.split_whitespace().collect::<Vec<_>>().join(" "),
        HEXLOWER.encode(value.as_bytes()),
        HEXUPPER.encode(value.as_bytes()),
    ];
    for before in ["", "x", "xy"] {
        let text = format!("{before}{value}");
        all.extend([BASE64, BASE64URL].map(|encoding| encoding.encode(text.as_bytes())));
    }
    all.push(BASE64_MIME.encode(value.as_bytes()));
    let coloured = [1, 3, 5].map(|at| coloured(value, at));
    all.into_iter().chain(coloured).map(String::into_bytes).collect()
}

/// Writes what stands between the quotes of a JSON string.
fn json(value: &str) -> String {
    let quoted = serde_json::to_string(value).unwrap_or_default();
    quoted[1..quoted.len() - 1].to_owned()
}

fn in_json(value: &str) -> String {
    json(value)
}

fn json_in_ascii(value: &str) -> String {
    let unit = |unit: u16| format!("\\u{unit:04x}");
    let escaped = |c: char| match c {
        ' '..='~' => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|one| unit(*one)).collect(),
    };
    json(value).chars().map(escaped).collect()
}

fn percent(value: &str, kept: &str) -> String {
    let escaped = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || c.is_ascii() && kept.contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(escaped).collect()
}

/// Writes the digits of escapes as some servers do.
fn in_lower_case(escaped: &str) -> String {
    let parts = escaped.split('%').enumerate().map(|(number, part)| match number {
        0 => part.to_owned(),
        _ => format!("%{}{}", part[..2].to_lowercase(), &part[2..]),
    });
    parts.collect()
}

fn single_quoted(value: &str, quote: &str) -> String {
    format!("'{}'", value.replace('\'', quote))
}

fn backslashed(value: &str) -> String {
    let escaped =
        |c: char| if c.is_alphanumeric() || "-._/".contains(c) { c.to_string() } else { format!("\\{c}") };
    value.chars().map(escaped).collect()
}

fn ansi_quoted(value: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'\n' => r"\n".to_owned(),
        0x1b => r"\E".to_owned(),
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    };
    format!("$'{}'", value.bytes().map(escaped).collect::<String>())
}

fn double_quoted(value: &str) -> String {
    let escaped = |c: char| if "$`\"\\".contains(c) { format!("\\{c}") } else { c.to_string() };
    format!("\"{}\"", value.chars().map(escaped).collect::<String>())
}

fn python(value: &str) -> String {
    let quote = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    let escaped = |c: char| match c {
        '\n' => r"\n".to_owned(),
        '\\' => r"\\".to_owned(),
        c if c == quote => format!("\\{c}"),
        c if c.is_control() || !c.is_ascii() && u32::from(c) < 0x100 => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("{quote}{}{quote}", value.chars().map(escaped).collect::<String>())
}

fn markup(value: &str, quote: &str, apostrophe: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let value = if quote == "\"" { value } else { value.replace('"', quote) };
    if apostrophe == "'" { value } else { value.replace('\'', apostrophe) }
}

/// Writes what is no letter or digit as XML has it in attributes.
fn numbered(value: &str) -> String {
    let escaped = |c: char| match c {
        '\n' => "&#xA;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        c if !c.is_ascii() => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    };
    value.chars().map(escaped).collect()
}

/// Colours some characters of a value as `grep` does.
fn coloured(value: &str, most: usize) -> String {
    let at = value.char_indices().nth(most).map_or(value.len(), |(at, _)| at);
    let (first, rest) = value.split_at(at);
    format!("\x1b[01;31m\x1b[K{first}\x1b[m\x1b[K{rest}")
}
