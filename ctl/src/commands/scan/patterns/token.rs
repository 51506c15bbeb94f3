//! JSON Web Tokens: RFC 7519.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::is_placeholder;

/// Returns whether three parts with dots between are a signed token, and not one of those that documents show.
pub(super) fn is_one(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'.').map(|part| BASE64URL_NOPAD.decode(part).ok());
    let (Some(Some(header)), Some(Some(claims))) = (parts.next(), parts.next()) else { return false };
    let has_algorithm = serde_json::from_slice(&header)
        .is_ok_and(|header: Value| header.get("alg").is_some_and(Value::is_string));
    has_algorithm && !is_placeholder(&claims)
}
