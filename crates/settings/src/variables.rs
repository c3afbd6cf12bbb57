//! Environment variables as leaves: `POLITY_HTTP_PORT` for `http.port`, and the `DB_…` family for `store.url`.

use crate::document::{Leaf, closest, lookup};
use crate::kind::SSL_MODES;
use crate::table::{ENVIRONMENT, SETTINGS, Setting, is_name};
use crate::{Inputs, SettingFault, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

const PREFIX: &str = "POLITY_";
/// Read before any setting, because it says where the files are.
const FOLDER: &str = "POLITY_CONFIG_DIR";

/// Every leaf the environment gives, the `DB_…` family last because it wins over `POLITY_STORE_URL`.
pub(crate) fn read(inputs: &Inputs, faults: &mut Vec<SettingFault>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let ours = inputs.variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && *name != FOLDER);
    for (name, value) in ours {
        let source = Source::Variable(name.clone());
        match meant_by(name, &inputs.modules) {
            Some((key, setting)) => leaves.push(Leaf { key, setting, value: value.as_str().into(), source }),
            None => faults.push(SettingFault::new(name, &source, unknown(name, &inputs.modules))),
        }
    }
    leaves.extend(database(&inputs.variables, faults));
    leaves
}

/// The key and setting that a variable names.
fn meant_by(variable: &str, modules: &[String]) -> Option<(String, &'static Setting)> {
    let plain = SETTINGS.iter().find(|setting| !setting.is_per_module() && setting.variable() == variable);
    if let Some(setting) = plain.filter(|setting| setting.key != ENVIRONMENT) {
        return Some((setting.key.to_owned(), setting));
    }
    let per_module = SETTINGS.iter().filter(|setting| setting.is_per_module()).filter_map(|setting| {
        let own = setting.variable();
        let (before, after) = own.split_once('*')?;
        let name = variable.strip_prefix(before)?.strip_suffix(after)?.to_lowercase();
        let key = setting.key.replace('*', &name);
        (is_name(&name) && lookup(&key, modules).is_some()).then_some((name.len(), key, setting))
    });
    // `…_X_HTTP_ADDRESS` also reads as the `address` of a module `x_http`; the shorter name is the one meant.
    per_module.min_by_key(|(length, ..)| *length).map(|(_, key, setting)| (key, setting))
}

fn unknown(variable: &str, modules: &[String]) -> String {
    let fallback = ["FORUM".to_owned()];
    let names: Vec<String> = modules.iter().map(|name| name.to_uppercase()).collect();
    let names = if names.is_empty() { &fallback[..] } else { &names[..] };
    let candidates = SETTINGS.iter().flat_map(|setting| {
        let fill = if setting.is_per_module() { names } else { &names[..1] };
        fill.iter().map(|name| setting.variable().replace('*', name))
    });
    closest(variable, candidates)
}

/// `store.url` out of `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER`, `DB_PASSWORD` and `DB_SSLMODE`. Empty ones count as
/// absent, because container files often pass them on empty.
fn database(variables: &BTreeMap<String, String>, faults: &mut Vec<SettingFault>) -> Option<Leaf> {
    let all = ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSLMODE"];
    let value = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let given: Vec<&str> = all.into_iter().filter(|name| value(name).is_some()).collect();
    if given.is_empty() {
        return None;
    }
    let source = Source::Variable(given.join(", "));
    let missing: Vec<&str> =
        ["DB_HOST", "DB_NAME", "DB_USER", "DB_PASSWORD"].into_iter().filter(|name| value(name).is_none()).collect();
    if !missing.is_empty() {
        let detail = format!(
            "{} must be set too: DB_HOST, DB_NAME, DB_USER and DB_PASSWORD make the database's URL together",
            missing.join(", ")
        );
        faults.push(SettingFault::new("store.url", &source, detail));
        return None;
    }
    let part = |name: &str| value(name).unwrap_or_default();
    let port = value("DB_PORT").map_or(Some(5432), |port| port.parse::<u16>().ok().filter(|port| *port > 0));
    let mode = value("DB_SSLMODE").filter(|mode| SSL_MODES.contains(mode));
    let url = compose(part("DB_HOST"), port, part("DB_NAME"), part("DB_USER"), part("DB_PASSWORD"));
    let wrong = [
        ("DB_PORT", port.is_none(), "must be a port from 1 to 65535".to_owned()),
        ("DB_SSLMODE", mode.is_none() && value("DB_SSLMODE").is_some(), format!("must be {}", SSL_MODES.join(" or "))),
        ("DB_HOST", port.is_some() && url.is_none(), "must be a host name or an IP address".to_owned()),
    ];
    let before = faults.len();
    for (name, _, detail) in wrong.into_iter().filter(|(_, is_wrong, _)| *is_wrong) {
        faults.push(SettingFault::new("store.url", &Source::Variable(name.to_owned()), detail));
    }
    let url = url.filter(|_| faults.len() == before)?;
    let url = match mode {
        Some(mode) => with_ssl_mode(url, mode),
        None => url,
    };
    let (key, setting) = meant_by("POLITY_STORE_URL", &[])?;
    Some(Leaf { key, setting, value: Value::from(url.to_string()), source })
}

/// The URL of a PostgreSQL database, when there is a port and `host` can be one.
fn compose(host: &str, port: Option<u16>, name: &str, user: &str, password: &str) -> Option<Url> {
    let mut url = Url::parse("postgres://localhost").ok()?;
    let is_bare_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    let host = if is_bare_v6 { format!("[{host}]") } else { host.to_owned() };
    url.set_host(Some(&host)).ok()?;
    url.set_port(Some(port?)).ok()?;
    url.set_username(&percent_encoded(user)).ok()?;
    url.set_password(Some(&percent_encoded(password))).ok()?;
    url.path_segments_mut().ok()?.clear().push(name);
    Some(url)
}

/// Everything but the unreserved characters of RFC 3986, encoded. `Url`'s own setters leave a `%` as it is, and a
/// password such as `100%25` would then be read back as another one.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded + &char::from(byte).to_string(),
        _ => encoded + &format!("%{byte:02X}"),
    })
}

/// The same URL, saying how its connection is secured.
pub(crate) fn with_ssl_mode(mut url: Url, mode: &str) -> Url {
    let name = if url.scheme() == "mysql" { "ssl-mode" } else { "sslmode" };
    url.query_pairs_mut().append_pair(name, mode);
    url
}
