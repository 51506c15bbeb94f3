//! The fields of an operation that stand in the target of a request.

use std::borrow::Cow;

use matchit::Params;
use percent_encoding::percent_decode_str;
use vault::api::{Code, Fault, Route};

/// Fields with their names.
type Named<'r> = Vec<(&'r str, Cow<'r, str>)>;

/// Reads what stands in the path.
pub(super) fn in_path<'r>(params: &Params<'r, 'r>) -> Result<Named<'r>, Fault> {
    params.iter().map(|(name, text)| Ok((name, decoded(text)?))).collect()
}

/// Reads what stands in the query of a request whose other fields stand in its body; what is empty counts as absent.
///
/// # Errors
/// `invalid_request` for a field that does not belong there.
pub(super) fn in_query<'r>(route: &Route, query: &'r str) -> Result<Named<'r>, Fault> {
    if route.query.is_empty() {
        return Ok(Vec::new());
    }
    let known = |name: &str| route.query.iter().find(|field| **field == name).copied();
    let given = form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
    let pairs = given.map(|(name, value)| Some((known(&name)?, value)));
    pairs.collect::<Option<_>>().ok_or_else(|| {
        let words =
            format!("the query holds {} alone; other fields stand in the body", route.query.join(" and "));
        Fault::new(Code::InvalidRequest, words)
    })
}

fn decoded(text: &str) -> Result<Cow<'_, str>, Fault> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_err(|_| Fault::new(Code::InvalidRequest, "the path is not UTF-8"))
}
