//! From bytes to an operation, with errors that name the field and never the input.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde_path_to_error::Segment;

use super::{Code, Fault, Operation, Verb};
use crate::secret::TOO_LONG;

/// JSON-RPC's number for JSON that cannot be read.
const PARSE_ERROR: i32 = -32700;

/// How serde begins to say that there is a field which nobody asked for.
const UNKNOWN_FIELD: &str = "unknown field";

/// How serde ends where an operation has no fields.
const NOTHING_KNOWN: &str = ", there are no fields";

/// The fields that stand in a path, by name.
pub(super) type PathFields<'a> = [(&'a str, Cow<'a, str>)];

/// Reads an operation from its path's fields and a JSON object; no body at all is an empty object.
///
/// # Errors
/// `invalid_request` with the field's name, `too_large` for a value over 1 MiB.
pub fn from_json<O: Operation>(path: &PathFields<'_>, body: &[u8]) -> Result<O, Fault> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = O::deserialize(Joined { path, rest: &mut json });
    read.and_then(|operation| json.end().map(|()| operation)).map_err(|error| {
        let mut json = serde_json::Deserializer::from_slice(body);
        let tracked: Result<O, _> = serde_path_to_error::deserialize(Joined { path, rest: &mut json });
        let at = tracked.err().and_then(|error| Place::of(error.path()));
        let fault = fault_of::<O>(&words_of(&error), at.as_ref());
        if error.is_data() { fault } else { fault.rpc(PARSE_ERROR) }
    })
}

/// Reads an operation from its path's fields and a query string.
///
/// An empty parameter counts as absent. What only reads ignores parameters that it does not know, such as a browser's
/// `_t=1` against caches.
///
/// # Errors
/// `invalid_request` with the field's name.
pub fn from_query<O: Operation>(path: &PathFields<'_>, query: &str) -> Result<O, Fault> {
    if percent_encoding::percent_decode_str(query).decode_utf8().is_err() {
        return Err(Fault::new(Code::InvalidRequest, "the query is not UTF-8"));
    }
    let fields = if O::ROUTE.verb == Verb::Get { fields_of::<O>() } else { None };
    let counts = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| {
        !value.is_empty() && fields.is_none_or(|fields| fields.contains(&&**name))
    };
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(counts);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let read = || serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    O::deserialize(Joined { path, rest: read() }).map_err(|error| {
        let tracked: Result<O, _> = serde_path_to_error::deserialize(Joined { path, rest: read() });
        let at = tracked.err().and_then(|error| Place::of(error.path()));
        fault_of::<O>(&error.to_string(), at.as_ref())
    })
}

/// Returns the names of an operation's fields; `None` if it is not read as a struct.
fn fields_of<O: Operation>() -> Option<&'static [&'static str]> {
    let fields = Cell::new(None);
    // It fails once it has been asked for the fields.
    let _ = O::deserialize(Asked(&fields));
    fields.get()
}

/// Keeps the fields that it is asked for.
struct Asked<'f>(&'f Cell<Option<&'static [&'static str]>>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.set(Some(fields));
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Where in a request something is wrong, as `entries[2]`: the field at its top is one of ours, and what lies below may be
/// the caller's text.
pub(super) struct Place {
    field: String,
    /// The number of an item of the field's list, from 0.
    item: Option<usize>,
}

impl Place {
    /// Finds the field at the top of a path, and the item if that is a list.
    pub(super) fn of(path: &serde_path_to_error::Path) -> Option<Self> {
        let mut segments = path.iter();
        let field = segments.find_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            _ => None,
        })?;
        let item = match segments.next() {
            Some(Segment::Seq { index }) => Some(*index),
            _ => None,
        };
        Some(Self { field, item })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        self.item.map_or(Ok(()), |item| write!(f, "[{item}]"))
    }
}

/// Gives a parser's words; the place of a wrong value says nothing to a caller whose face wrote the JSON for it.
fn words_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match words.rfind(" at line ").filter(|_| error.is_data()) {
        Some(at) => words.get(..at).unwrap_or_default().to_owned(),
        None => words,
    }
}

/// Turns a parser's words into ours, dropping whatever they repeat of the input.
fn fault_of<O: JsonSchema>(words: &str, at: Option<&Place>) -> Fault {
    let is_unknown = words.starts_with(UNKNOWN_FIELD);
    let (code, message) = if words.starts_with(TOO_LONG) {
        (Code::TooLarge, TOO_LONG.to_owned())
    } else if is_unknown && at.is_none() {
        // An operation with an address learns at its end what was left over, and serde then lists no fields.
        (Code::InvalidRequest, not_among(&known_fields::<O>()))
    } else {
        (Code::InvalidRequest, without_input(words))
    };
    // These words name a field themselves, but not in which item of a list.
    let says_which = is_unknown || words.starts_with("missing") || code == Code::TooLarge;
    let named = at.filter(|at| at.item.is_some() || !says_which);
    let named = named.filter(|at| known_fields::<O>().contains(&format!("`{}`", at.field)));
    Fault::new(code, named.map_or_else(|| message.clone(), |at| format!("field `{at}`: {message}")))
}

