//! Pub/sub of one process.

use kernel::{Fault, Heard, PubSub, Subscription, sendable};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast::{self, error::RecvError};

/// Messages kept for a subscriber that is late; one that is later has a gap.
const BUFFER: usize = 1_024;

/// Tells the subscribers of this process.
#[derive(Default)]
pub struct MemoryPubSub {
    topics: Mutex<HashMap<String, broadcast::Sender<String>>>,
}

impl MemoryPubSub {
    fn topic(&self, topic: &str) -> broadcast::Sender<String> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.entry(topic.to_owned()).or_insert_with(|| broadcast::Sender::new(BUFFER)).clone()
    }
}

#[async_trait::async_trait]
impl PubSub for MemoryPubSub {
    async fn publish(&self, topic: &str, message: &str) -> Result<(), Fault> {
        sendable(topic, message)?;
        // Nobody listening is not an error.
        let _listeners = self.topic(topic).send(message.to_owned());
        Ok(())
    }

    fn subscribe(&self, topic: &str) -> Result<Box<dyn Subscription>, Fault> {
        sendable(topic, "")?;
        Ok(Box::new(Listener { told: self.topic(topic).subscribe(), begun: false }))
    }
}

struct Listener {
    told: broadcast::Receiver<String>,
    begun: bool,
}

#[async_trait::async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Heard {
        if !std::mem::replace(&mut self.begun, true) {
            return Heard::Gap;
        }
        match self.told.recv().await {
            Ok(message) => Heard::Message(message),
            Err(RecvError::Lagged(_)) => Heard::Gap,
            // Nobody is left who could say anything.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
