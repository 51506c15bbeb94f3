//! The masker: bytes in, masked bytes out, and the tail that cannot be judged yet held back.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::needles::{Needles, Rest, Text};

/// Masks one stream.
#[derive(Debug)]
pub struct Masker {
    needles: Arc<Needles>,
    held: Zeroizing<Vec<u8>>,
}

impl Masker {
    /// Begins a stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Zeroizing::default() }
    }

    /// Looks for these from here on, also in what is held.
    pub fn adopt(&mut self, needles: Arc<Needles>) {
        self.needles = needles;
    }

    /// Takes the next bytes, and puts out all that can be judged, piece by piece.
    pub fn feed(&mut self, input: &[u8], out: &mut impl FnMut(&[u8])) {
        if self.held.is_empty() {
            let judged = mask(&self.needles, Text { bytes: input, rest: Rest::Open }, out);
            self.held.extend_from_slice(input.get(judged..).unwrap_or_default());
        } else {
            self.held.extend_from_slice(input);
            let judged = mask(&self.needles, Text { bytes: &self.held, rest: Rest::Open }, out);
            self.held.drain(..judged);
        }
    }

    /// Puts out what was held, since nothing more comes or it was held for long enough.
    pub fn flush(&mut self, out: &mut impl FnMut(&[u8])) {
        mask(&self.needles, Text { bytes: &self.held, rest: Rest::Ended }, out);
        self.held.clear();
    }

    /// Gives the number of bytes that are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

/// Masks a text and gives the place up to which it could be judged.
fn mask(needles: &Needles, text: Text<'_>, out: &mut impl FnMut(&[u8])) -> usize {
    let mut done = 0;
    let judged = needles.search(text, |hit| {
        out(text.bytes.get(done..hit.place).unwrap_or_default());
        out(needles.replacement(hit.value).as_bytes());
        done = hit.place + hit.length;
    });
    out(text.bytes.get(done..judged).unwrap_or_default());
    judged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needles(values: &[String]) -> Arc<Needles> {
        let names: Vec<_> = (0..values.len()).map(|number| format!("n{number}")).collect();
        Arc::new(Needles::with_lines(
            names.iter().zip(values).map(|(name, value)| (name.as_str(), value.as_str())),
        ))
    }

    fn masked(needles: &Arc<Needles>, pieces: &[&[u8]]) -> String {
        let (mut masker, mut out) = (Masker::new(Arc::clone(needles)), Vec::new());
        for piece in pieces {
            masker.feed(piece, &mut |bytes| out.extend_from_slice(bytes));
        }
        masker.flush(&mut |bytes| out.extend_from_slice(bytes));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_value_becomes_its_name() {
        let needles = needles(&["hunter2-hunter2".into()]);
        assert_eq!("it is [vault:n0]!", masked(&needles, &[b"it is hunter2-hunter2!"]));
    }

    #[test]
    fn a_value_is_masked_wherever_it_is_cut() {
        let needles = needles(&["hunter2-hunter2".into()]);
        let text = b"it is hunter2-hunter2!";
        for cut in 0..text.len() {
            let (before, after) = text.split_at(cut);
            assert_eq!("it is [vault:n0]!", masked(&needles, &[before, after]), "cut at {cut}");
        }
    }

    #[test]
    fn only_a_tail_that_could_begin_a_value_is_held() {
        let (mut masker, mut out) = (Masker::new(needles(&["hunter2-hunter2".into()])), Vec::new());
        masker.feed(b"password: hunt", &mut |bytes| out.extend_from_slice(bytes));
        assert_eq!((b"password: ".as_slice(), 4), (out.as_slice(), masker.held()));
        masker.feed(b"ing!", &mut |bytes| out.extend_from_slice(bytes));
        assert_eq!((b"password: hunting!".as_slice(), 0), (out.as_slice(), masker.held()));
    }

    #[test]
    fn what_is_held_is_judged_by_the_needles_that_were_adopted_since() {
        let both = ["hunter2-hunter2".into(), "nter2!tail".into()];
        let (mut masker, mut out) = (Masker::new(needles(&both[..1])), Vec::new());
        masker.feed(b"it is hunter2", &mut |bytes| out.extend_from_slice(bytes));
        masker.adopt(needles(&both));
        masker.feed(b"!tail", &mut |bytes| out.extend_from_slice(bytes));
        masker.flush(&mut |bytes| out.extend_from_slice(bytes));
        assert_eq!("it is hu[vault:n1]", String::from_utf8(out).unwrap());
    }

    #[test]
    fn lines_of_a_value_are_masked_behind_a_prefix_and_the_whole_of_it_at_once() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n";
        let needles = needles(&[key.into()]);
        let prefixed = format!("log: {}", key.trim_end().replace('\n', "\nlog: "));
        let expected = "log: -----BEGIN PRIVATE KEY-----\nlog: [vault:n0]\nlog: [vault:n0]\nlog: -----END PRIVATE KEY-----";
        assert_eq!(expected, masked(&needles, &[prefixed.as_bytes()]));
        assert_eq!("[vault:n0]", masked(&needles, &[key.as_bytes()]));
        assert_eq!(
            "-----BEGIN PRIVATE KEY-----\nnone",
            masked(&needles, &[b"-----BEGIN PRIVATE KEY-----\nnone"])
        );
    }

    #[test]
    fn a_shorter_value_is_masked_where_a_longer_one_does_not_follow() {
        let needles = needles(&["hunter".into(), "hunter2-long".into()]);
        assert_eq!("[vault:n0]2-! [vault:n1]", masked(&needles, &[b"hunter2-", b"! hunter2-long"]));
        assert_eq!("[vault:n0]2-lon", masked(&needles, &[b"hunter2-lon"]));
    }

    #[test]
    fn a_value_under_six_bytes_is_left_alone() {
        assert_eq!("12345", masked(&needles(&["12345".into()]), &[b"12345"]));
    }

    /// Gives values of few letters, so that they begin, end and contain each other.
    fn values() -> impl Strategy<Value = Vec<String>> {
        let value =
            prop_oneof!["[ab]{6,9}", "[ab]{16,40}", "(ab){4,40}", "[a-c/ \u{e9}\n]{6,30}", "sk-[a-z]{30,60}"];
        prop::collection::vec(value, 1..6)
    }

    /// Gives texts of values' forms, whole and cut, among letters that values are made of.
    fn texts(values: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
        let forms: Vec<Vec<u8>> = values
            .iter()
            .flat_map(|value| [crate::forms::of(value), crate::forms::of_lines(value)].concat())
            .map(|form| form.to_vec())
            .collect();
        let whole = prop::sample::select(forms.clone());
        let cut = (prop::sample::select(forms), any::<prop::sample::Index>())
            .prop_map(|(form, at)| form[..at.index(form.len())].to_vec());
        let other = "[ab]{0,20}|[a-z ]{0,50}".prop_map(String::into_bytes);
        let piece = prop_oneof![whole, cut, other];
        (Just(values), prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn however_it_is_cut_the_output_is_that_of_replacing_over_the_whole(
            (values, text) in values().prop_flat_map(texts),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let needles = needles(&values);
            let (mut masker, mut out) = (Masker::new(Arc::clone(&needles)), Vec::new());
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
            cuts.windows(2).for_each(|ends| masker.feed(&text[ends[0]..ends[1]], &mut put));
            masker.flush(&mut put);
            prop_assert_eq!(needles.replace_plainly(&text), out);
        }
    }
}
