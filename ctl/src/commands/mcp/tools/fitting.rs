//! Arguments as a client sent them, made to fit the tool's schema.
//!
//! Clients and models write a whole number as `3.0` or `"3"`, and `null` for what they leave out. What does not fit is named
//! with the type that is wanted and the type that is there: what was sent is not repeated, since it may hold what should not
//! be in it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::Deserialize;
use serde_json::{Number, Value};

use super::super::message::Object;
use crate::failure::Failure;

/// The longest unknown name of an argument that is repeated, in letters: longer ones may be no name at all.
const LONGEST_NAME: usize = 32;
/// How to pass what was sent as one text.
const AS_ARRAY: &str =
    r#"pass the program and its arguments, such as ["ls", "-l"]; a shell's text as ["sh", "-c", "…"]"#;

/// What a tool takes, as its schema says it.
#[derive(Debug, Deserialize)]
pub(super) struct Takes {
    properties: BTreeMap<String, Form>,
    #[serde(default)]
    required: Vec<String>,
}

/// The form of an argument, as far as the tools' schemas have forms.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Form {
    String,
    Integer {
        #[serde(default)]
        minimum: u32,
        maximum: Option<u32>,
    },
    Array {
        items: Box<Self>,
        #[serde(default)]
        min_items: usize,
    },
    Object {
        additional_properties: Box<Self>,
    },
}

impl Takes {
    /// Returns the arguments with each as its form has it, without those that are null and may be left out.
    ///
    /// # Errors
    /// `invalid_request`, with the argument, the form that it wants and the type that it has.
    pub(super) fn fit(&self, sent: Object, tool: &str) -> Result<Object, Failure> {
        let mut fitted = Object::new();
        for (name, value) in sent {
            let Some(form) = self.properties.get(&name) else {
                return Err(Failure::usage(unknown(&name), self.hint(tool)));
            };
            if value.is_null() {
                continue;
            }
            let has = Kind::of(&value);
            let value = form.fit(value).map_err(|wrong| {
                let is_text = matches!(has, Kind::Text) && name == "command";
                let hint = if is_text { AS_ARRAY.to_owned() } else { self.hint(tool) };
                Failure::usage(format!("`{name}` is to be {form}; it {wrong}"), hint)
            })?;
            fitted.insert(name, value);
        }
        let missing = self.required.iter().find(|name| !fitted.contains_key(*name));
        let missing = missing.and_then(|name| Some((name, self.properties.get(name)?)));
        match missing {
            None => Ok(fitted),
            Some((name, form)) => {
                Err(Failure::usage(format!("`{name}` is missing: {form}"), self.hint(tool)))
            }
        }
    }

    /// Lists what a tool takes.
    fn hint(&self, tool: &str) -> String {
        let of = |(name, form): (&String, &Form)| {
            let needed = if self.required.contains(name) { "" } else { ", not needed" };
            format!("{name} ({form}{needed})")
        };
        format!("{tool} takes {}", self.properties.iter().map(of).collect::<Vec<_>>().join(", "))
    }
}

fn unknown(name: &str) -> String {
    let is_a_name = name.len() <= LONGEST_NAME && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    if is_a_name {
        format!("there is no argument `{name}`")
    } else {
        "there is an unknown argument".to_owned()
    }
}

impl Form {
    fn fit(&self, value: Value) -> Result<Value, Wrong> {
        let kind = Kind::of(&value);
        match (self, value) {
            (Self::String, value @ Value::String(_)) => Ok(value),
            (Self::Integer { minimum, maximum }, value) => {
                let whole = whole(&value).ok_or(if kind == Kind::Number {
                    Wrong::Number
                } else {
                    Wrong::Is(kind)
                })?;
                let range = *minimum..=maximum.unwrap_or(u32::MAX);
                if range.contains(&whole) { Ok(whole.into()) } else { Err(Wrong::Number) }
            }
            (Self::Array { items, min_items }, Value::Array(values)) => {
                if values.len() < *min_items {
                    return Err(Wrong::Empty);
                }
                values.into_iter().map(|value| items.within(value)).collect()
            }
            (Self::Object { additional_properties }, Value::Object(fields)) => {
                let fitted =
                    fields.into_iter().map(|(name, value)| Ok((name, additional_properties.within(value)?)));
                fitted.collect::<Result<Object, Wrong>>().map(Value::Object)
            }
            _ => Err(Wrong::Is(kind)),
        }
    }

    fn within(&self, value: Value) -> Result<Value, Wrong> {
        let kind = Kind::of(&value);
        self.fit(value).map_err(|_| Wrong::Holds(kind))
    }
}

