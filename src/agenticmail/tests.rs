//! Rows that another implementation sealed, and rows that nobody sealed.

use super::*;

const KNOWN: &str = r#"{"v":1,"alg":"aes-256-gcm","salt":"AAECAwQFBgcICQoLDA0ODw==","iv":"EBESExQVFhcYGRob","tag":"A+aDBL7Ri0JpR3c2yWSemQ==","data":"ek678kbjK7beTz3GCazBxOuL3Zor"}"#;
const KNOWN_OLDER: &str = r#"{"v":1,"alg":"aes-256-gcm","salt":"AAECAwQFBgcICQoLDA0ODw==","iv":"EBESExQVFhcYGRob","tag":"TrUzwFgSeAvjgPcHHVg55w==","data":"wrO2ObqqN+CXa8ZWuTiMdd/jSKpZ"}"#;
const GOLDEN: &str = include_str!("../../tests/vectors/agenticmail.json");

fn opener(key: &str) -> Opener {
    Opener::new(Passphrase::new(key.as_bytes().to_vec()).unwrap())
}

fn row(payload: &str) -> LegacyRow {
    LegacyRow { name: "a".to_owned(), payload: payload.to_owned(), ..LegacyRow::default() }
}

#[test]
fn known_answers_open_at_either_number_of_rounds() {
    let mut opener = opener("legacy-key-1");
    for payload in [KNOWN, KNOWN_OLDER] {
        assert_eq!("sk-test-ünïcode-123", opener.open(&row(payload)).unwrap().expose());
    }
}

#[test]
fn rows_of_another_implementation_open() {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let rows = rows_of_json(golden["rows"].to_string().as_bytes()).unwrap();
    let mut opener = opener(golden["key"].as_str().unwrap());
    let values: Vec<_> = rows.iter().map(|row| opener.open(row).unwrap().expose().to_owned()).collect();
    assert_eq!("sk-of-600000-rounds", values[0]);
    assert_eq!("xoxb-of-100000-rounds", values[1]);
    assert_eq!("wört 🔑\nzwei Zeilen", values[2]);
    assert_eq!(1000, values[3].len());
    assert_eq!(Some("acme"), rows[1].org.as_deref());
}

#[test]
fn another_key_opens_nothing() {
    assert_eq!(Err(LegacyError::NotAuthentic), opener("legacy-key-2").open(&row(KNOWN_OLDER)).map(drop));
}

#[test]
fn a_changed_payload_opens_nothing() {
    let changed = KNOWN_OLDER.replace("wrO2", "wrO3");
    assert_eq!(Err(LegacyError::NotAuthentic), opener("legacy-key-1").open(&row(&changed)).map(drop));
}

#[test]
fn a_payload_of_another_form_is_malformed() {
    for payload in [
        "",
        "{}",
        "sk-plain",
        &KNOWN.replace("\"v\":1", "\"v\":2"),
        &KNOWN.replace("gcm", "cbc"),
        &KNOWN.replace("AAECAwQFBgcICQoLDA0ODw==", "AAEC"),
        &KNOWN.replace("A+aDBL7Ri0JpR3c2yWSemQ==", "A+aDBL7Ri0JpR3c2yWSemR=="),
        &KNOWN.replace("A+aDBL7Ri0JpR3c2yWSemQ==", "A+aD"),
    ] {
        let opened = opener("legacy-key-1").open(&row(payload));
        assert!(matches!(opened, Err(LegacyError::Malformed(_))), "{payload}");
    }
}
