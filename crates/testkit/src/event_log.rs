//! A module's log that lives in memory.
//!
//! What may not enter: more than the port promises, or tests would pass on the fake alone.

use async_trait::async_trait;
use kernel::{Batch, Event, EventLog, Fault, Position, Sequenced};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Keeps events for as long as it lives.
#[derive(Debug)]
pub struct InMemoryLog {
    events: watch::Sender<Vec<Event>>,
}

impl Default for InMemoryLog {
    fn default() -> Self {
        Self { events: watch::Sender::new(Vec::new()) }
    }
}

impl InMemoryLog {
    /// Adds an event at the end, wakes whoever waits for it, and says where it stands.
    pub fn append(&self, event: Event) -> Position {
        let mut position = Position::START;
        self.events.send_modify(|events| {
            events.push(event);
            position = place(events.len());
        });
        position
    }
}

#[async_trait]
impl EventLog for InMemoryLog {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        let skip = usize::try_from(after.0).unwrap_or(0);
        let mut events = self.events.subscribe();
        let _arrived = timeout(wait, events.wait_for(|events| events.len() > skip)).await.is_ok();
        let events = events.borrow();
        let numbered = events.iter().enumerate().skip(skip).take(limit);
        let batch = numbered.map(|(index, event)| Sequenced { position: place(index + 1), event: event.clone() });
        Ok(Batch { events: batch.collect(), head: place(events.len()) })
    }
}

fn place(count: usize) -> Position {
    Position(i64::try_from(count).expect("memory ends long before positions do"))
}