/// Returns the whole number that a value is, however it is written: `3`, `3.0`, `"3"`.
fn whole(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_f64()?) {
            (Some(whole), _) => whole.try_into().ok(),
            (None, float) => {
                (float >= 0.0 && float.fract() == 0.0).then(|| format!("{:.0}", float.abs()))?.parse().ok()
            }
        },
        Value::String(text) => whole(&Value::Number(text.trim().parse::<Number>().ok()?)),
        _ => None,
    }
}

impl Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("a string"),
            Self::Integer { minimum, maximum: Some(maximum) } => {
                write!(f, "an integer from {minimum} to {maximum}")
            }
            Self::Integer { minimum, maximum: None } => write!(f, "an integer from {minimum}"),
            Self::Array { .. } => f.write_str("an array of strings"),
            Self::Object { .. } => f.write_str("an object whose values are strings"),
        }
    }
}

/// What an argument has instead of its form.
#[derive(Debug)]
enum Wrong {
    Is(Kind),
    Holds(Kind),
    Number,
    Empty,
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(kind) => write!(f, "is {}", kind.as_str()),
            Self::Holds(kind) => write!(f, "holds {}", kind.as_str()),
            Self::Number => f.write_str("is another number"),
            Self::Empty => f.write_str("is empty"),
        }
    }
}

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Tool;
    use super::*;

    fn fitted(tool: Tool, sent: Value) -> Result<Value, String> {
        let Value::Object(sent) = sent else { panic!("{sent}") };
        match tool.takes().unwrap().fit(sent, tool.name()) {
            Ok(fitted) => Ok(Value::Object(fitted)),
            Err(Failure::Fault(fault)) => Err(fault.message),
            Err(Failure::Closed) => panic!("closed"),
        }
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for limit in [json!(3), json!(3.0), json!("3"), json!(" 3.0 "), json!(30e-1)] {
            assert_eq!(
                Ok(json!({"limit": 3})),
                fitted(Tool::ListSecrets, json!({"limit": limit})),
                "{limit}"
            );
        }
        let all = json!({"limit": u32::MAX, "offset": -0.0});
        assert_eq!(Ok(json!({"limit": u32::MAX, "offset": 0})), fitted(Tool::ListSecrets, all));
    }

    #[test]
    fn what_is_no_whole_number_in_its_range_is_refused() {
        for (limit, has) in [
            (json!(3.5), "is another number"),
            (json!(-1), "is another number"),
            (json!(1e10), "is another number"),
            (json!(u64::MAX), "is another number"),
            (json!("three"), "is a string"),
            (json!(""), "is a string"),
            (json!(true), "is a boolean"),
            (json!([3]), "is an array"),
        ] {
            let words = format!("`limit` is to be an integer from 0; it {has}");
            assert_eq!(Err(words), fitted(Tool::ListSecrets, json!({"limit": limit})), "{limit}");
        }
        for seconds in [0, 3601] {
            let words =
                "`timeoutSeconds` is to be an integer from 1 to 3600; it is another number".to_owned();
            let sent = json!({"command": ["true"], "timeoutSeconds": seconds});
            assert_eq!(Err(words), fitted(Tool::RunCommand, sent));
        }
    }

    #[test]
    fn what_may_be_left_out_may_be_null() {
        let sent =
            json!({"command": ["true"], "skills": null, "env": null, "folder": null, "timeoutSeconds": null});
        assert_eq!(Ok(json!({"command": ["true"]})), fitted(Tool::RunCommand, sent));
        let words = "`name` is missing: a string".to_owned();
        assert_eq!(Err(words), fitted(Tool::DescribeSecret, json!({"name": null})));
    }

    #[test]
    fn what_was_sent_is_named_by_its_type_alone() {
        for (sent, words) in [
            (json!({"command": "sk-1"}), "`command` is to be an array of strings; it is a string"),
            (json!({"command": []}), "`command` is to be an array of strings; it is empty"),
            (json!({"command": ["sk-1", 5]}), "`command` is to be an array of strings; it holds a number"),
            (json!({"command": ["sk-1", null]}), "`command` is to be an array of strings; it holds null"),
            (json!({"skills": "sk-1"}), "`skills` is to be an array of strings; it is a string"),
            (json!({"env": ["A=sk-1"]}), "`env` is to be an object whose values are strings; it is an array"),
            (
                json!({"env": {"sk-1": {}}}),
                "`env` is to be an object whose values are strings; it holds an object",
            ),
            (json!({"stdin": {"a": "sk-1"}}), "`stdin` is to be a string; it is an object"),
            (json!({"cwd": "sk-1"}), "there is no argument `cwd`"),
            (json!({"sk-1": ""}), "there is an unknown argument"),
        ] {
            assert_eq!(Err(words.to_owned()), fitted(Tool::RunCommand, sent));
        }
    }
}
