//! A YAML file as leaves: each value under its dotted key, with the file's name beside it.

use crate::table::{ENVIRONMENT, SETTINGS, Setting, is_name};
use crate::{SettingFault, Source};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A value somebody gave, and the setting it is meant for.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) key: String,
    pub(crate) setting: &'static Setting,
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// Reads the text of the file called `name`. Keys that no setting has, and keys given twice, become faults.
pub(crate) fn read(name: &str, text: &str, modules: &[String], faults: &mut Vec<SettingFault>) -> Vec<Leaf> {
    let source = Source::File(name.to_owned());
    // The snippet of a parse error would print the lines around it, and with them their secrets.
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let root = match serde_saphyr::from_str_with_options::<Value>(text, options) {
        Ok(Value::Object(root)) => root,
        Ok(Value::Null) => return Vec::new(),
        Ok(_) => {
            faults.push(SettingFault::new(
                "",
                &source,
                "must be groups of settings, such as `http:` over `port: 8080`",
            ));
            return Vec::new();
        }
        Err(error) => {
            faults.push(SettingFault::new("", &source, format!("cannot be read as YAML: {error}")));
            return Vec::new();
        }
    };
    let mut walk = Walk { source: &source, modules, seen: BTreeSet::new(), leaves: Vec::new(), faults };
    walk.group("", root);
    walk.leaves
}

struct Walk<'a> {
    source: &'a Source,
    modules: &'a [String],
    seen: BTreeSet<String>,
    leaves: Vec<Leaf>,
    faults: &'a mut Vec<SettingFault>,
}

impl Walk<'_> {
    fn group(&mut self, prefix: &str, group: Map<String, Value>) {
        for (name, value) in group {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match (lookup(&key, self.modules), value) {
                (None, Value::Object(inner)) => self.group(&key, inner),
                // `http:` with nothing under it says nothing.
                (None, Value::Null) if is_group(&key) => {}
                (None, _) if is_group(&key) => self.fault(&key, "is a group of settings and takes no value of its own"),
                (None, _) => {
                    let detail = unknown(&key, self.modules);
                    self.fault(&key, &detail);
                }
                (Some(setting), _) if setting.key == ENVIRONMENT => {
                    self.fault(&key, "is given by the variable ENVIRONMENT alone, because it chooses this file");
                }
                (Some(_), Value::Null) => {}
                (Some(setting), value) => self.leaf(key, setting, value),
            }
        }
    }

    fn leaf(&mut self, key: String, setting: &'static Setting, value: Value) {
        if self.seen.insert(key.clone()) {
            self.leaves.push(Leaf { key, setting, value, source: self.source.clone() });
        } else {
            self.fault(&key, "is given twice");
        }
    }

    fn fault(&mut self, key: &str, detail: &str) {
        self.faults.push(SettingFault::new(key, self.source, detail));
    }
}

/// The setting that `key` names, when its module, if it has one, exists.
pub(crate) fn lookup(key: &str, modules: &[String]) -> Option<&'static Setting> {
    let setting = SETTINGS.iter().find(|setting| setting.is_named(key))?;
    let exists = |name: &str| modules.is_empty() || modules.iter().any(|module| module == name);
    (!setting.is_per_module() || key.split('.').nth(1).is_some_and(exists)).then_some(setting)
}

fn is_group(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    SETTINGS.iter().any(|setting| {
        let own: Vec<&str> = setting.key.split('.').collect();
        own.len() > parts.len() && own.iter().zip(&parts).all(|(a, b)| a == b || (*a == "*" && is_name(b)))
    })
}

/// Words for a key that no setting has, with the closest one that exists.
fn unknown(key: &str, modules: &[String]) -> String {
    let given = key.split('.').nth(1).filter(|name| is_name(name)).unwrap_or("forum").to_owned();
    let names: &[String] = if modules.is_empty() { &[given] } else { modules };
    let candidates = SETTINGS.iter().flat_map(|setting| {
        let fill = if setting.is_per_module() { names } else { &names[..1] };
        fill.iter().map(|name| setting.key.replace('*', name))
    });
    closest(key, candidates)
}

/// Says that `given` does not exist, and what does that looks most like it.
pub(crate) fn closest(given: &str, candidates: impl Iterator<Item = String>) -> String {
    let best = candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(given, &candidate), candidate))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match best {
        Some((likeness, candidate)) if likeness >= 0.6 => format!("is no setting; did you mean {candidate}?"),
        _ => "is no setting".to_owned(),
    }
}
