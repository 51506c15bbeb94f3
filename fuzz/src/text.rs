//! Texts: names, `.env` files, the configuration, key files.

use vault::agents::Token;
use vault::config::Config;
use vault::domain::{
    AgentId, Category, FieldName, OrgId, OrgScope, PlatformName, SecretName, SecretRef, Timestamp,
};
use vault::keyfile::{VARIABLE, assignment, check_writable};

/// Reads each kind of name, and each again as it was written.
pub(crate) fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let own = || text.to_owned();
    if let Ok(name) = SecretName::try_from(own()) {
        assert_eq!(name.as_str(), text);
        assert!(text.len() <= 256 && !text.chars().any(char::is_control));
        let _ = name.skill();
    }
    let _ = (OrgId::try_from(own()), PlatformName::try_from(own()), FieldName::try_from(own()));
    let _ = (AgentId::try_from(own()), Category::from_id(text), Token::from_text(text));
    let json = serde_json::Value::from(text);
    let _ =
        (serde_json::from_value::<OrgScope>(json.clone()), serde_json::from_value::<SecretRef>(json.clone()));
    if let Ok(moment) = serde_json::from_value::<Timestamp>(json) {
        let written = serde_json::to_value(moment).expect("a moment is written");
        let again: Timestamp = serde_json::from_value(written).expect("and read again");
        assert_eq!(moment.as_millis(), again.as_millis());
    }
}

/// Reads a `.env` file.
pub(crate) fn dotenv(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.split(['\n', '\r']).count();
    match crate::dotenv::read(text) {
        Ok(found) => found.iter().for_each(|one| {
            assert!(one.line >= 1 && one.line <= lines);
            assert!(text.get(one.place.clone()).is_some(), "a value without a place");
        }),
        Err(malformed) => assert!(malformed.line >= 1 && !malformed.why.is_empty()),
    }
}

/// Reads a configuration.
pub(crate) fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text) {
        Ok(config) => drop((config.iterations(), config.page_policy())),
        Err(error) => assert!(!error.to_string().contains("MARKMARK"), "{error}"),
    }
}

/// Reads the lines of a key file; a key that may be written is read as it was.
pub(crate) fn keyfile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for line in text.lines() {
        let _ = assignment(line);
    }
    if check_writable(text).is_ok() {
        let line = format!("{VARIABLE}={text}");
        assert_eq!(assignment(&line), Some((VARIABLE, text)));
        assert_eq!(line.lines().count(), 1, "a key that takes more than a line");
    }
}
