//! Values that must not be read over a shoulder: they can be used, not printed.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use url::Url;

/// What stands where a secret would.
pub(crate) const MASK: &str = "***";

/// A secret: no `Display`, no `Serialize`, a `Debug` that says nothing, wiped from memory when dropped.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What secrets at rest are sealed with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The key that wraps, 32 bytes in base64; `None` (local and test only) means one kept in `data_dir`.
    pub master_key: Option<Secret>,
    /// Keys that still unwrap.
    pub former_master_keys: Vec<Secret>,
}

/// Where a database is. May carry a password, so it prints itself without one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(SecretString);

impl DatabaseUrl {
    /// Wraps a URL that a [`crate::Kind::DatabaseUrl`] accepted.
    pub fn new(url: impl Into<String>) -> Self {
        Self(SecretString::from(url.into()))
    }

    /// The URL with its password, for the one place that connects.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it names a PostgreSQL server.
    pub fn is_postgres(&self) -> bool {
        is_postgres(self.expose())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", mask_url(self.expose()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_url(self.expose()))
    }
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// MariaDB too: its clients write the same.
pub(crate) fn is_mysql(url: &str) -> bool {
    url.starts_with("mysql://")
}

/// Whether it names a server, which may be spoken to over TLS, rather than a file.
pub(crate) fn is_server(url: &str) -> bool {
    is_postgres(url) || is_mysql(url)
}

/// The URL with its password masked, and with every query value masked whose name speaks of a secret.
/// What is no URL is masked wholly.
pub fn mask_url(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return MASK.to_owned() };
    if parsed.password().is_some() && parsed.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    let tells = |name: &str| ["pass", "secret", "token", "key"].iter().any(|word| name.contains(word));
    if parsed.query_pairs().any(|(name, _)| tells(&name.to_lowercase())) {
        let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        parsed.query_pairs_mut().clear().extend_pairs(pairs.iter().map(|(name, value)| {
            let shown = if tells(&name.to_lowercase()) { MASK } else { value };
            (name, shown)
        }));
    }
    parsed.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new("canary");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "canary");
    }

    #[test]
    fn a_database_url_prints_itself_without_its_password() {
        let url = DatabaseUrl::new("postgres://ada:canary@db:5432/polity?sslmode=require");
        assert_eq!(url.to_string(), "postgres://ada:***@db:5432/polity?sslmode=require");
        assert!(!format!("{url:?}").contains("canary"));
    }

    #[test]
    fn passwords_in_the_query_are_masked_and_other_values_stay() {
        assert_eq!(
            mask_url("postgres://db/polity?password=canary&user=ada"),
            "postgres://db/polity?password=***&user=ada"
        );
        assert_eq!(mask_url("not a url canary"), "***");
    }
}
