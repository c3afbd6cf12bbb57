//! Puts the layers on top of one another and checks the whole: defaults, then the file, then the variables.

use crate::document::{self, Leaf};
use crate::kind::ssl_mode;
use crate::rules;
use crate::secret::{is_mysql, is_server};
use crate::table::{ENVIRONMENT, SETTINGS, Setting};
use crate::typed::Environment;
use crate::variables::{self, with_ssl_mode};
use crate::{Inputs, Kind, SettingFault, SettingFaults, Settings, Source};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;

/// A configuration without faults.
#[derive(Clone)]
pub struct Loaded {
    /// The values, typed.
    pub settings: Settings,
    pub(crate) entries: Entries,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The entries hold secrets as bare values; the typed settings know how to hide theirs.
        f.debug_struct("Loaded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A value that holds, with where it came from.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) setting: &'static Setting,
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// The values that hold, by key. A setting whose value was refused is absent.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// Loads the configuration.
///
/// # Errors
/// Every fault at once: unknown keys and variables, wrong values in any layer (overridden or not), unreadable files,
/// and settings that contradict one another or the environment.
pub fn load(inputs: &Inputs) -> Result<Loaded, SettingFaults> {
    let mut faults = Vec::new();
    let mut entries = Entries::new();
    let environment = environment(inputs, &mut entries, &mut faults);
    put(defaults(), &mut entries, &mut faults);
    match environment.map(|environment| inputs.document(environment)) {
        Some(Ok((name, text))) => {
            let leaves = document::read(&name, text, &inputs.modules, &mut faults);
            put(leaves, &mut entries, &mut faults);
        }
        Some(Err(fault)) => faults.push(fault),
        None => {}
    }
    let leaves = variables::read(inputs, &mut faults);
    put(leaves, &mut entries, &mut faults);
    derive_public_url(&mut entries);
    require_tls(&mut entries, &mut faults);
    if let Some(environment) = environment {
        rules::check(environment, &entries, &mut faults);
    }
    if !faults.is_empty() {
        return Err(SettingFaults(faults));
    }
    match Settings::deserialize(nested(entries.iter().map(|(key, entry)| (key.as_str(), entry.value.clone())))) {
        Ok(settings) => Ok(Loaded { settings, entries }),
        // Only reachable when the table and the structs disagree; the error's text may quote a value, so it stays out.
        Err(_) => Err(SettingFaults(vec![SettingFault::new(
            "",
            &Source::Default,
            "the table of settings does not fit the settings' types; this is a defect of the program",
        )])),
    }
}

/// The environment, which the variable alone decides. Nothing when the variable says nonsense.
fn environment(inputs: &Inputs, entries: &mut Entries, faults: &mut Vec<SettingFault>) -> Option<Environment> {
    let setting = SETTINGS.iter().find(|setting| setting.key == ENVIRONMENT)?;
    let (value, source) = match inputs.variables.get("ENVIRONMENT").filter(|name| !name.is_empty()) {
        Some(name) => (name.as_str(), Source::Variable("ENVIRONMENT".to_owned())),
        None => (setting.default.unwrap_or_default(), Source::Default),
    };
    let leaf = Leaf { key: ENVIRONMENT.to_owned(), setting, value: Value::from(value), source };
    put(vec![leaf], entries, faults);
    Environment::parse(value)
}

fn defaults() -> Vec<Leaf> {
    let own = SETTINGS.iter().filter(|setting| setting.key != ENVIRONMENT && !setting.is_per_module());
    own.map(|setting| {
        let value = Value::from(setting.default.unwrap_or_default());
        Leaf { key: setting.key.to_owned(), setting, value, source: Source::Default }
    })
    .collect()
}

/// Lays `leaves` over the entries. A refused value takes the entry away, so that no rule judges by a stale one.
fn put(leaves: Vec<Leaf>, entries: &mut Entries, faults: &mut Vec<SettingFault>) {
    for leaf in leaves {
        match leaf.setting.kind.read(&leaf.value) {
            Ok(value) => {
                entries.insert(leaf.key, Entry { setting: leaf.setting, value, source: leaf.source });
            }
            Err(detail) => {
                faults.push(SettingFault::new(&leaf.key, &leaf.source, detail));
                entries.remove(&leaf.key);
            }
        }
    }
}

fn derive_public_url(entries: &mut Entries) {
    let text = |key: &str| entries.get(key).map(|entry| entry.value.clone());
    let (Some(Value::String(address)), Some(port)) = (text("http.address"), text("http.port")) else { return };
    let host = match address.as_str() {
        // Nobody can call "every address".
        "0.0.0.0" | "::" => "localhost".to_owned(),
        v6 if v6.contains(':') => format!("[{v6}]"),
        v4 => v4.to_owned(),
    };
    if let Some(entry) = entries.get_mut("http.public_url").filter(|entry| entry.value.is_null()) {
        entry.value = Value::from(format!("http://{host}:{port}"));
        entry.source = Source::Derived("http.address and http.port");
    }
}

/// Makes `store.require_tls` true of every server's URL, or says which URL contradicts it.
fn require_tls(entries: &mut Entries, faults: &mut Vec<SettingFault>) {
    if entries.get("store.require_tls").is_none_or(|entry| entry.value != Value::Bool(true)) {
        return;
    }
    for (key, entry) in entries.iter_mut().filter(|(_, entry)| entry.setting.kind == Kind::DatabaseUrl) {
        let Some(url) = entry.value.as_str().filter(|url| is_server(url)) else { continue };
        let (name, demanded) = if is_mysql(url) { ("ssl-mode", "required") } else { ("sslmode", "require") };
        match (ssl_mode(url), Url::parse(url)) {
            (Some(mode), _) if !is_encrypted(&mode) => {
                let detail = format!("says {name}={mode}, and store.require_tls demands {demanded} or verify…");
                faults.push(SettingFault::new(key, &entry.source, detail));
            }
            (None, Ok(url)) => entry.value = Value::from(with_ssl_mode(url, demanded).to_string()),
            _ => {}
        }
    }
}

/// Whether a connection of this mode, in PostgreSQL's or in MySQL's words, is never plain.
pub(crate) fn is_encrypted(mode: &str) -> bool {
    matches!(mode, "require" | "verify-ca" | "verify-full" | "required" | "verify_ca" | "verify_identity")
}

/// Dotted keys as nested objects.
pub(crate) fn nested<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    let mut root = Map::new();
    for (key, value) in entries {
        place(&mut root, key, value);
    }
    Value::Object(root)
}

fn place(group: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            group.insert(key.to_owned(), value);
        }
        Some((name, rest)) => {
            let inner = group.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}
