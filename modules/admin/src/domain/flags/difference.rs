//! What is different between two versions of something written in JSON, place by place. What may not enter: what it
//! means.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One place that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// Where, such as `rules[0].split.shares[0].percent`.
    pub(crate) path: String,
    /// What stood there; nothing when there was nothing.
    pub(crate) before: Option<Value>,
    /// What stands there; nothing when there is nothing any more.
    pub(crate) after: Option<Value>,
}

/// Every place at which the two differ. Lists are compared entry by entry, from the first on.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let new = after.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(new) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(path, before.get(name), after.get(name), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for at in 0..before.len().max(after.len()) {
                compare(format!("{path}[{at}]"), before.get(at), after.get(at), found);
            }
        }
        (before, after) => found.push(Difference { path, before: before.cloned(), after: after.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_places_that_differ_are_named() {
        let before = json!({ "off": "a", "rules": [{ "variant": "a" }, { "name": "x", "variant": "a" }] });
        let after = json!({ "off": "a", "public": true, "rules": [{ "variant": "b" }] });
        let found = differences(&before, &after);
        let told: Vec<_> = found.iter().map(|d| (d.path.as_str(), d.before.clone(), d.after.clone())).collect();
        let expected = [
            ("rules[0].variant", Some(json!("a")), Some(json!("b"))),
            ("rules[1]", Some(json!({ "name": "x", "variant": "a" })), None),
            ("public", None, Some(json!(true))),
        ];
        assert_eq!(told, expected);
        assert_eq!(differences(&after, &after), []);
    }
}
