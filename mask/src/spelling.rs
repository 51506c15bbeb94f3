//! How characters may be spelled: as they are, or as escapes of URLs, strings, shells and markup write them.
//!
//! A few rules stand for every encoder. What lies between two characters of a value is passed over if it is *noise*:
//! quotes and backslashes, which encoders put in and take out at every level of nesting, and control sequences of
//! terminals. A character itself is in one of its *spellings*. So one needle finds a value in JSON within JSON, as a
//! shell quotes it, and coloured, and no encoder has a needle of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The most bytes of noise between two characters: an indentation and some escapes.
const NOISE: usize = 80;
/// The most bytes of a control sequence after its introducer.
const SEQUENCE: usize = 32;
/// Where noise can begin, white space apart.
const NOISE_BEGINS: &[u8] = b"\\'\"$%&\x1b";
/// What begins a control sequence.
pub(super) const ESCAPE: char = '\x1b';

/// What a text has at a place, held against something that may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The whole, in this number of bytes.
    Whole(usize),
    /// Its beginning, cut off by the end of the text.
    Cut,
}

impl Step {
    fn after(self, bytes: usize) -> Self {
        match self {
            Self::Whole(length) => Self::Whole(bytes + length),
            Self::Cut => Self::Cut,
        }
    }
}

/// Whether white space that a value does not have may lie between its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// It may: of a long encoding, and where the value has some itself.
    Passed,
    /// It may not.
    Kept,
}

/// Returns whether every encoder leaves a character as it is.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// Returns whether a character is one of those that encoders put in and take out.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '\\')
}

/// The spellings of one thing, by how they begin.
#[derive(Default)]
struct Spelled {
    /// Those of one byte.
    short: Vec<u8>,
    /// The first bytes of the others.
    begun: Vec<u8>,
    /// The others by their first two bytes.
    long: BTreeMap<[u8; 2], Vec<Vec<u8>>>,
}

impl Spelled {
    fn new(all: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut spelled = Self::default();
        for one in all {
            match (&one[..], one.first_chunk()) {
                (&[byte], _) => spelled.short.push(byte),
                (_, Some(pair)) => {
                    spelled.begun.extend(pair.first().filter(|first| !spelled.begun.contains(first)));
                    spelled.long.entry(*pair).or_default().push(one);
                }
                _ => {}
            }
        }
        spelled
    }

    /// Calls a function for each that a text begins with, or the beginning of each that the text is cut off in.
    fn each(&self, text: &[u8], mut step: impl FnMut(Step)) {
        let Some(first) = text.first() else { return step(Step::Cut) };
        if self.short.contains(first) {
            step(Step::Whole(1));
        }
        match text.first_chunk() {
            None if self.begun.contains(first) => step(Step::Cut),
            None => {}
            Some(pair) => {
                self.long
                    .get(pair)
                    .into_iter()
                    .flatten()
                    .filter_map(|one| held_against(one, text))
                    .for_each(step);
            }
        }
    }
}

/// The spellings of some characters, and noise.
pub(super) struct Spellings {
    of: BTreeMap<char, Spelled>,
}

/// The spellings of quotes and backslashes.
static QUOTES: LazyLock<Spelled> = LazyLock::new(|| {
    let quotes = ['\'', '"', '\\'].into_iter().flat_map(of);
    Spelled::new(quotes.chain([b"$'".to_vec(), b"$\"".to_vec()]))
});
/// The spellings of white space, which are all alike: encoders and shells make one of another.
static SPACES: LazyLock<Spelled> = LazyLock::new(|| {
    let spaces = [' ', '\t', '\n', '\r', '\x0b', '\x0c'].into_iter().flat_map(of);
    Spelled::new(spaces.chain([b"+".to_vec()]))
});
/// The spellings of what introduces a control sequence (ECMA-48).
static INTRODUCERS: LazyLock<Spelled> =
    LazyLock::new(|| Spelled::new(of(ESCAPE).into_iter().map(|escape| [&escape[..], b"["].concat())));

