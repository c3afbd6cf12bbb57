//! What `polity config` says: every value, where it came from, what it does. Secrets are masked before anything else.

use crate::load::{Entries, Entry, Loaded, nested};
use crate::secret::{MASK, mask_url};
use crate::table::SETTINGS;
use crate::{Inputs, Kind, load};
use serde_json::Value;
use std::fmt::Write;

/// One setting with its value, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The setting, such as `http.port`.
    pub key: String,
    /// Its value, masked where it is secret; empty when nothing is set.
    pub value: String,
    /// Where the value came from.
    pub source: String,
    /// What the setting does.
    pub about: &'static str,
}

/// Every setting that holds, in the order of the table.
pub fn explain(loaded: &Loaded) -> Vec<Explained> {
    in_table_order(&loaded.entries)
        .into_iter()
        .map(|(key, entry)| Explained {
            key: key.clone(),
            value: text_of(&masked(entry)),
            source: entry.source.to_string(),
            about: entry.setting.about,
        })
        .collect()
}

/// `polity config explain`: an aligned table of key, value and source.
pub fn render_explained(explained: &[Explained]) -> String {
    let width = |column: fn(&Explained) -> &str| explained.iter().map(|e| column(e).chars().count()).max().unwrap_or(0);
    let (key_width, value_width) = (width(|e| &e.key), width(|e| &e.value));
    explained.iter().fold(String::new(), |mut out, e| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{:key_width$}  {:value_width$}  {}", e.key, e.value, e.source);
        out
    })
}

/// `polity config print`: the values that hold, as YAML that can be read back, secrets masked.
pub fn render_print(loaded: &Loaded) -> String {
    let shown = loaded.entries.iter().filter(|(key, _)| key.as_str() != "environment");
    let tree = nested(shown.map(|(key, entry)| (key.as_str(), masked(entry))));
    let mut out = format!("# ENVIRONMENT={}\n", loaded.settings.environment);
    write_yaml(&tree, 0, &mut out);
    out
}

/// `polity config check`: `ok`, or every fault on a line of its own. The flag says whether it is in order.
pub fn render_check(inputs: &Inputs) -> (bool, String) {
    match load(inputs) {
        Ok(_) => (true, "ok\n".to_owned()),
        Err(faults) => (false, faults.0.iter().fold(String::new(), |out, fault| out + &format!("{fault}\n"))),
    }
}

fn in_table_order(entries: &Entries) -> Vec<(&String, &Entry)> {
    let place = |entry: &Entry| SETTINGS.iter().position(|setting| setting == entry.setting);
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(_, entry)| place(entry));
    sorted
}

fn masked(entry: &Entry) -> Value {
    match &entry.value {
        Value::String(_) if entry.setting.kind.is_secret() => Value::from(MASK),
        Value::Array(several) if entry.setting.kind.is_secret() => several.iter().map(|_| MASK).collect(),
        Value::String(url) if matches!(entry.setting.kind, Kind::DatabaseUrl | Kind::Url) => Value::from(mask_url(url)),
        value => value.clone(),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn write_yaml(value: &Value, depth: usize, out: &mut String) {
    let Value::Object(group) = value else { return };
    for (name, value) in group {
        let indent = "  ".repeat(depth);
        // JSON scalars and lists are YAML as they stand (YAML 1.2, section 1.3). Writing to a `String` cannot fail.
        let _ = match value {
            Value::Object(_) => writeln!(out, "{indent}{name}:"),
            scalar => writeln!(out, "{indent}{name}: {scalar}"),
        };
        write_yaml(value, depth + 1, out);
    }
}
