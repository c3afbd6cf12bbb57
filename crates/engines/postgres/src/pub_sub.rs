//! Pub/sub by LISTEN and NOTIFY. PostgreSQL keeps nothing for whoever is not connected, so each connection begins with a
//! gap.

use kernel::{Fault, Heard, PubSub, Subscription, reasons, sendable};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Executor, PgPool};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What is told need not be on disk before it is heard.
const NOTIFY: &str = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
/// How long connecting may take, and how long an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Before a connection is tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// After so long a silence the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);
/// Connections that say something; listeners have their own.
const SPEAKERS: u32 = 2;

/// Tells every process on one database.
pub struct PostgresPubSub {
    url: String,
    pool: PgPool,
}

impl PostgresPubSub {
    /// On the database at `url`, which need not answer yet. There must be a tokio runtime.
    ///
    /// # Errors
    /// `Internal` when it is no such URL.
    pub fn on(url: &str) -> Result<Self, Fault> {
        let pool = PgPoolOptions::new()
            .max_connections(SPEAKERS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy(url)
            .map_err(Fault::internal)?;
        Ok(Self { url: url.to_owned(), pool })
    }
}

#[async_trait::async_trait]
impl PubSub for PostgresPubSub {
    async fn publish(&self, topic: &str, message: &str) -> Result<(), Fault> {
        sendable(topic, message)?;
        let notify = sqlx::query(NOTIFY).bind(channel(topic)).bind(message).execute(&self.pool);
        match timeout(PATIENCE, notify).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(reasons::STORE_DOWN.fault().because(error)),
            Err(_) => Err(reasons::STORE_DOWN.fault()),
        }
    }

    fn subscribe(&self, topic: &str) -> Result<Box<dyn Subscription>, Fault> {
        sendable(topic, "")?;
        let (url, channel) = (self.url.clone(), channel(topic));
        Ok(Box::new(Listener { url, channel, open: None, failed: false }))
    }
}

fn channel(topic: &str) -> String {
    format!("polity_topic_{topic}")
}

struct Listener {
    url: String,
    channel: String,
    open: Option<PgListener>,
    /// Whether the last try to connect failed; nobody is asked twice at once.
    failed: bool,
}

impl Listener {
    async fn connect(&self) -> Option<PgListener> {
        let connecting = async {
            let mut listener = PgListener::connect(&self.url).await?;
            listener.eager_reconnect(false);
            listener.listen(&self.channel).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        timeout(PATIENCE, connecting).await.ok()?.ok()
    }
}

#[async_trait::async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Heard {
        loop {
            let Some(open) = &mut self.open else {
                if self.failed {
                    sleep(AGAIN).await;
                }
                self.failed = true;
                if let Some(listener) = self.connect().await {
                    (self.open, self.failed) = (Some(listener), false);
                    return Heard::Gap;
                }
                continue;
            };
            match timeout(SILENCE, open.try_recv()).await {
                Ok(Ok(Some(told))) => return Heard::Message(told.payload().to_owned()),
                Ok(Ok(None) | Err(_)) => self.open = None,
                Err(_) => {
                    let alive = timeout(PATIENCE, open.execute("SELECT 1")).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        self.open = None;
                    }
                }
            }
        }
    }
}
