//! Random members of each public format, drawn from the formats' own patterns.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Deserialize;

use super::*;

/// Members of each format that are drawn from each set of characters.
const MEMBERS: usize = 200;
/// How much longer than the least a member may be, where its format sets no end.
const MORE: u32 = 20;

#[derive(Deserialize)]
struct Formats {
    formats: BTreeMap<String, Vec<Format>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Format {
    Begins(String),
    Within { before: String, key: String },
}

impl Format {
    /// Reads its pattern, with what stands before the telling text.
    fn whole(&self) -> Hir {
        let pattern = match self {
            Self::Begins(key) => key.clone(),
            Self::Within { before, key } => format!("{before}{key}"),
        };
        ParserBuilder::new().utf8(false).unicode(false).build().parse(&pattern).unwrap()
    }
}

/// The characters that a member is made of, where its format leaves a choice.
#[derive(Clone, Copy)]
enum Of {
    All,
    Letters,
    Digits,
}

impl Of {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::All => true,
            Self::Letters => byte.is_ascii_alphabetic(),
            Self::Digits => byte.is_ascii_digit(),
        }
    }

    fn drawn_from(self, class: &Class, random: &mut StdRng) -> u8 {
        let Class::Bytes(class) = class else { panic!("the patterns are over bytes") };
        let all: Vec<_> = class.iter().flat_map(|range| range.start()..=range.end()).collect();
        let few: Vec<_> = all.iter().copied().filter(|byte| self.has(*byte)).collect();
        let from = if few.is_empty() { all } else { few };
        from[random.random_range(..from.len())]
    }

    fn draw(self, format: &Hir, random: &mut StdRng, member: &mut Vec<u8>) {
        match format.kind() {
            HirKind::Literal(literal) => member.extend_from_slice(&literal.0),
            HirKind::Class(class) => member.push(self.drawn_from(class, random)),
            HirKind::Capture(group) => self.draw(&group.sub, random, member),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.draw(part, random, member)),
            HirKind::Alternation(ways) => {
                self.draw(&ways[random.random_range(..ways.len())], random, member);
            }
            HirKind::Repetition(part) => {
                let most = part.max.unwrap_or(part.min + MORE);
                (0..random.random_range(part.min..=most)).for_each(|_| self.draw(&part.sub, random, member));
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
}

fn formats() -> BTreeMap<String, Vec<Format>> {
    toml::from_str::<Formats>(include_str!("../../formats.toml")).unwrap().formats
}

/// Lists members that are not found whole.
fn missed(patterns: &Patterns, format: &Hir, of: Of) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(18);
    let mut all = Vec::new();
    for _ in 0..MEMBERS {
        let mut member = Vec::new();
        of.draw(format, &mut random, &mut member);
        let text = [b"key = \"", &member[..], b"\"\n"].concat();
        let mut places = Vec::new();
        patterns.search(&text, |place, _| places.push((place.start, place.end)));
        if places != [(7, 7 + member.len())] {
            all.push(format!("{:?} of {}", places, String::from_utf8_lossy(&member)));
        }
    }
    all
}

/// Fails where a member of a format is not found. Tests of their own make tokens and blocks, whose parts say something.
fn assert_found(of: Of) {
    let patterns = Patterns::new();
    let mut wrong = Vec::new();
    for (label, formats) in formats().into_iter().filter(|(label, _)| !label.starts_with("a ")) {
        for format in formats {
            let missed = missed(&patterns, &format.whole(), of);
            if let Some(first) = missed.first() {
                wrong.push(format!("{label}: {} of {MEMBERS}, as {first}", missed.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_member_of_each_format_is_found() {
    assert_found(Of::All);
}

#[test]
fn keys_of_letters_alone_are_found() {
    assert_found(Of::Letters);
}

#[test]
fn keys_of_digits_alone_are_found_where_their_format_allows_that() {
    assert_found(Of::Digits);
}

#[test]
fn tokens_are_found_by_what_their_headers_say() {
    let patterns = Patterns::new();
    let mut random = StdRng::seed_from_u64(18);
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let mut found = |header: &str, claims: &str, signature: usize| {
        let bytes: Vec<u8> = (0..signature).map(|_| random.random()).collect();
        let signature = data_encoding::BASE64URL_NOPAD.encode(&bytes);
        let text = format!("Authorization: Bearer {}.{}.{signature}\r\n", encode(header), encode(claims));
        let mut number = 0;
        patterns.search(text.as_bytes(), |_, _| number += 1);
        number
    };
    for number in 0..MEMBERS {
        let claims = format!(r#"{{"sub":"{number}","role":"service"}}"#);
        assert_eq!(1, found(r#"{"alg":"HS256","typ":"JWT"}"#, &claims, 32), "{number}");
        assert_eq!(1, found(&format!(r#"{{"kid":"{number}","alg":"RS256"}}"#), &claims, 256), "{number}");
        assert_eq!(1, found(&format!(r#"{{ "typ": "JWT", "x": {number}, "alg": "ES256" }}"#), &claims, 64));
    }
    let claims = r#"{"sub":"42","role":"service"}"#;
    assert_eq!(0, found(r#"{"typ":"JWT","kid":"1"}"#, claims, 32), "no algorithm");
    assert_eq!(0, found(r#"{"alg":"none"}"#, claims, 0), "no signature");
    let shown = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
    assert_eq!(0, found(r#"{"alg":"HS256","typ":"JWT"}"#, shown, 32), "the one that documents show");
}

#[test]
fn a_platform_whose_keys_tell_by_themselves_has_a_format() {
    // A connection string has no length, and a fixed text of Postmark's is no secret.
    const WITHOUT: [&str; 2] = ["Database", "Postmark"];
    let kinds: Vec<_> = Patterns::new().kinds.into_values().flatten().collect();
    let is_alike = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    for preset in kinds.iter().filter(|kind| !kind.is_format) {
        let has_format = kinds.iter().any(|kind| kind.is_format && is_alike(kind.begins, preset.begins));
        for platform in preset.platforms.split('|') {
            *known.entry(platform).or_default() |= has_format;
        }
    }
    known.retain(|platform, has_format| !*has_format && !WITHOUT.contains(platform));
    assert!(known.is_empty(), "{known:?}");
}