impl Spellings {
    /// Takes the spellings of every character of some texts.
    pub(super) fn of_all<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut of_each = BTreeMap::new();
        for c in texts.flat_map(str::chars).filter(|c| !is_plain(*c) && *c != ' ') {
            of_each.entry(c).or_insert_with(|| Spelled::new(of(c)));
        }
        Self { of: of_each }
    }

    fn get(&self, c: char) -> Option<&Spelled> {
        if c == ' ' { Some(&*SPACES) } else { self.of.get(&c) }
    }

    /// Calls a function for each spelling of a character that a text begins with.
    pub(super) fn each(&self, c: char, text: &[u8], mut step: impl FnMut(Step)) {
        match self.get(c) {
            Some(spelled) => spelled.each(text, step),
            None => held_against(c.encode_utf8(&mut [0; 4]).as_bytes(), text).into_iter().for_each(&mut step),
        }
    }

    /// Lists the bytes that a spelling of a character can begin with.
    pub(super) fn first_bytes(&self, c: char) -> Vec<u8> {
        match self.get(c) {
            Some(Spelled { short, begun, .. }) => [&short[..], begun].concat(),
            None => u8::try_from(c).into_iter().collect(),
        }
    }

    /// Lists the first two bytes of each spelling of a character that has two.
    pub(super) fn first_pairs(&self, c: char) -> Vec<[u8; 2]> {
        self.get(c).into_iter().flat_map(|spelled| spelled.long.keys().copied()).collect()
    }
}

/// Returns whether noise can begin with a byte, white space apart.
pub(super) fn begins_noise(byte: u8) -> bool {
    NOISE_BEGINS.contains(&byte)
}

/// Passes over noise that leads to one place alone, as most does, up to a plain character or what may be none.
///
/// # Errors
/// `Unsure` if there may be other places, or the text ends: then [`past_noise`] tells.
pub(super) fn past_plain_noise(text: &[u8]) -> Result<usize, Unsure> {
    let mut at = 0;
    while at < NOISE {
        at += match text.get(at..).unwrap_or_default() {
            [b'\'' | b'"', ..] => 1,
            [b'\\', next, ..] if !matches!(next, b'u' | b'U' | b'x' | b'e' | b'E' | b'0'..=b'7') => 1,
            rest @ [b'\x1b', ..] => match control_sequence(rest) {
                Some(Step::Whole(length)) => length,
                Some(Step::Cut) => return Err(Unsure),
                None => return Ok(at),
            },
            [] | [b'\\' | b'$' | b'%' | b'&', ..] => return Err(Unsure),
            _ => return Ok(at),
        };
    }
    Ok(at)
}

/// That more than one way may lead on.
pub(super) struct Unsure;

/// Lists the places that noise leads to from a text's start, that itself among them; `Cut` if the text ends within it.
pub(super) fn past_noise(text: &[u8], space: Space) -> Vec<Step> {
    let mut all = vec![Step::Whole(0)];
    let mut next = 0;
    while let Some(&step) = all.get(next) {
        next += 1;
        let Step::Whole(at) = step else { continue };
        let Some(rest) = text.get(at..).filter(|rest| at < NOISE && !rest.is_empty()) else { continue };
        let mut add = |step: Step| {
            let step = step.after(at);
            if !all.contains(&step) {
                all.push(step);
            }
        };
        if rest.first().is_some_and(|first| begins_noise(*first)) {
            QUOTES.each(rest, &mut add);
            control_sequence(rest).into_iter().for_each(&mut add);
        }
        if space == Space::Passed {
            SPACES.each(rest, add);
        }
    }
    all
}

/// Measures the control sequence that a text begins with, however its introducer is spelled.
pub(super) fn control_sequence(text: &[u8]) -> Option<Step> {
    if let Some(rest) = text.strip_prefix(b"\x1b[") {
        return sequence(rest).map(|step| step.after(2));
    }
    let mut found = None;
    INTRODUCERS.each(text, |step| match step {
        Step::Cut => found = Some(Step::Cut),
        Step::Whole(begun) => {
            found = sequence(text.get(begun..).unwrap_or_default()).map(|step| step.after(begun));
        }
    });
    found
}

