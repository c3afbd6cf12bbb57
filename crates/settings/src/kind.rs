//! What a setting's value may be: each kind reads a value once and says in plain words what it would have accepted.

use crate::network::Network;
use crate::secret::{is_mysql, is_server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::net::IpAddr;
use url::Url;

/// The levels a log line can have, the quietest first.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// libpq's names for how a connection is secured; the last three refuse a plain connection.
pub(crate) const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
/// The same in the words of MySQL's clients.
pub(crate) const MYSQL_SSL_MODES: [&str; 5] = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];

/// The kind of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A TCP port; 0 has the meaning the setting gives it.
    Port,
    /// A whole number within bounds.
    Count {
        /// The least accepted.
        min: u64,
        /// The greatest accepted.
        max: u64,
    },
    /// A span of time in milliseconds.
    DurationMs {
        /// The shortest accepted.
        min: u64,
        /// The longest accepted.
        max: u64,
    },
    /// A span of time in seconds.
    DurationS {
        /// The shortest accepted.
        min: u64,
        /// The longest accepted.
        max: u64,
    },
    /// A share from 0 to 1.
    Ratio,
    /// `true` or `false`.
    Flag,
    /// Any text but the empty one.
    Text,
    /// Any text, or nothing.
    OptionalText,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A log level, or a comma-separated list of levels and `target=level`.
    LogLevel,
    /// An IP address to listen on.
    Ip,
    /// A path on the local disk.
    Path,
    /// An `http` or `https` URL without user and password, or nothing.
    Url,
    /// A `postgres`, `mysql` or `sqlite` URL, or nothing. May carry a password.
    DatabaseUrl,
    /// A secret text, or nothing.
    Secret,
    /// The base64 form of 32 secret bytes, or nothing.
    Seed,
    /// A list of such seeds.
    Seeds,
    /// A list of `http` or `https` URLs.
    Urls,
    /// A list of IP addresses and CIDR blocks.
    Networks,
    /// A list of web origins, such as `https://example.org`.
    Origins,
}

impl Kind {
    /// What is accepted, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Port => "port, 0 to 65535".to_owned(),
            Self::Count { min, max } => format!("whole number, {min} to {max}"),
            Self::DurationMs { min, max } => format!("milliseconds, {min} to {max}"),
            Self::DurationS { min, max } => format!("seconds, {min} to {max}"),
            Self::Ratio => "number, 0 to 1".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Text | Self::OptionalText => "text".to_owned(),
            Self::Choice(words) => words.join(" or "),
            Self::LogLevel => "level, or a list of levels and target=level".to_owned(),
            Self::Ip => "IP address".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Url => "http or https URL".to_owned(),
            Self::DatabaseUrl => "postgres, mysql or sqlite URL".to_owned(),
            Self::Secret => "secret text".to_owned(),
            Self::Seed => "secret, 32 bytes in base64".to_owned(),
            Self::Seeds => "list of secrets, 32 bytes in base64 each".to_owned(),
            Self::Urls => "list of http or https URLs".to_owned(),
            Self::Networks => "list of IP addresses and CIDR blocks".to_owned(),
            Self::Origins => "list of web origins".to_owned(),
        }
    }

    /// Whether the value may be shown to nobody.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::Seed | Self::Seeds)
    }

    /// Reads a value given in YAML or as text into its one canonical form; `Null` stands for "nothing".
    ///
    /// # Errors
    /// What would have been right, for people. Quotes the value only when it cannot hold a secret.
    pub(crate) fn read(&self, given: &Value) -> Result<Value, String> {
        match *self {
            Self::Port => whole(given, 0, u64::from(u16::MAX)),
            Self::Count { min, max } | Self::DurationMs { min, max } | Self::DurationS { min, max } => {
                whole(given, min, max)
            }
            Self::Ratio => ratio(given),
            Self::Flag => flag(given),
            Self::Text | Self::Path => present(given).map(Value::from),
            Self::OptionalText => optional(plain(given)?, Ok),
            Self::Choice(words) => choice(given, words),
            Self::LogLevel => log_level(given),
            Self::Ip => ip(given),
            Self::Url => optional(plain(given)?, |text| web_url(&text)),
            Self::DatabaseUrl => optional(plain(given).map_err(|_| "must be a text".to_owned())?, database_url),
            Self::Secret => optional(plain(given).map_err(|_| "must be a text".to_owned())?, Ok),
            Self::Seed => optional(plain(given).map_err(|_| "must be a text".to_owned())?, seed),
            Self::Seeds => list(given, |text| seed(text.to_owned())).map_err(|detail| without_values(given, detail)),
            Self::Urls => list(given, web_url),
            Self::Networks => list(given, network),
            Self::Origins => list(given, origin),
        }
    }
}

/// The value as somebody would recognise it in their file.
fn shown(given: &Value) -> String {
    match given {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a group".to_owned(),
        other => other.to_string(),
    }
}

