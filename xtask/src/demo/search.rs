//! Looks for texts in every file of a folder, as they are and in the forms that programs write them in.

use std::path::Path;

use anyhow::{Context, Result};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// A file that was searched.
#[derive(Debug)]
pub(super) struct Searched {
    /// Its name in the folder.
    pub(super) name: String,
    /// Its length in bytes.
    pub(super) bytes: usize,
    /// In which forms each of the texts was found.
    pub(super) found: [Vec<&'static str>; 2],
}

/// A text in one form.
struct Needle {
    form: &'static str,
    bytes: Vec<u8>,
}

/// The forms that are looked for, in words.
pub(super) const FORMS: &str = "plain, hex, base64 at each of its three alignments, and reversed";

/// Searches every regular file of a folder for two texts, in the order of the files' names.
pub(super) fn folder(folder: &Path, texts: [&str; 2]) -> Result<Vec<Searched>> {
    let needles = texts.map(|text| forms_of(text.as_bytes()));
    let mut searched = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let bytes = std::fs::read(entry.path()).with_context(|| entry.path().display().to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let found = needles.each_ref().map(|needles| found_in(&bytes, needles));
            searched.push(Searched { name, bytes: bytes.len(), found });
        }
    }
    searched.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(searched)
}

fn found_in(bytes: &[u8], needles: &[Needle]) -> Vec<&'static str> {
    let occurs = |needle: &&Needle| bytes.windows(needle.bytes.len()).any(|window| window == needle.bytes);
    let mut found: Vec<_> = needles.iter().filter(occurs).map(|needle| needle.form).collect();
    found.dedup();
    found
}

fn forms_of(text: &[u8]) -> Vec<Needle> {
    let mut needles = vec![
        Needle { form: "plain", bytes: text.to_vec() },
        Needle { form: "reversed", bytes: text.iter().rev().copied().collect() },
        Needle { form: "hex", bytes: HEXLOWER.encode(text).into() },
        Needle { form: "hex", bytes: HEXUPPER.encode(text).into() },
    ];
    for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
        let aligned = (0..3).map(|before| in_the_middle_of_base64(&encoding, text, before));
        needles.extend(aligned.map(|bytes| Needle { form: "base64", bytes }));
    }
    needles
}

/// Encodes a text as it looks after `before` other bytes, without the characters that its neighbours change.
fn in_the_middle_of_base64(encoding: &data_encoding::Encoding, text: &[u8], before: usize) -> Vec<u8> {
    let padded = [&vec![0; before], text].concat();
    let encoded = encoding.encode(&padded);
    let first = (before * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    encoded.as_bytes().get(first..whole).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    const TEXT: &[u8] = b"sk-demo-0123456789";

    fn forms_in(bytes: &[u8]) -> Vec<&'static str> {
        found_in(bytes, &forms_of(TEXT))
    }

    #[test]
    fn a_text_is_found_as_it_is() {
        assert_eq!(["plain"], forms_in(&[b"before", TEXT, b"after"].concat())[..]);
    }

    #[test]
    fn a_text_is_found_in_hex_of_either_case() {
        assert_eq!(["hex"], forms_in(HEXLOWER.encode(TEXT).as_bytes())[..]);
        assert_eq!(["hex"], forms_in(HEXUPPER.encode(TEXT).as_bytes())[..]);
    }

    #[test]
    fn a_text_is_found_in_base64_wherever_it_stands() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "z", "zy", "zyx"] {
                let whole = [before.as_bytes(), TEXT, after.as_bytes()].concat();
                assert_eq!(["base64"], forms_in(BASE64.encode(&whole).as_bytes())[..], "{before}…{after}");
            }
        }
    }

    #[test]
    fn another_text_is_not_found() {
        assert!(forms_in(b"sk-demo-1123456789").is_empty());
    }
}
