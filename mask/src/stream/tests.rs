use proptest::prelude::*;

use super::*;
use crate::Lines;
use crate::written::every_way;

fn needles(values: &[String]) -> Arc<Needles> {
    let names: Vec<_> = (0..values.len()).map(|number| format!("n{number}")).collect();
    let values = names.iter().zip(values).map(|(name, value)| (name.as_str(), value.as_str()));
    Arc::new(Needles::new(values, Lines::Long))
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
    let expected =
        "log: -----BEGIN PRIVATE KEY-----\nlog: [vault:n0]\nlog: [vault:n0]\nlog: -----END PRIVATE KEY-----";
    assert_eq!(expected, masked(&needles, &[prefixed.as_bytes()]));
    assert_eq!("[vault:n0]\n", masked(&needles, &[key.as_bytes()]));
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

/// Values as they are in use, with what encoders write otherwise.
const IN_USE: [&str; 10] = [
    "sk-proj-Zq81KqLm09TrWv55",
    "it's-a-long-password",
    "postgres://app:pw@db/x?sslmode=require&pool=5",
    "correct horse  battery staple",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxG7yPq3sVZ0kLr9dWnT5uJ8hQ2\noAoGCCqGSM49AwEHoUQDQgAEr1kP4mS6xY0d\n-----END EC PRIVATE KEY-----\n",
    "{\"type\":\"service_account\",\n \"private_key\":\"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgk=\\n\"}",
    "p@ss/w\u{f6}rd+\"quoted\"?\u{1f600}",
    "a\\b\\c'\"d<e>&f",
    "Zq81/KqLm09+TrWv55==",
    "x7$Kq!9f&Lm2#",
];

#[test]
fn little_of_a_value_is_left_however_it_is_written() {
    for value in IN_USE {
        let needles = needles(&[value.into()]);
        for text in every_way(value) {
            let masked = masked(&needles, &[b"<", &text, b">"]);
            let mut left = Vec::new();
            let text = String::from_utf8(text).unwrap();
            let plain =
                masked.replace("[vault:n0]", "").replace("\x1b[01;31m\x1b[K", "").replace("\x1b[m\x1b[K", "");
            left.extend(plain.chars().filter(|c| c.is_alphanumeric()));
            // In base64 a character or two are shared with what is before, and after.
            assert!(masked.contains("[vault:n0]") && left.len() <= 4, "{text}\n{masked}");
        }
    }
}

#[test]
fn values_that_overlap_are_masked_together() {
    for (values, text, expected) in [
        (
            &["abcdeX", "Xvery-sensitive-value-77"][..],
            "<abcdeXvery-sensitive-value-77>",
            "<[vault:n0][vault:n1]>",
        ),
        (&["abcabcab"], "<abcabcabcabcab>", "<[vault:n0]>"),
        (
            &["first-middle", "middle-other", "other-last"],
            "first-middle-other-last",
            "[vault:n0][vault:n1][vault:n2]",
        ),
        (&["one-value", "value-of-one-value-more"], "one-value-of-one-value-more", "[vault:n0][vault:n1]"),
        (&["same-value"], "same-valuesame-value", "[vault:n0][vault:n0]"),
    ] {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        let needles = needles(&values);
        for cut in 0..text.len() {
            let (before, after) = text.as_bytes().split_at(cut);
            assert_eq!(expected, masked(&needles, &[before, after]), "{text}, cut at {cut}");
        }
    }
}

#[test]
fn colours_within_a_value_are_kept_behind_its_name() {
    let needles = needles(&["sk-live-Zq81KqLm09".into()]);
    let text = "K=\x1b[01;31m\x1b[Ks\x1b[mk-live-Zq\x1b[38;2;1;2;3m81KqLm09\x1b[0m!";
    let expected = "K=\x1b[01;31m\x1b[K[vault:n0]\x1b[m\x1b[38;2;1;2;3m\x1b[0m!";
    assert_eq!(expected, masked(&needles, &[text.as_bytes()]));
    assert_eq!(
        "\\u001b[1m[vault:n0]\\u001b[0m",
        masked(&needles, &[b"\\u001b[1msk-live\\u001b[m-Zq81KqLm09\\u001b[0m"])
    );
}

#[test]
fn what_follows_a_held_tail_is_judged_where_it_is() {
    let mut masker = Masker::new(needles(&["hunter2-hunter2".into()]));
    for piece in [b"hunt".to_vec(), [b"er2-hunter2".as_slice(), &b" ".repeat(1 << 20), b"hunt"].concat()] {
        masker.feed(&piece, &mut |_| ());
        assert_eq!(4, masker.held());
    }
    assert!(masker.held.capacity() < 1 << 16, "{}", masker.held.capacity());
}

#[test]
fn a_value_with_a_quote_in_it_is_masked_whatever_begins_at_the_quote() {
    for (values, text, expected) in [
        (&["\"a\\a'&\"a\x1b'a", "babaaa"][..], r#"<babaa\"a\\a'&>"#, r"<[vault:n1]\\a'&>"),
        (&["hunter2-secret", r#"\"seven-and-more"#], r#"hunter2-secre\"t"#, "[vault:n0]"),
        (&["abcdef", r#"d\"efgh-and-more"#], r#"abcd\"ef"#, "[vault:n0]"),
        (&["abcdef-0123", "cdefgh"], r#"a"bcdef-0\"123"#, "[vault:n0]"),
    ] {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        let needles = needles(&values);
        for before in 0..6 {
            let text = [&" ".repeat(before), text].concat();
            let expected = [&" ".repeat(before), expected].concat();
            assert_eq!(expected, masked(&needles, &[text.as_bytes()]), "{values:?}");
        }
    }
}

#[test]
fn a_text_that_only_resembles_a_value_stays() {
    let needles = needles(&["it's-a-long-password".into(), "123456".into(), "correct horse  battery".into()]);
    for text in
        ["its a long password", "12 34 56", "1234\n56", "correcthorsebattery", "correct horse", "%49t's-a"]
    {
        assert_eq!(text, masked(&needles, &[text.as_bytes()]));
    }
}

#[test]
fn a_value_that_repeats_itself_is_not_held_for_ever() {
    let (mut masker, mut out) = (Masker::new(needles(&["abababab".into()])), Vec::new());
    for _ in 0..1000 {
        masker.feed(b"abab", &mut |bytes| out.extend_from_slice(bytes));
        assert!(masker.held() < 12);
    }
    masker.flush(&mut |bytes| out.extend_from_slice(bytes));
    assert_eq!("[vault:n0]", String::from_utf8(out).unwrap());
}

/// Gives values of few letters, so that they begin, end and contain each other.
fn values() -> impl Strategy<Value = Vec<String>> {
    let value = prop_oneof![
        "[ab]{6,9}",
        "[ab]{16,40}",
        "(ab){4,40}",
        "[a-c/ \u{e9}\n]{6,30}",
        "[ab'\"\\\\&%\u{1b}]{6,30}",
        "sk-[a-z]{30,60}",
    ];
    prop::collection::vec(value, 1..6)
}

/// Gives texts of values as they may be written, whole and cut, among letters that values are made of.
fn texts(values: Vec<String>) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let written: Vec<Vec<u8>> = values.iter().flat_map(|value| every_way(value)).collect();
    let whole = prop::sample::select(written.clone());
    let cut = (prop::sample::select(written), any::<prop::sample::Index>())
        .prop_map(|(form, at)| form[..at.index(form.len() + 1)].to_vec());
    let other = "[ab]{0,20}|[a-z ]{0,50}|[ab'\"\\\\&%;un0-7\u{1b}\\[m]{0,30}".prop_map(String::into_bytes);
    let piece = prop_oneof![whole, cut, other];
    (Just(values), prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()))
}

/// Masks a text in the plainest way: finds every value at every place, and hides what any of them covers.
fn masked_plainly(needles: &Needles, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pass = Pass { needles, bytes: text, done: 0, value: None };
    needles.search_plainly(text, |hit| pass.hide(hit, &mut |bytes| out.extend_from_slice(bytes)));
    out.extend_from_slice(&text[pass.done..]);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

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
        let expected = masked_plainly(&needles, &text);
        prop_assert_eq!(String::from_utf8_lossy(&expected), String::from_utf8_lossy(&out));
    }
}