/// Measures the control sequence that a text goes on with, after its introducer.
fn sequence(text: &[u8]) -> Option<Step> {
    let inner = text.iter().take(SEQUENCE).take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    match text.get(inner) {
        Some(0x40..=0x7e) => Some(Step::Whole(inner + 1)),
        None if inner < SEQUENCE => Some(Step::Cut),
        _ => None,
    }
}

fn held_against(spelling: &[u8], text: &[u8]) -> Option<Step> {
    if text.starts_with(spelling) {
        Some(Step::Whole(spelling.len()))
    } else {
        spelling.starts_with(text).then_some(Step::Cut)
    }
}

/// Lists the spellings of a character.
fn of(c: char) -> Vec<Vec<u8>> {
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).as_bytes();
    let code = u32::from(c);
    let each = |written: &dyn Fn(u8) -> String| bytes.iter().map(|&byte| written(byte)).collect::<String>();
    let units = |written: &dyn Fn(u16) -> String| {
        c.encode_utf16(&mut [0; 2]).iter().map(|&unit| written(unit)).collect::<String>()
    };
    // Of strings, in JSON, JavaScript, Python, C, Go, Rust and shells.
    let mut strings = vec![
        units(&|unit| format!("\\u{unit:04x}")),
        units(&|unit| format!("\\u{unit:04X}")),
        format!("\\u{{{code:x}}}"),
        format!("\\U{code:08x}"),
        each(&|byte| format!("\\x{byte:02x}")),
        each(&|byte| format!("\\x{byte:02X}")),
        each(&|byte| format!("\\{byte:03o}")),
    ];
    strings.extend((0x80..0x100).contains(&code).then(|| format!("\\x{code:02x}")));
    strings.extend((!c.is_ascii()).then(|| each(&|byte| format!("\\{}", meta(byte)))));
    let octal: Vec<_> = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    strings.extend((!c.is_ascii()).then(|| octal.join("'$'")));
    strings.extend(letters(c).iter().map(|letter| format!("\\{letter}")));
    // Noise is what comes before a spelling, not within it.
    let nested = |times| strings.iter().map(move |one: &String| one.replace('\\', &"\\".repeat(times)));
    let strings: Vec<String> = [1, 2, 4].into_iter().flat_map(nested).collect();
    let in_urls = strings.iter().flat_map(|one| ["%5C", "%5c"].map(|escape| one.replacen('\\', escape, 1)));
    let mut all: Vec<String> = in_urls.collect();
    all.extend(strings);
    // Of URLs, also twice.
    for percent in ["%", "%25"] {
        all.push(each(&|byte| format!("{percent}{byte:02X}")));
        all.push(each(&|byte| format!("{percent}{byte:02x}")));
    }
    // Of HTML and XML, also twice.
    let mut entities = vec![
        format!("#{code};"),
        format!("#{code:03};"),
        format!("#x{code:x};"),
        format!("#x{code:X};"),
        format!("#x{code:02X};"),
    ];
    entities.extend(entity(c).map(|name| format!("{name};")));
    all.extend(entities.iter().flat_map(|one| ["&", "&amp;"].map(|ampersand| format!("{ampersand}{one}"))));
    all.sort();
    all.dedup();
    std::iter::once(bytes.to_vec()).chain(all.into_iter().map(String::into_bytes)).collect()
}

/// Writes a byte over 127 as zsh does where it knows no UTF-8.
fn meta(byte: u8) -> String {
    match byte & 0x7f {
        low @ ..0x20 => format!("M-\\C-{}", char::from(low + 0x40)),
        low => format!("M-{}", char::from(low)),
    }
}

/// Lists the letters that stand for a control character after a backslash.
fn letters(c: char) -> &'static [char] {
    match c {
        '\n' => &['n'],
        '\t' => &['t'],
        '\r' => &['r'],
        '\x0b' => &['v'],
        '\x0c' => &['f'],
        '\x08' => &['b'],
        '\x07' => &['a'],
        '\0' => &['0'],
        ESCAPE => &['e', 'E'],
        _ => &[],
    }
}

/// Returns the name that XML, and what escapes for HTML, has for a character.
fn entity(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "amp",
        '<' => "lt",
        '>' => "gt",
        '"' => "quot",
        '\'' => "apos",
        _ => return None,
    })
}
