//! What is known of whoever a flag is evaluated for: attributes by name, as OpenFeature calls them.

use kernel::Fault;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What OpenFeature calls whoever a flag is evaluated for.
pub(crate) const TARGETING_KEY: &str = "targetingKey";

/// Below this every whole number is a float of its own (2⁵³).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An evaluation context.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Context(Map<String, Value>);

impl Context {
    /// The context that an object describes; the empty one when nothing is said.
    ///
    /// # Errors
    /// `Invalid`, naming `context`, when it is anything else.
    pub(crate) fn parse(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(attributes) => Ok(Self(attributes)),
            _ => Err(Fault::invalid("context", "must be a JSON object")),
        }
    }

    /// The attribute of that name; with dots in it, also one that stands further inside.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(name) {
            return Some(value).filter(|value| !value.is_null());
        }
        let (first, rest) = name.split_once('.')?;
        let inside = rest.split('.').try_fold(self.0.get(first)?, |value, part| value.get(part));
        inside.filter(|value| !value.is_null())
    }

    /// The attribute as the text that buckets are made from; nothing when it is missing, empty, a list or an object.
    pub(super) fn sticky(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(match number.as_f64() {
                // 7.0 is who 7 is.
                Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() < EXACT => format!("{whole:.0}"),
                _ => number.to_string(),
            })),
            Value::Bool(answer) => Some(Cow::Owned(answer.to_string())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attributes_are_found_by_name_and_by_path() {
        let context = Context::parse(json!({ "a.b": 1, "c": { "d": { "e": "deep" } }, "n": null })).unwrap();
        assert_eq!(context.get("a.b"), Some(&json!(1)));
        assert_eq!(context.get("c.d.e"), Some(&json!("deep")));
        for missing in ["a", "c.x", "c.d.e.f", "n"] {
            assert_eq!(context.get(missing), None, "{missing}");
        }
    }

    #[test]
    fn number_is_the_same_person_however_it_is_written() {
        let context =
            Context::parse(json!({ "a": 7, "b": 7.0, "c": 7.5, "d": 1_234_567_890_123_456_789_u64 })).unwrap();
        let texts = ["a", "b", "c", "d"].map(|name| context.sticky(name).unwrap().into_owned());
        assert_eq!(texts, ["7", "7", "7.5", "1234567890123456789"]);
    }

    #[test]
    fn what_is_no_object_is_no_context() {
        assert_eq!(Context::parse(json!([1])).unwrap_err().fields[0].field, "context");
        assert_eq!(Context::parse(Value::Null).unwrap(), Context::default());
    }
}