/// A scalar's text. YAML reads `1234` as a number even where a text is meant.
fn plain(given: &Value) -> Result<String, String> {
    match given {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(_) | Value::Bool(_) => Ok(given.to_string()),
        _ => Err(format!("must be a text, not {}", shown(given))),
    }
}

fn present(given: &Value) -> Result<String, String> {
    let text = plain(given)?;
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) }
}

fn optional(text: String, read: impl Fn(String) -> Result<String, String>) -> Result<Value, String> {
    if text.is_empty() { Ok(Value::Null) } else { read(text).map(Value::from) }
}

fn whole(given: &Value, min: u64, max: u64) -> Result<Value, String> {
    let number = match given {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(Value::from(number)),
        _ => Err(format!("must be a whole number from {min} to {max}, not {}", shown(given))),
    }
}

fn ratio(given: &Value) -> Result<Value, String> {
    let number = match given {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if (0.0..=1.0).contains(&number) => Ok(Value::from(number)),
        _ => Err(format!("must be a number from 0 to 1, not {}", shown(given))),
    }
}

fn flag(given: &Value) -> Result<Value, String> {
    match given {
        Value::Bool(flag) => Ok(Value::Bool(*flag)),
        Value::String(text) if text.trim() == "true" => Ok(Value::Bool(true)),
        Value::String(text) if text.trim() == "false" => Ok(Value::Bool(false)),
        _ => Err(format!("must be true or false, not {}", shown(given))),
    }
}

fn choice(given: &Value, words: &[&str]) -> Result<Value, String> {
    let text = plain(given)?;
    if words.contains(&text.as_str()) {
        Ok(Value::from(text))
    } else {
        Err(format!("must be {}, not {text:?}", words.join(" or ")))
    }
}

/// A word that is no level would be taken for a target by the log filter and would silence everything else.
fn log_level(given: &Value) -> Result<Value, String> {
    let text = present(given)?;
    let known = |level: &str| LEVELS.contains(&level.to_ascii_lowercase().as_str());
    let wrong = text.split(',').map(str::trim).find(|part| match part.rsplit_once('=') {
        Some((target, level)) => target.is_empty() || !known(level),
        None => !known(part),
    });
    match wrong {
        None => Ok(Value::from(text)),
        Some(part) => Err(format!("must be made of {} or target=level, and {part:?} is neither", LEVELS.join(", "))),
    }
}

fn ip(given: &Value) -> Result<Value, String> {
    let text = plain(given)?;
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(Value::from(address.to_string())),
        Err(_) => Err(format!("must be an IP address such as 127.0.0.1 or 0.0.0.0, not {text:?}")),
    }
}

fn web_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("must be an http or https URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("must be an http or https URL, not one of scheme {:?}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user or a password".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn database_url(text: String) -> Result<String, String> {
    let url = Url::parse(&text).map_err(|error| format!("must be a postgres, mysql or sqlite URL: {error}"))?;
    if !is_server(&text) && url.scheme() != "sqlite" {
        return Err("must start with postgres://, postgresql://, mysql:// or sqlite:".to_owned());
    }
    let (name, modes) = if is_mysql(&text) { ("ssl-mode", &MYSQL_SSL_MODES[..]) } else { ("sslmode", &SSL_MODES[..]) };
    match ssl_mode(&text) {
        Some(mode) if !modes.contains(&mode.as_str()) => {
            Err(format!("has an {name} that is none of {}", modes.join(", ")))
        }
        _ => Ok(text),
    }
}

/// How the URL wants the connection secured, when it says so.
pub(crate) fn ssl_mode(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs()
        .find(|(name, _)| matches!(name.as_ref(), "sslmode" | "ssl-mode"))
        .map(|(_, mode)| if url.scheme() == "mysql" { mode.to_lowercase() } else { mode.into_owned() })
}

fn seed(text: String) -> Result<String, String> {
    match STANDARD.decode(&text) {
        Ok(bytes) if bytes.len() == 32 => Ok(text),
        Ok(bytes) => Err(format!("must be 32 bytes in base64, and these are {}", bytes.len())),
        Err(_) => Err("must be 32 bytes in base64, and this is not base64".to_owned()),
    }
}

/// What is no list of texts would be quoted, and may hold a secret all the same.
fn without_values(given: &Value, detail: String) -> String {
    let is_texts = match given {
        Value::Array(items) => items.iter().all(|item| plain(item).is_ok()),
        other => other.is_string(),
    };
    if is_texts { detail } else { "must be a list of texts".to_owned() }
}

