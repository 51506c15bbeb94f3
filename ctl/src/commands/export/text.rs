//! The JSON of an export, as it comes.

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};
use vault::api::{ExportedSecret, LeftOut};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Text with values in it.
type Text = Zeroizing<Vec<u8>>;

/// Writes an answer to an export piece by piece: together they are what it is as a whole.
pub(super) struct Json<'f> {
    form: PrettyFormatter<'f>,
    /// Whether what comes next is the first of its list or object.
    first: bool,
}

impl Json<'_> {
    /// Begins; returns what stands before the first secret.
    pub(super) fn begin() -> Result<(Self, Text), Failure> {
        let (mut json, mut text) = (Self { form: PrettyFormatter::new(), first: true }, Text::default());
        json.form.begin_object(&mut *text)?;
        json.begin_list(&mut text, "entries")?;
        Ok((json, text))
    }

    /// Writes some secrets.
    pub(super) fn secrets(&mut self, secrets: &[ExportedSecret]) -> Result<Text, Failure> {
        let mut text = Text::default();
        self.items(&mut text, secrets)?;
        Ok(text)
    }

    /// Writes what was left out, and the end.
    pub(super) fn end(mut self, left_out: &[LeftOut]) -> Result<Text, Failure> {
        let mut text = Text::default();
        self.end_list(&mut text)?;
        self.begin_list(&mut text, "leftOut")?;
        self.items(&mut text, left_out)?;
        self.end_list(&mut text)?;
        self.form.end_object(&mut *text)?;
        text.push(b'\n');
        Ok(text)
    }

    fn begin_list(&mut self, text: &mut Text, name: &str) -> Result<(), Failure> {
        self.form.begin_object_key(&mut **text, std::mem::take(&mut self.first))?;
        serde_json::to_writer(&mut **text, name)?;
        self.form.end_object_key(&mut **text)?;
        self.form.begin_object_value(&mut **text)?;
        self.first = true;
        Ok(self.form.begin_array(&mut **text)?)
    }

    fn items<T: Serialize>(&mut self, text: &mut Text, items: &[T]) -> Result<(), Failure> {
        for item in items {
            self.form.begin_array_value(&mut **text, std::mem::take(&mut self.first))?;
            item.serialize(&mut Serializer::with_formatter(&mut **text, self.form.clone()))?;
            self.form.end_array_value(&mut **text)?;
        }
        Ok(())
    }

    fn end_list(&mut self, text: &mut Text) -> Result<(), Failure> {
        self.form.end_array(&mut **text)?;
        self.first = false;
        Ok(self.form.end_object_value(&mut **text)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vault::api::Exported;

    use super::*;

    fn exported(secrets: usize, left_out: usize) -> Exported {
        let named = |name: String| json!({ "orgId": "default", "name": name });
        let with = |mut one: serde_json::Value, more: serde_json::Value| {
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            one
        };
        let value =
            json!({ "value": "a\nb", "category": "custom", "metadata": { "a": [1] }, "expiresAt": null });
        let secret = |number| with(named(format!("s{number}")), value.clone());
        let why = json!({ "code": "not_found", "error": "expired" });
        let left = |number| with(named(format!("l{number}")), why.clone());
        let entries: Vec<_> = (0..secrets).map(secret).collect();
        let left_out: Vec<_> = (0..left_out).map(left).collect();
        serde_json::from_value(json!({ "entries": entries, "leftOut": left_out })).unwrap()
    }

    /// Writes an export in portions of a size.
    fn in_portions(exported: &Exported, size: usize) -> String {
        let (mut json, mut text) = Json::begin().unwrap();
        for portion in exported.entries.chunks(size) {
            text.extend_from_slice(&json.secrets(portion).unwrap());
        }
        text.extend_from_slice(&json.end(&exported.left_out).unwrap());
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn portions_are_together_what_the_whole_is() {
        for (secrets, left_out) in [(0, 0), (0, 2), (1, 0), (5, 1)] {
            let exported = exported(secrets, left_out);
            let whole = serde_json::to_string_pretty(&exported).unwrap() + "\n";
            for size in [1, 2, 10] {
                assert_eq!(whole, in_portions(&exported, size));
            }
        }
    }
}