/// Lists the fields of an operation.
fn known_fields<O: JsonSchema>() -> Vec<String> {
    let schema = O::json_schema(&mut SchemaGenerator::default());
    let properties = schema.get("properties").and_then(|properties| properties.as_object());
    properties.into_iter().flatten().map(|(name, _)| format!("`{name}`")).collect()
}

fn not_among(known: &[String]) -> String {
    match known {
        [] => "there is a field, but this operation takes none".to_owned(),
        known => format!("there is a field that is not one of {}", known.join(", ")),
    }
}

/// Gives a parser's words without what they repeat of the input.
pub(crate) fn without_input(words: &str) -> String {
    let unknown_field = words.starts_with(UNKNOWN_FIELD);
    let quotes_input = unknown_field || words.starts_with("unknown variant") || words.starts_with("invalid ");
    // Where nothing is known, the last "expected" is one that the input holds.
    let expected = if words.ends_with(NOTHING_KNOWN) { None } else { words.rfind(", expected ") };
    match expected {
        Some(at) if unknown_field => format!("there is a field that is not {}", tail(words, at)),
        Some(at) if quotes_input => format!("expected {}", tail(words, at)),
        None if unknown_field => "there is a field, but this operation takes none".to_owned(),
        None if quotes_input => "the value has the wrong form".to_owned(),
        _ => words.to_owned(),
    }
}

fn tail(words: &str, at: usize) -> &str {
    words.get(at + ", expected ".len()..).unwrap_or_default()
}

/// A map made of a path's fields and whatever map follows.
struct Joined<'p, D> {
    path: &'p PathFields<'p>,
    rest: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Joined<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.rest.deserialize_map(JoinedVisitor { path: self.path, visitor })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct JoinedVisitor<'p, V> {
    path: &'p PathFields<'p>,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for JoinedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, rest: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(JoinedMap { path: self.path, left: self.path.iter(), value: None, rest })
    }
}

struct JoinedMap<'p, A> {
    path: &'p PathFields<'p>,
    left: std::slice::Iter<'p, (&'p str, Cow<'p, str>)>,
    value: Option<&'p str>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for JoinedMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some((key, value)) = self.left.next() else { return self.next_other_key(seed) };
        self.value = Some(value);
        let key: StrDeserializer<'_, A::Error> = (*key).into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.value.take() {
            Some(value) => {
                let value: StrDeserializer<'_, A::Error> = value.into_deserializer();
                seed.deserialize(value)
            }
            None => self.rest.next_value_seed(seed),
        }
    }
}