fn list(given: &Value, read: impl Fn(&str) -> Result<String, String>) -> Result<Value, String> {
    let parts = match given {
        Value::Array(items) => items.iter().map(plain).collect::<Result<Vec<_>, _>>()?,
        Value::String(text) => text.split(',').map(|part| part.trim().to_owned()).filter(|p| !p.is_empty()).collect(),
        _ => return Err(format!("must be a list, not {}", shown(given))),
    };
    parts.iter().map(|part| read(part).map(Value::from)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn network(text: &str) -> Result<String, String> {
    let wrong = || format!("must hold IP addresses and CIDR blocks, and {text:?} is neither");
    Network::parse(text).map(|_| text.to_owned()).ok_or_else(wrong)
}

fn origin(text: &str) -> Result<String, String> {
    let url = web_url(text).and_then(|text| Url::parse(&text).map_err(|error| error.to_string()))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must hold origins such as https://example.org, and {text:?} goes on after the host"));
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case(Kind::Port, json!("8080"), json!(8080))]
    #[case(Kind::Ratio, json!("0.25"), json!(0.25))]
    #[case(Kind::Flag, json!("true"), json!(true))]
    #[case(Kind::Text, json!(1234), json!("1234"))]
    #[case(Kind::LogLevel, json!("info,sqlx=warn"), json!("info,sqlx=warn"))]
    #[case(Kind::Url, json!(""), json!(null))]
    #[case(Kind::Url, json!("https://example.org/"), json!("https://example.org"))]
    #[case(Kind::DatabaseUrl, json!("sqlite::memory:"), json!("sqlite::memory:"))]
    #[case(Kind::DatabaseUrl, json!("mysql://db/x?ssl-mode=REQUIRED"), json!("mysql://db/x?ssl-mode=REQUIRED"))]
    #[case(Kind::Urls, json!("http://a:1, http://b:2"), json!(["http://a:1", "http://b:2"]))]
    #[case(Kind::Urls, json!(["http://a:1"]), json!(["http://a:1"]))]
    #[case(Kind::Networks, json!([]), json!([]))]
    #[case(Kind::Origins, json!("https://Example.org:443"), json!(["https://example.org"]))]
    #[case(Kind::Seed, json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))]
    fn a_right_value_is_read_into_one_form(#[case] kind: Kind, #[case] given: Value, #[case] read: Value) {
        assert_eq!(kind.read(&given), Ok(read));
    }

    #[rstest]
    #[case(Kind::Port, json!(65536), "0 to 65535")]
    #[case(Kind::Port, json!(-1), "0 to 65535")]
    #[case(Kind::Port, json!("http"), "\"http\"")]
    #[case(Kind::Count { min: 1, max: 9 }, json!(0), "1 to 9")]
    #[case(Kind::DurationMs { min: 1, max: 9 }, json!(1.5), "1.5")]
    #[case(Kind::DurationS { min: 1, max: 9 }, json!([1]), "a list")]
    #[case(Kind::Ratio, json!(1.1), "0 to 1")]
    #[case(Kind::Flag, json!("yes"), "true or false")]
    #[case(Kind::Text, json!(" "), "empty")]
    #[case(Kind::Choice(&["a", "b"]), json!("c"), "a or b")]
    #[case(Kind::LogLevel, json!("inof"), "\"inof\"")]
    #[case(Kind::LogLevel, json!("info,sqlx=loud"), "sqlx=loud")]
    #[case(Kind::Ip, json!("localhost"), "IP address")]
    #[case(Kind::Path, json!({"a": 1}), "a group")]
    #[case(Kind::Url, json!("ftp://example.org"), "ftp")]
    #[case(Kind::Url, json!("http://ada:canary@example.org"), "user or a password")]
    #[case(Kind::DatabaseUrl, json!("mongodb://canary@db"), "postgres://")]
    #[case(Kind::DatabaseUrl, json!("mongodb://canary@db"), "mysql://")]
    #[case(Kind::DatabaseUrl, json!("postgres://u:canary@db/x?sslmode=maybe"), "sslmode")]
    #[case(Kind::DatabaseUrl, json!("mysql://u:canary@db/x?ssl-mode=require"), "verify_identity")]
    #[case(Kind::DatabaseUrl, json!("canary"), "URL")]
    #[case(Kind::Secret, json!(["canary"]), "text")]
    #[case(Kind::Seed, json!("canary"), "base64")]
    #[case(Kind::Seed, json!("AAAA"), "these are 3")]
    #[case(Kind::Seeds, json!(["canary"]), "base64")]
    #[case(Kind::Seeds, json!("AAAA, canary"), "these are 3")]
    #[case(Kind::Seeds, json!({"canary": 1}), "list of texts")]
    #[case(Kind::Seeds, json!([["canary"]]), "list of texts")]
    #[case(Kind::Urls, json!("http://a:1,b"), "URL")]
    #[case(Kind::Networks, json!(["10.0.0.0/40"]), "10.0.0.0/40")]
    #[case(Kind::Origins, json!(["https://example.org/path"]), "after the host")]
    fn a_wrong_value_is_refused_in_plain_words(#[case] kind: Kind, #[case] given: Value, #[case] words: &str) {
        let detail = kind.read(&given).unwrap_err();
        assert!(detail.contains(words), "{detail}");
        assert!(!detail.contains("canary"), "{detail}");
    }
}
