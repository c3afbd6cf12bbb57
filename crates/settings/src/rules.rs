//! What settings demand of one another and of the environment. A rule stays silent about a value that was refused
//! already: one mistake, one fault.

use crate::kind::ssl_mode;
use crate::load::{Entries, Entry, is_encrypted};
use crate::secret::is_server;
use crate::typed::Environment;
use crate::{Kind, SettingFault};
use serde_json::Value;

/// The shortest token that processes of an exposed installation may show each other.
const TOKEN_LENGTH: usize = 32;

pub(crate) fn check(environment: Environment, entries: &Entries, faults: &mut Vec<SettingFault>) {
    let mut rules = Rules { environment, entries, faults };
    if environment.is_exposed() {
        rules.exposed();
        rules.internal_token();
    }
    if environment == Environment::Production {
        rules.database_tls();
    }
    rules.ports_differ();
    rules.no_longer_than("feed.backoff_ms", "feed.backoff_max_ms");
    rules.no_longer_than("auth.session_idle_s", "auth.session_absolute_s");
    rules.no_longer_than("auth.access_token_ttl_s", "auth.refresh_token_ttl_s");
    rules.replicas_have_primaries();
    rules.mail();
}

struct Rules<'a> {
    environment: Environment,
    entries: &'a Entries,
    faults: &'a mut Vec<SettingFault>,
}

impl Rules<'_> {
    /// What staging and production must be told, because no default could be right.
    fn exposed(&mut self) {
        let environment = self.environment;
        self.demand(
            "store.url",
            |value| !value.is_null(),
            || format!("must be set in {environment}: a server's database, not a file per module by accident"),
        );
        self.demand(
            "auth.signing_key",
            |value| !value.is_null(),
            || format!("must be set in {environment}, so that every process signs with the same key"),
        );
        self.demand(
            "audit.signing_key",
            |value| !value.is_null(),
            || format!("must be set in {environment}, so that checkpoints of the record can be told from forged ones"),
        );
        self.demand(
            "secrets.master_key",
            |value| !value.is_null(),
            || format!("must be set in {environment}: what is sealed under it must be there to be opened again"),
        );
        self.demand("log.format", |value| value == "json", || format!("must be json in {environment}"));
        let is_https = |value: &Value| value.as_str().is_some_and(|url| url.starts_with("https://"));
        self.demand("http.public_url", is_https, || format!("must be an https URL in {environment}"));
    }

    fn internal_token(&mut self) {
        let environment = self.environment;
        if self.number("internal.port").is_some_and(|port| port > 0) {
            let is_long = |value: &Value| value.as_str().is_some_and(|token| token.len() >= TOKEN_LENGTH);
            self.demand("internal.token", is_long, || {
                format!("must have at least {TOKEN_LENGTH} characters in {environment} when internal.port is on")
            });
        }
    }

    fn database_tls(&mut self) {
        // When TLS is demanded anyway, every URL says so by now, and those that cannot are faults already.
        if self.entries.get("store.require_tls").is_some_and(|entry| entry.value == Value::Bool(true)) {
            return;
        }
        for (key, entry) in database_urls(self.entries) {
            let plain = |url: &str| is_server(url) && !ssl_mode(url).is_some_and(|mode| is_encrypted(&mode));
            if entry.value.as_str().is_some_and(plain) {
                let detail = "must be spoken to over TLS in production: set store.require_tls, or sslmode=require, \
                    verify-ca or verify-full in the URL (MySQL: ssl-mode=required, verify_ca or verify_identity)";
                self.faults.push(SettingFault::new(key, &entry.source, detail));
            }
        }
    }

    fn ports_differ(&mut self) {
        if let (Some(public), Some(internal)) = (self.number("http.port"), self.number("internal.port"))
            && public == internal
            && public > 0
        {
            self.demand("internal.port", |_| false, || format!("must differ from http.port, which is {public} too"));
        }
    }

    fn no_longer_than(&mut self, short: &str, long: &str) {
        if let (Some(a), Some(b)) = (self.number(short), self.number(long))
            && a > b
        {
            self.demand(short, |_| false, || format!("is {a}, longer than {long}, which is {b}"));
        }
    }

    fn replicas_have_primaries(&mut self) {
        for (key, entry) in database_urls(self.entries) {
            let Some(primary) = key.strip_suffix("replica_url").map(|group| format!("{group}url")) else { continue };
            let has_none = self.entries.get(&primary).is_none_or(|entry| entry.value.is_null());
            let was_refused = self.faults.iter().any(|fault| fault.key == primary);
            if !entry.value.is_null() && has_none && !was_refused {
                self.faults.push(SettingFault::new(key, &entry.source, format!("is set without {primary}")));
            }
        }
    }

    /// What ways of sending mail demand, and what demands mail.
    fn mail(&mut self) {
        let environment = self.environment;
        let says =
            |rules: &Self, key: &str, word: &str| rules.entries.get(key).is_some_and(|entry| entry.value == word);
        if environment.is_exposed() {
            self.demand(
                "mail.engine",
                |value| value != "mailbox",
                || format!("must be smtp or off in {environment}: whoever sees /mailbox sees everybody's mail"),
            );
        }
        if says(self, "mail.engine", "off") {
            self.demand(
                "auth.email_verification",
                |value| value != "required",
                || "must be optional while mail.engine is off: nobody could prove anything".to_owned(),
            );
        }
        if !says(self, "mail.engine", "smtp") {
            return;
        }
        self.demand("mail.smtp_host", |value| !value.is_null(), || "must be set when mail.engine is smtp".to_owned());
        let host = self.entries.get("mail.smtp_host").and_then(|entry| entry.value.as_str());
        let is_here = host.is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "::1"));
        if environment == Environment::Production && !is_here {
            self.demand(
                "mail.smtp_tls",
                |value| value != "none",
                || "must be implicit or starttls in production, unless the server is on this machine".to_owned(),
            );
        }
        let has = |key: &str| self.entries.get(key).is_some_and(|entry| !entry.value.is_null());
        if has("mail.smtp_user") && !has("mail.smtp_password") {
            self.demand("mail.smtp_password", |_| false, || "must be set when mail.smtp_user is".to_owned());
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.entries.get(key)?.value.as_u64()
    }

    fn demand(&mut self, key: &str, holds: impl Fn(&Value) -> bool, detail: impl Fn() -> String) {
        if let Some(entry) = self.entries.get(key)
            && !holds(&entry.value)
        {
            self.faults.push(SettingFault::new(key, &entry.source, detail()));
        }
    }
}

fn database_urls(entries: &Entries) -> impl Iterator<Item = (&String, &Entry)> {
    entries.iter().filter(|(_, entry)| entry.setting.kind == Kind::DatabaseUrl)
}
