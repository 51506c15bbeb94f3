use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::*;
use crate::quote::for_dotenv;

/// The variables that a reader takes from a text; `None` if it refuses it.
type Reading = Option<BTreeMap<String, String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
    written: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    ours: Reading,
    refused: Option<usize>,
    because: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    value: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Readings {
    readers: BTreeMap<String, String>,
    cases: BTreeMap<String, Recorded>,
    written: BTreeMap<String, Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    text: String,
    readings: BTreeMap<String, Reading>,
}

fn cases() -> Cases {
    toml::from_str(include_str!("../../../tests/fixtures/dotenv/cases.toml")).unwrap()
}

fn readings() -> Readings {
    serde_json::from_str(include_str!("../../../tests/fixtures/dotenv/readings.json")).unwrap()
}

fn pairs(text: &str) -> Result<BTreeMap<String, String>, Malformed> {
    Ok(read(text)?.into_iter().map(|one| (one.name, one.value.to_string())).collect())
}

#[test]
fn where_five_readers_agree_so_does_this_one_and_elsewhere_the_page_says_why() {
    let (readings, page) = (readings(), include_str!("../../../docs/dotenv.md"));
    let (cases, mut rules) = (cases().case, BTreeSet::new());
    assert!(cases.len() >= 60 && readings.readers.len() == 5 && readings.cases.len() == cases.len());
    for Case { name, text, ours, refused, because } in cases {
        let recorded = &readings.cases[&name];
        let mut theirs: Vec<_> = recorded.readings.values().collect();
        assert_eq!((5, &text), (theirs.len(), &recorded.text), "{name}");
        theirs.dedup();
        let expected = match (&theirs[..], &because) {
            ([one], None) => (*one).clone(),
            ([_], Some(_)) => panic!("{name}: all readers agree, so there is no rule to follow"),
            (_, None) => panic!("{name}: the readers differ, so a rule says whom to follow"),
            (_, Some(rule)) => {
                assert!(page.contains(&format!("| {rule} |")), "{name}: no row for {rule} in the page");
                rules.insert(rule.clone());
                ours
            }
        };
        let read = pairs(&text);
        assert_eq!(refused, read.as_ref().err().map(|malformed| malformed.line), "{name}");
        assert_eq!(expected, read.ok(), "{name}");
    }
    assert!(rules.len() > 5, "{rules:?}");
}

#[test]
fn what_is_written_is_read_alike_by_five_readers_or_not_written() {
    let readings = readings();
    for Written { value, text } in cases().written {
        let quoted = for_dotenv(&value).map(|quoted| quoted.to_string());
        assert_eq!(text, quoted, "{value:?}");
        let Some(text) = text else { continue };
        let expected = Some(BTreeMap::from([("A".to_owned(), value), ("B".to_owned(), "2".to_owned())]));
        assert_eq!(expected, pairs(&format!("A={text}\nB=2\n")).ok(), "{text}");
        let theirs = &readings.written[&text].readings;
        assert!(theirs.len() == 5 && theirs.values().all(|reading| *reading == expected), "{theirs:?}");
    }
}

#[test]
fn each_assignment_knows_its_line_and_the_place_of_its_value_with_its_quotes() {
    let text = "\u{feff}A= 1 # x\r\nexport B=\"x\\\"\r\ny\"  # z\r\nC='\u{e9}'\rD=\nE=two words \r\nF=`a\n`";
    let read = read(text).unwrap();
    let places: Vec<_> = read.iter().map(|one| (one.line, &text[one.place.clone()])).collect();
    let expected =
        [(1, "1"), (2, "\"x\\\"\r\ny\""), (4, "'\u{e9}'"), (5, ""), (6, "two words"), (7, "`a\n`")];
    assert_eq!(expected.to_vec(), places);
}

#[test]
fn what_can_be_read_is_read_beside_what_cannot() {
    let text = "A=1\nBAD LINE\nB='x\nNO=1\n' y\nC=3\nD='x\nE=5\n";
    let (found, malformed) = read_each(text);
    let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.line)).collect();
    assert_eq!(vec![("A", 1), ("C", 6)], names);
    assert_eq!(vec![2, 3, 7], malformed.iter().map(|one| one.line).collect::<Vec<_>>());
}

#[test]
fn what_some_readers_take_for_something_else_is_said() {
    let doubts = |text| read(text).unwrap()[0].doubt.is_some();
    for text in ["A=${B}/v1", "A=\"x$B\"", "A='${B}'", "A=$(x)", "A=a#b", "A=`x`"] {
        assert!(doubts(text), "{text}");
    }
    for text in ["A=pa$", "A='$B'", "A=\"$1\"", "A='a#b'", "A=x # $B", "A=$$"] {
        assert!(!doubts(text), "{text}");
    }
}
