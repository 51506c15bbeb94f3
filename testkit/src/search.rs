//! Looks for a secret in bytes, in every form in which it might have been written down.

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

/// A text and the forms in which it is looked for: plain, hex, and base64 at each of its three alignments.
#[derive(Debug)]
pub struct Needle {
    forms: Vec<(String, Vec<u8>)>,
}

impl Needle {
    /// Takes a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut forms = vec![
            ("plain".to_owned(), bytes.to_vec()),
            ("hex".to_owned(), HEXLOWER.encode(bytes).into_bytes()),
            ("HEX".to_owned(), HEXUPPER.encode(bytes).into_bytes()),
            ("reversed".to_owned(), bytes.iter().rev().copied().collect()),
        ];
        for (name, encoding) in [("base64", &BASE64), ("base64url", &BASE64URL)] {
            for before in 0..3 {
                forms.push((format!("{name} after {before}"), aligned(encoding, bytes, before)));
            }
        }
        Self { forms }
    }

    /// Names the first form in which the text stands in some bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.forms.iter().find(|(_, form)| contains(bytes, form));
        found.map(|(name, _)| name.as_str())
    }

    /// Returns every form, by name.
    pub fn forms(&self) -> &[(String, Vec<u8>)] {
        &self.forms
    }
}

/// Encodes bytes that stand after others, and keeps only what the bytes alone decide.
fn aligned(encoding: &data_encoding::Encoding, bytes: &[u8], before: usize) -> Vec<u8> {
    let mut shifted = vec![0; before];
    shifted.extend_from_slice(bytes);
    let whole = shifted.len() / 3 * 4;
    let text = encoding.encode(&shifted).into_bytes();
    let first = if before == 0 { 0 } else { 4 };
    text.get(first..whole).unwrap_or_default().to_vec()
}

/// Returns whether some bytes hold others.
pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    const TEXT: &str = "sk-demo-0123456789";

    fn form_in(bytes: &[u8]) -> Option<String> {
        Needle::new(TEXT).found_in(bytes).map(str::to_owned)
    }

    #[test]
    fn a_text_is_found_as_it_is_in_hex_and_reversed() {
        assert_eq!(Some("plain"), form_in(format!("before{TEXT}after").as_bytes()).as_deref());
        assert_eq!(Some("hex"), form_in(HEXLOWER.encode(TEXT.as_bytes()).as_bytes()).as_deref());
        assert_eq!(Some("HEX"), form_in(HEXUPPER.encode(TEXT.as_bytes()).as_bytes()).as_deref());
        let reversed: Vec<_> = TEXT.bytes().rev().collect();
        assert_eq!(Some("reversed"), form_in(&reversed).as_deref());
    }

    #[test]
    fn a_text_is_found_in_base64_wherever_it_stands() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "z", "zy", "zyx"] {
                let whole = BASE64.encode(format!("{before}{TEXT}{after}").as_bytes());
                let found = form_in(whole.as_bytes());
                assert!(found.is_some_and(|form| form.starts_with("base64")), "{before}…{after}");
            }
        }
    }

    #[test]
    fn another_text_is_not_found() {
        assert_eq!(None, form_in(b"sk-demo-1123456789"));
    }
}
