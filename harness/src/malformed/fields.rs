//! Fields of another form: missing, twice, of another type, too large, too deep, unknown.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Changes one field; most of what comes out is refused, some of it is not.
pub(super) fn mangle(fields: &mut Map<String, Value>, random: &mut Rng) {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let key = keys.get(random.usize(0..keys.len().max(1)));
    match (random.u8(0..10), key) {
        (0, Some(key)) => {
            fields.remove(key);
        }
        (1, Some(key)) => {
            let held = fields.remove(key).unwrap_or_default();
            let other = other_key(key, random);
            fields.insert(other, held);
        }
        (2, _) | (_, None) => {
            fields.insert("colour".to_owned(), any(random));
        }
        (3, Some(key)) => {
            let held = fields.remove(key).unwrap_or_default();
            fields.insert(key.clone(), json!([held]));
        }
        (4, Some(key)) => {
            let held = fields.remove(key).unwrap_or_default();
            fields.insert(key.clone(), json!({ "in": held }));
        }
        (_, Some(key)) => {
            let below = fields.get_mut(key);
            if let Some(below) = below {
                within(below, random);
            }
        }
    }
}

/// Changes a value, or something within it.
fn within(value: &mut Value, random: &mut Rng) {
    match value {
        Value::Object(fields) if !fields.is_empty() && random.bool() => mangle(fields, random),
        Value::Array(items) if !items.is_empty() && random.bool() => {
            let at = random.usize(0..items.len());
            if let Some(item) = items.get_mut(at) {
                within(item, random);
            }
        }
        other => *other = any(random),
    }
}

fn other_key(key: &str, random: &mut Rng) -> String {
    match random.u8(0..4) {
        0 => key.to_uppercase(),
        1 => format!("{key} "),
        2 => format!("{key}\u{0}"),
        _ => String::new(),
    }
}

/// Draws a value of any type.
fn any(random: &mut Rng) -> Value {
    match random.u8(0..16) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1e300),
        5 => json!(0),
        6 => json!(""),
        7 => json!(" \u{0}\n\u{202e}\u{feff}"),
        8 => json!("x".repeat(random.usize(1..40_000))),
        9 => json!("*"),
        10 => json!([]),
        11 => json!({}),
        12 => (0..random.u16(1..300)).fold(Value::Null, |inner, _| json!([inner])),
        13 => (0..random.u16(1..300)).fold(Value::Null, |inner, _| json!({ "a": inner })),
        14 => json!("0001-01-01T00:00:00Z"),
        _ => Value::Array(vec![json!("a"); random.usize(1..2000)]),
    }
}
