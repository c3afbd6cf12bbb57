//! Pub/sub of every process on one Redis. Redis keeps nothing for whoever is not connected, so each connection begins
//! with a gap.

use crate::link::{Ears, Link, fault, late};
use crate::server::RedisServers;
use futures::StreamExt;
use kernel::{Fault, Heard, PubSub, Subscription, sendable};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{RedisResult, cmd};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Before a connection is tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// After so long a silence the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);

/// Tells every process that uses the same prefix.
pub struct RedisPubSub {
    link: Link,
    servers: RedisServers,
}

impl RedisPubSub {
    /// On these servers. Nobody need answer yet.
    ///
    /// # Errors
    /// `request.invalid` when they are none.
    pub fn on(servers: &RedisServers) -> Result<Self, Fault> {
        Ok(Self { link: Link::to(servers)?, servers: servers.clone() })
    }
}

#[async_trait::async_trait]
impl PubSub for RedisPubSub {
    async fn publish(&self, topic: &str, message: &str) -> Result<(), Fault> {
        sendable(topic, message)?;
        let mut publish = cmd("PUBLISH");
        publish.arg(self.servers.key("topic", topic)).arg(message);
        publish.query_async::<i64>(&mut self.link.clone()).await.map(drop).map_err(fault)
    }

    fn subscribe(&self, topic: &str) -> Result<Box<dyn Subscription>, Fault> {
        sendable(topic, "")?;
        let channel = self.servers.key("topic", topic);
        let (ears, patience) = (Ears::of(&self.servers), self.servers.timeout);
        Ok(Box::new(Listener { ears, channel, patience, open: None, failed: false }))
    }
}

struct Listener {
    ears: Ears,
    channel: String,
    patience: Duration,
    open: Option<(PubSubSink, PubSubStream)>,
    /// Whether the last try to connect failed; nobody is asked twice at once.
    failed: bool,
}

impl Listener {
    async fn connect(&mut self) -> RedisResult<(PubSubSink, PubSubStream)> {
        let (mut sink, stream) = self.ears.connect().await?.split();
        timeout(self.patience, sink.subscribe(&self.channel)).await.unwrap_or_else(|_| Err(late()))?;
        Ok((sink, stream))
    }
}

#[async_trait::async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Heard {
        loop {
            let Some((sink, stream)) = &mut self.open else {
                if self.failed {
                    sleep(AGAIN).await;
                }
                self.failed = true;
                if let Ok(open) = self.connect().await {
                    (self.open, self.failed) = (Some(open), false);
                    return Heard::Gap;
                }
                continue;
            };
            match timeout(SILENCE, stream.next()).await {
                Ok(Some(message)) => match message.get_payload() {
                    Ok(message) => return Heard::Message(message),
                    // Not one of ours: ours are text.
                    Err(_) => continue,
                },
                Ok(None) => self.open = None,
                Err(_) => {
                    let alive = timeout(self.patience, sink.ping::<redis::Value>()).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        self.open = None;
                    }
                }
            }
        }
    }
}