impl<'de, A: MapAccess<'de>> JoinedMap<'_, A> {
    /// Reads the next key that is none of the path's; one that says again what the path says is passed over.
    fn next_other_key<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if self.path.is_empty() {
            return self.rest.next_key_seed(seed);
        }
        while let Some(key) = self.rest.next_key::<String>()? {
            let Some((name, value)) = self.path.iter().find(|(name, _)| *name == key) else {
                return seed.deserialize(key.into_deserializer()).map(Some);
            };
            if self.rest.next_value::<String>().ok().as_deref() != Some(&**value) {
                return Err(A::Error::custom(format_args!("field `{name}`: the path says another")));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        Address, DeleteSecret, GetSecret, Import, ListAgents, ListSecrets, UpdateAgent, UpdateSecret,
    };

    #[test]
    fn what_a_query_leaves_empty_is_absent_and_what_only_reads_ignores_what_it_does_not_know() {
        for query in ["", "category=", "_t=1", "category=&_t=&limit=7&limit=", "colour=red&limit=7"] {
            let read = from_query::<ListSecrets>(&[], query).unwrap();
            assert_eq!((None, query.contains('7')), (read.category, read.limit == Some(7)), "{query}");
        }
        from_query::<ListAgents>(&[], "_=1").unwrap();
        let path = [("id", Cow::Borrowed("an id"))];
        from_query::<GetSecret>(&path, "orgId=acme&version=").unwrap();
        assert!(from_query::<DeleteSecret>(&path, "_t=1").is_err());
    }

    #[test]
    fn a_body_may_say_again_what_the_path_says_and_nothing_else() {
        let path = [("name", Cow::Borrowed("bot"))];
        let read = |body: &str| from_json::<UpdateAgent>(&path, body.as_bytes());
        assert_eq!("bot", read(r#"{"name": "bot", "grants": []}"#).unwrap().name.to_string());
        for refused in [r#"{"name": "other"}"#, r#"{"name": 1}"#] {
            assert!(read(refused).unwrap_err().message.contains("`name`"), "{refused}");
        }
        assert!(read(r#"{"colour": 1}"#).is_err());
    }

    #[test]
    fn a_wrong_value_is_refused_in_the_same_words_in_a_query_and_in_json() {
        let query = from_query::<ListSecrets>(&[], "sort=colour").unwrap_err();
        let json = from_json::<ListSecrets>(&[], br#"{"sort": "colour"}"#).unwrap_err();
        assert_eq!(query, json);
    }

    #[test]
    fn a_field_named_after_the_words_of_a_refusal_is_not_repeated() {
        for key in
            ["x`, expected MARK", "x`, there are no fields, expected MARK", "MARK, there are no fields"]
        {
            let body = serde_json::json!({ key: 1 }).to_string();
            let query: String =
                form_urlencoded::Serializer::new(String::new()).append_pair(key, "1").finish();
            let path = [("id", Cow::Borrowed("an id"))];
            let refusals = [
                from_json::<ListAgents>(&[], body.as_bytes()).map(drop),
                from_query::<DeleteSecret>(&path, &query).map(drop),
                from_json::<ListSecrets>(&[], body.as_bytes()).map(drop),
            ];
            for refused in refusals {
                let fault = refused.unwrap_err();
                assert!(!fault.message.contains("MARK"), "{fault}");
            }
        }
    }

    #[test]
    fn what_is_wrong_in_a_list_is_named_by_its_number_and_not_repeated() {
        let entry = serde_json::json!({ "name": "a", "value": "MARK" });
        let long = "x".repeat(1024 * 1024 + 1);
        for (wrong, said) in [
            (serde_json::json!({ "name": "a", "value": "" }), "field `entries[2]`: a value is not empty"),
            (serde_json::json!({ "name": " MARK", "value": "x" }), "field `entries[2]`: a name has "),
            (serde_json::json!({ "name": "a" }), "field `entries[2]`: missing field `value`"),
            (
                serde_json::json!({ "name": "a", "value": "x", "MARK": 1 }),
                "field `entries[2]`: there is a field",
            ),
            (serde_json::json!("MARK"), "field `entries[2]`: "),
            (serde_json::json!({ "name": "a", "value": long }), "field `entries[2]`: a value takes at most"),
        ] {
            let body = serde_json::json!({ "entries": [entry, entry, wrong] }).to_string();
            let message = from_json::<Import>(&[], body.as_bytes()).unwrap_err().message;
            assert!(message.starts_with(said) && !message.contains("MARK"), "{message}");
        }
    }

    #[test]
    fn an_address_is_an_id_or_a_name_and_never_both() {
        let read = |body: &str| from_json::<DeleteSecret>(&[], body.as_bytes()).map(|asked| asked.secret);
        let named = |org_id| Address::Name { name: "a".to_owned().try_into().unwrap(), org_id };
        assert_eq!(named(None), read(r#"{"name": "a", "orgId": null}"#).unwrap());
        assert_eq!(named("o".to_owned().try_into().ok()), read(r#"{"orgId": "o", "name": "a"}"#).unwrap());
        assert!(matches!(read(r#"{"id": "none"}"#).unwrap(), Address::Id { org_id: None, .. }));
        for refused in
            ["{}", r#"{"orgId": "o"}"#, r#"{"id": "x", "name": "a"}"#, r#"{"name": 1}"#, r#"{"name": ""}"#]
        {
            let fault = read(refused).unwrap_err();
            assert!(fault.message.starts_with("field `name`: "), "{refused}: {fault}");
        }
    }

    #[test]
    fn a_field_next_to_an_address_is_taken_once_and_only_if_it_is_known() {
        let read = |body: &str| from_json::<UpdateSecret>(&[], body.as_bytes()).unwrap_err().message;
        assert!(read(r#"{"name": "a", "MARK": 1}"#).contains("`ifVersion`, `metadata`, `name`"));
        for key in ["MARK", "x`, expected MARK", "MARK, there are no fields", "`, expected MARK"] {
            let said = read(&serde_json::json!({ "name": "a", key: 1 }).to_string());
            assert!(
                said.starts_with("there is a field that is not one of `") && !said.contains("MARK"),
                "{said}"
            );
        }
        assert!(read(r#"{"name": "a", "name": "b"}"#).contains("duplicate field `name`"));
        assert!(read(r#"{"name": "a", "ifVersion": "MARK"}"#).starts_with("field `ifVersion`: expected u64"));
    }

    #[test]
    fn a_field_that_nobody_knows_is_not_repeated_where_its_value_is_broken() {
        let said = |body: &str| from_json::<UpdateSecret>(&[], body.as_bytes()).unwrap_err().message;
        for body in
            [r#"{"MARK":":tr"#, r#"{"MARK": tru"#, r#"{"name": "a", "MARK": [1,"#, r#"{"MARK": "\ud800"}"#]
        {
            assert!(!said(body).contains("MARK"), "{}", said(body));
        }
        assert!(said(r#"{"value": "MARK"#).starts_with("field `value`: EOF"));
    }

    #[test]
    fn broken_json_is_told_with_its_place() {
        let fault = from_json::<ListSecrets>(&[], b"{\n\"sort\"").unwrap_err();
        assert!(fault.message.ends_with("at line 2 column 6"), "{fault}");
        assert_eq!(PARSE_ERROR, fault.rpc);
    }
}
