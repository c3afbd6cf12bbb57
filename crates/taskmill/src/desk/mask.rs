//! What operators do not get to see of a task.

use crate::Terms;
use kernel::TaskLife;
use serde_json::Value;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// Masks what the terms of its kind call secret, wherever it stands in payload, checkpoint and result. Where nobody
/// knows the terms, all of it.
pub(super) fn life(life: &mut TaskLife, terms: Option<&Terms>) {
    let checkpoint = life.progress.as_mut().and_then(|progress| progress.checkpoint.as_mut());
    for shown in [Some(&mut life.payload), checkpoint, life.result.as_mut()].into_iter().flatten() {
        match terms {
            Some(terms) => fields(shown, terms.secrets),
            None => *shown = Value::from(MASK),
        }
    }
    // Who asked is told; under which log-in is nobody's business.
    life.origin.actor.session = None;
}

/// Masks these fields wherever they stand.
pub(crate) fn fields(value: &mut Value, secrets: &[&str]) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if secrets.contains(&name.as_str()) {
                    *value = Value::from(MASK);
                } else {
                    fields(value, secrets);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fields(item, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::fields;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_nothing_else_is() {
        let mut payload = json!({ "token": { "a": 1 }, "to": "ada", "rows": [{ "token": null, "n": 1 }], "tokens": 2 });
        fields(&mut payload, &["token"]);
        let shown = json!({ "token": "***", "to": "ada", "rows": [{ "token": "***", "n": 1 }], "tokens": 2 });
        assert_eq!(payload, shown);
    }
}
