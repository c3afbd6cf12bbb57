//! Canaries: what was shown as a secret is found nowhere afterwards, neither on the disk nor in a log line.

use crate::house::{House, PASSWORD, registration};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::layer::SubscriberExt;

/// Does with every kind of secret what people do, and gives the secrets back by name.
async fn live_a_little(house: &House) -> Vec<(&'static str, String)> {
    let body = registration("ada");
    house.post("/api/v1/auth/register").header("idempotency-key", "k1").json(body.clone()).await;
    house.post("/api/v1/auth/register").header("idempotency-key", "k1").json(body).await;
    let wrong = "wrong horse battery";
    house.post("/api/v1/auth/tokens").json(json!({ "email": "ada@example.org", "password": wrong })).await;
    house.post("/api/v1/auth/tokens").json(json!({ "email": "ada@example.org", "password": 8_675_309 })).await;
    let session = house.log_in("ada").await;
    house.get("/account").session(&session).send().await;
    let (access, first) = house.tokens("ada").await;
    house.get("/api/v1/auth/me").bearer(&access).send().await;
    let second = house.refresh(&first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    house.refresh(&first).await;
    let key = json!({ "name": "k", "scopes": ["auth:read"] });
    let key =
        house.post("/api/v1/auth/keys").session(&session).json(key).await.json()["key"].as_str().unwrap().to_owned();
    house.get("/api/v1/auth/me").bearer(&key).send().await;
    house.post("/logout").session(&session).send().await;
    vec![
        ("password", PASSWORD.to_owned()),
        ("wrong password", wrong.to_owned()),
        ("password that is no text", "8675309".to_owned()),
        ("session", session),
        ("access token", access),
        ("API key", key),
        ("used refresh token", first),
        ("refresh token", second),
    ]
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn no_secret_is_on_the_disk() {
    let house = House::new().await;
    let mut secrets = live_a_little(&house).await;
    let greeting = house.module.greeting().await.unwrap();
    secrets.push(("set-up link", greeting.rsplit('/').next().unwrap().to_owned()));
    let file = house.database.url.strip_prefix("sqlite://").unwrap();
    let folder = std::path::Path::new(file).parent().unwrap();
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(holds(&bytes, "ada@example.org"), "the search finds what is there");
    for (name, secret) in secrets {
        assert!(!holds(&bytes, &secret), "the {name} is in the database");
    }
}

async fn column(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default()).collect()
}

#[tokio::test]
async fn no_hash_leaves_its_own_table() {
    let house = House::new().await;
    live_a_little(&house).await;
    house.module.greeting().await;
    let database = Database::connect(house.database.url.as_str()).await.unwrap();
    let mut hashes = column(&database, "SELECT password_hash FROM users").await;
    for table in ["sessions", "refresh_tokens", "setup_links", "api_keys"] {
        hashes.extend(column(&database, &format!("SELECT token_hash FROM {table}")).await);
    }
    assert_eq!(hashes.len(), 6);
    let mut told = column(&database, "SELECT state FROM history").await;
    told.extend(column(&database, "SELECT event FROM outbox").await);
    told.extend(column(&database, "SELECT answer FROM replays").await);
    assert!(told.len() > 12 && told.iter().any(|text| text.contains("ada@example.org")));
    for text in told {
        assert!(!hashes.iter().any(|hash| text.contains(hash)) && !text.contains("argon2"), "{text}");
    }
}

#[tokio::test]
async fn fingerprint_of_a_retry_knows_nothing_of_the_password() {
    let house = House::new().await;
    let send = |body| house.post("/api/v1/auth/register").header("idempotency-key", "k1").json(body);
    let first = send(registration("ada")).await;
    let mut body = registration("ada");
    body["password"] = json!("another long password");
    assert_eq!(send(body).await.text, first.text, "whoever guesses passwords learns nothing from the fingerprint");
}

/// A log kept in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_a_log_line_however_much_is_logged() {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let house = House::new().await;
    let secrets = live_a_little(&house).await;
    let logged = lines.0.lock().unwrap().clone();
    assert!(
        holds(&logged, "a log-in was refused") && holds(&logged, "was used twice"),
        "the search finds what is there"
    );
    for (name, secret) in secrets {
        assert!(!holds(&logged, &secret), "the {name} was logged");
    }
}
