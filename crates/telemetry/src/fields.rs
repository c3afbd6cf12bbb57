//! The fields of spans and events as JSON values, with those masked whose names speak of a secret.

use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// A field is masked when one of these stands between the dots and underscores of its name.
const SECRET_WORDS: [&str; 9] =
    ["authorization", "cookie", "credential", "credentials", "passphrase", "password", "secret", "seed", "token"];

/// Collected fields, by name.
#[derive(Debug, Default)]
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    /// Adds the fields that [`SpanFields`] wrote; each later one wins.
    pub(crate) fn add_written(&mut self, written: &str) {
        let records = serde_json::Deserializer::from_str(written).into_iter::<Map<String, Value>>();
        for record in records.flatten() {
            self.0.extend(record);
        }
    }

    /// Takes a field out, as text.
    pub(crate) fn take_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        // The macro crates of old write raw identifiers for names such as `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        let is_secret = name.split(['.', '_']).any(|part| SECRET_WORDS.contains(&part.to_ascii_lowercase().as_str()));
        self.0.insert(name.to_owned(), if is_secret { Value::from("***") } else { value });
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let (mut text, mut next) = (value.to_string(), value.source());
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        self.put(field, Value::from(text));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, Value::from(format!("{value:?}")));
    }
}

/// Keeps a span's fields as JSON objects one after another: one for its birth, one for each later record.
#[derive(Debug)]
pub(crate) struct SpanFields;

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut collected = Fields::default();
        fields.record(&mut collected);
        write!(writer, "{}", Value::Object(collected.0))
    }
}
