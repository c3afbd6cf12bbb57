//! The one table of settings. A new setting is a line here and a field in `typed.rs`; a test holds the two together.

use crate::Kind;
use Kind::{
    Addresses, Choice, Count, DatabaseUrl, DurationMs, DurationS, Flag, Ip, LogLevel, Networks, OptionalText, Origins,
    Path, Port, Ratio, Secret, Seed, Seeds, Text, Url, Urls,
};

/// One setting. A `*` in the key stands for any module's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, such as `http.port`.
    pub key: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// Its value when nobody gives one; `None` when it then stays empty.
    pub default: Option<&'static str>,
    /// What it does, for people.
    pub about: &'static str,
}

impl Setting {
    /// The environment variable that sets it; `*` where a module's name goes, in capitals.
    pub fn variable(&self) -> String {
        if self.key == ENVIRONMENT {
            return "ENVIRONMENT".to_owned();
        }
        format!("POLITY_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether it speaks of any module rather than of one thing.
    pub(crate) fn is_per_module(&self) -> bool {
        self.key.contains('*')
    }

    /// Whether `key` is this setting's, a module's name standing where the table has `*`.
    pub(crate) fn is_named(&self, key: &str) -> bool {
        let (own, other) = (self.key.split('.'), key.split('.'));
        own.clone().count() == other.clone().count() && own.zip(other).all(|(a, b)| a == b || (a == "*" && is_name(b)))
    }
}

/// The one setting that no file may give, because it chooses the file.
pub(crate) const ENVIRONMENT: &str = "environment";

/// Whether `text` can be a module's name.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

const fn set(key: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Setting {
    Setting { key, kind, default: Some(default), about }
}

const fn empty(key: &'static str, kind: Kind, about: &'static str) -> Setting {
    Setting { key, kind, default: None, about }
}

const HOUR_S: u64 = 3_600;
const YEAR_S: u64 = 366 * 24 * HOUR_S;
const HOUR_MS: u64 = HOUR_S * 1_000;
const GIB: u64 = 1 << 30;

/// Every setting there is, in the order people read them.
#[rustfmt::skip] // One line per setting, so that the table reads as a table.
pub const SETTINGS: &[Setting] = &[
    set(ENVIRONMENT, Choice(&["local", "test", "staging", "production"]), "local", "Which installation this is. Chooses the file; set only by the variable."),
    set("data_dir", Path, "./data", "The folder for SQLite files, generated keys and uploads."),

    set("http.address", Ip, "127.0.0.1", "The address the public server listens on."),
    set("http.port", Port, "8080", "The port the public server listens on; 0 lets the system choose one."),
    empty("http.public_url", Url, "The URL people reach this installation by. When empty, made of address and port."),
    set("http.request_timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "15000", "How long one request may take."),
    set("http.body_limit_bytes", Count { min: 1_024, max: GIB }, "1048576", "How large a request body may be, in bytes."),
    set("http.header_timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "5000", "How long a client may take to send its request's head."),
    set("http.idle_timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "60000", "How long an open connection may stay silent."),
    set("http.max_connections", Count { min: 1, max: 1_000_000 }, "12000", "How many connections may be open at a time."),
    empty("http.trusted_proxies", Networks, "The proxies whose word on the client's address is taken."),
    set("http.rate_limit.enabled", Flag, "true", "Whether requests are limited per client."),
    set("http.rate_limit.per_minute", Count { min: 1, max: 10_000_000 }, "600", "How many requests a client may make per minute in the long run."),
    set("http.rate_limit.burst", Count { min: 1, max: 10_000_000 }, "120", "How many requests a client may make at once."),
    empty("http.cors_origins", Origins, "The other sites whose pages may call the API from a browser."),
    set("http.compression", Flag, "true", "Whether answers are compressed."),

    set("internal.address", Ip, "127.0.0.1", "The address that other processes of this installation call."),
    set("internal.port", Port, "0", "The port that other processes of this installation call (portals, feed); 0 turns it off."),
    empty("internal.token", Secret, "What those processes show each other; at least 32 characters outside local and test."),

    empty("store.url", DatabaseUrl, "The database of every module without its own. When empty, a SQLite file per module under data_dir. DB_HOST and its companions make it too."),
    empty("store.replica_url", DatabaseUrl, "A read replica of that database."),
    set("store.max_connections", Count { min: 1, max: 1_000 }, "8", "How many connections each module's pool may hold."),
    set("store.acquire_timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "3000", "How long to wait for a free connection."),
    set("store.statement_timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "10000", "How long one statement may run on a database server. MySQL bounds reading statements only; MariaDB bounds all."),
    set("store.sqlite_synchronous", Choice(&["normal", "full"]), "normal", "When SQLite waits for the disk: full survives a power cut without losing the last commits."),
    set("store.pooler", Choice(&["session", "transaction"]), "session", "What stands before PostgreSQL: transaction for PgBouncer from 1.21 on in transaction mode, with max_prepared_statements set and roles whose search_path names their schema."),
    set("store.migrate_on_start", Flag, "true", "Whether a starting process brings its schemas up to date."),
    set("store.require_tls", Flag, "false", "Whether database servers must be spoken to over TLS: adds sslmode=require, or ssl-mode=required for MySQL, where a URL names none."),

    empty("modules.*.store.url", DatabaseUrl, "The module's own database, instead of store.url."),
    empty("modules.*.store.replica_url", DatabaseUrl, "A read replica of the module's own database."),
    empty("modules.*.address", Urls, "Where the module's internal port is, when it runs in other processes."),
    empty("modules.*.http_address", Urls, "Where the gateway forwards the module's pages and REST to, when it runs in other processes."),

    set("portals.timeout_ms", DurationMs { min: 1, max: HOUR_MS }, "2000", "How long a call to another process may take, all its tries together."),
    set("portals.retries", Count { min: 0, max: 10 }, "2", "How often an idempotent call is tried again."),
    set("portals.breaker_failures", Count { min: 1, max: 10_000 }, "5", "How many failures in a row open the circuit breaker."),
    set("portals.breaker_open_ms", DurationMs { min: 1, max: HOUR_MS }, "5000", "How long an open breaker gives the other process a rest."),
    set("portals.bulkhead", Count { min: 1, max: 100_000 }, "256", "How many calls to one service may be under way."),

    set("portals.identity_ms", DurationMs { min: 0, max: HOUR_MS }, "1000", "How long a process believes who shows a credential and in which role. What is told through pubsub.engine ends it at once, so it is the bound for what is not told."),

    set("feed.batch", Count { min: 1, max: 10_000 }, "256", "How many events a subscriber pulls at a time."),
    set("feed.poll_ms", DurationMs { min: 1, max: HOUR_MS }, "250", "How long to wait at most before looking for what another process committed to the same database."),
    set("feed.wait_ms", DurationMs { min: 1, max: HOUR_MS }, "20000", "How long a pull from another process may stay open without events."),
    set("feed.max_attempts", Count { min: 1, max: 1_000 }, "8", "How often an event is tried before it becomes a dead letter."),
    set("feed.backoff_ms", DurationMs { min: 1, max: HOUR_MS }, "200", "How long to wait before the second try; doubled for each further one."),
    set("feed.backoff_max_ms", DurationMs { min: 1, max: 24 * HOUR_MS }, "60000", "The longest wait between two tries."),

    set("tasks.concurrency", Count { min: 1, max: 10_000 }, "16", "How many tasks of each module a process does at a time."),
    set("tasks.lease_ms", DurationMs { min: 1_000, max: HOUR_MS }, "15000", "How long nothing may be heard of a process before others do its tasks."),
    set("tasks.poll_ms", DurationMs { min: 10, max: HOUR_MS }, "1000", "How long to wait at most before looking for tasks that another process enqueued and nobody told of."),
    set("tasks.drain_ms", DurationMs { min: 0, max: HOUR_MS }, "5000", "How long tasks under way may take to end when the process is told to stop, but half of shutdown.grace_ms at most; then they go back."),

    empty("secrets.master_key", Seed, "The key under which every module's data keys are wrapped. When empty in local and test, one is made in data_dir."),
    empty("secrets.former_master_keys", Seeds, "Master keys that are not wrapped under any more and still unwrap, until `polity secrets rotate` has run."),
    set("redis.mode", Choice(&["single", "sentinel", "cluster"]), "single", "How redis.addresses belong together: one server, sentinels that know the master, or nodes of a cluster."),
    empty("redis.addresses", Addresses, "Where Redis or Valkey is, as host:port. When empty, what processes share (rate limits) each has for itself."),
    set("redis.sentinel_master", Text, "mymaster", "What the sentinels call the master."),
    empty("redis.sentinel_password", Secret, "The password the sentinels ask for."),
    empty("redis.user", OptionalText, "The user at Redis, when it is not the default one."),
    empty("redis.password", Secret, "The password at Redis."),
    set("redis.database", Count { min: 0, max: 65_535 }, "0", "The number of the database at Redis; a cluster has only 0."),
    set("redis.tls", Flag, "false", "Whether Redis is spoken to over TLS, with the certificates the system trusts."),
    set("redis.prefix", Text, "polity", "What every key and channel begins with, so that installations can share a Redis."),
    set("redis.timeout_ms", DurationMs { min: 10, max: 60_000 }, "1000", "How long connecting to Redis may take, and how long an answer."),
    set("redis.limit_timeout_ms", DurationMs { min: 1, max: 1_000 }, "50", "How long a request waits to be counted at Redis before it is counted in its process."),

    set("pubsub.engine", Choice(&["auto", "memory", "redis", "postgresql"]), "auto", "What tells every process at once who was logged out or has another role: auto is redis where redis.addresses are set, else postgresql where store.url is one, else memory, which reaches this process only."),
    set("communities.unknown_host", Choice(&["first", "refused"]), "first", "What a request for a host that is no community's gets: the first community, or not found."),
    empty("communities.region", OptionalText, "The region this process stands in: it serves no community whose data is kept in another, and tells no process of another. When empty, it serves all."),

    empty("auth.signing_key", Seed, "The Ed25519 seed that signs tokens. When empty in local and test, one is made in data_dir."),
    set("auth.access_token_ttl_s", DurationS { min: 1, max: 24 * HOUR_S }, "900", "How long an access token is valid."),
    set("auth.refresh_token_ttl_s", DurationS { min: 1, max: YEAR_S }, "2592000", "How long a refresh token is valid."),
    set("auth.session_idle_s", DurationS { min: 1, max: YEAR_S }, "1209600", "How long a session lives without being used."),
    set("auth.session_absolute_s", DurationS { min: 1, max: YEAR_S }, "7776000", "How long a session lives at most."),
    set("auth.password_hash_concurrency", Count { min: 1, max: 256 }, "2", "How many passwords are hashed at a time."),
    set("auth.password_memory_kib", Count { min: 8, max: 4_194_304 }, "19456", "The memory of one Argon2id hash, in KiB."),
    set("auth.password_iterations", Count { min: 1, max: 100 }, "2", "The passes of one Argon2id hash."),
    set("auth.registration", Choice(&["open", "invitation", "closed"]), "open", "Whether anybody may make an account, or those who were invited, or nobody."),
    set("auth.inviters", Choice(&["moderators", "members"]), "moderators", "Who may invite people: moderators and administrators, or every member."),
    set("auth.api_key_max_life_s", DurationS { min: 60, max: 10 * YEAR_S }, "31536000", "How long an API key lives at most."),

    set("auth.deletion_grace_days", Count { min: 0, max: 90 }, "14", "For how many days an account that was deleted can be restored, before it is gone for good."),
    set("auth.email_verification", Choice(&["optional", "required"]), "optional", "Whether people must prove that an address is theirs before they can log in with it. Required needs mail."),

    set("mail.engine", Choice(&["mailbox", "smtp", "off"]), "mailbox", "How mail leaves: mailbox keeps it in data_dir for the page /mailbox (local and test only), smtp hands it to a server, off sends none."),
    set("mail.from", Text, "Polity <polity@localhost>", "Whom mail comes from: an address, or a name and an address in angle brackets."),
    empty("mail.smtp_host", OptionalText, "The mail server."),
    set("mail.smtp_port", Port, "0", "The mail server's port; 0 is the usual one: 465, with starttls 587, without TLS 25."),
    set("mail.smtp_tls", Choice(&["implicit", "starttls", "none"]), "implicit", "How the connection to the mail server is secured. In production only a server on this machine may go without."),
    empty("mail.smtp_user", OptionalText, "The user at the mail server, when it asks for one."),
    empty("mail.smtp_password", Secret, "The password at the mail server."),
    empty("mail.smtp_ca_file", OptionalText, "A file with a certificate, in PEM form, that is trusted beside the public ones."),
    set("mail.timeout_ms", DurationMs { min: 100, max: 50_000 }, "20000", "How long sending one mail may take."),

    empty("audit.signing_key", Seed, "The Ed25519 seed that signs the record's checkpoints. When empty in local and test, one is made in data_dir."),
    set("audit.retention_days", Count { min: 0, max: 36_500 }, "0", "For how many days entries of the record stay in the database before they move into archives, under files in data_dir; 0 is for ever."),

    set("log.level", LogLevel, "info", "What is logged."),
    set("log.format", Choice(&["pretty", "json"]), "pretty", "How log lines look: for eyes or for machines."),

    empty("telemetry.otlp_endpoint", Url, "The OTLP/gRPC collector for traces and metrics, such as http://127.0.0.1:4317."),
    set("telemetry.sample_ratio", Ratio, "1.0", "The share of traces kept when the caller has not decided."),
    set("telemetry.service_name", Text, "polity", "What this process calls itself in traces and metrics."),
    set("telemetry.metrics_enabled", Flag, "true", "Whether /metrics is served."),

    set("shutdown.pause_ms", DurationMs { min: 0, max: HOUR_MS }, "0", "How long readiness stays red before the listener closes, so that load balancers see it."),
    set("shutdown.grace_ms", DurationMs { min: 0, max: HOUR_MS }, "15000", "How long work under way may take to finish when the process is told to stop."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_default_is_accepted_by_its_own_kind() {
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                assert!(setting.kind.read(&default.into()).is_ok(), "{}", setting.key);
            }
        }
    }

    #[test]
    fn keys_and_variables_are_unique() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let variables: BTreeSet<_> = SETTINGS.iter().map(Setting::variable).collect();
        assert_eq!((keys.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
    }

    #[test]
    fn a_module_setting_is_named_by_any_module() {
        let setting = SETTINGS.iter().find(|setting| setting.key == "modules.*.store.url").unwrap();
        assert!(setting.is_named("modules.forum.store.url"));
        assert!(!setting.is_named("modules.Forum.store.url"));
        assert!(!setting.is_named("modules.forum.store"));
    }
}
