//! Waiting for tasks: a read that blocks at the server until somebody wrote that there is something new.
//!
//! What may not enter: looking for the tasks themselves.

use crate::link::Link;
use redis::{RedisResult, cmd};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

/// How long to leave a server alone that did not answer.
const REST: Duration = Duration::from_millis(250);

type Entry = (String, Vec<String>);

/// Where the signs of new tasks have been read up to.
pub(crate) struct Wake {
    link: Link,
    stream: String,
    last: Mutex<String>,
    news: watch::Sender<()>,
}

impl Wake {
    pub(crate) fn new(link: Link, stream: String) -> Self {
        Self { link, stream, last: Mutex::new("0-0".to_owned()), news: watch::Sender::new(()) }
    }

    /// Returns with the first sign that was not seen before, at the latest after `patience`. Of several who wait, one
    /// reads, and tells the others.
    pub(crate) async fn wait(&self, patience: Duration) {
        let mut news = self.news.subscribe();
        let waiting = async {
            tokio::select! {
                () = self.read_on(patience) => {}
                _ = news.changed() => {}
            }
        };
        let _in_vain = timeout(patience, waiting).await;
    }

    async fn read_on(&self, patience: Duration) {
        let mut last = self.last.lock().await;
        loop {
            match self.read_after(&last, patience).await {
                Ok(Some(newest)) => {
                    *last = newest;
                    self.news.send_replace(());
                    return;
                }
                Ok(None) => return,
                Err(_) => sleep(REST).await,
            }
        }
    }

    async fn read_after(&self, last: &str, patience: Duration) -> RedisResult<Option<String>> {
        // Zero would mean for ever.
        let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40);
        let mut read = cmd("XREAD");
        read.arg("BLOCK").arg(patience_ms).arg("STREAMS").arg(&self.stream).arg(last);
        let streams: Option<Vec<(String, Vec<Entry>)>> = read.query_async(&mut self.link.clone()).await?;
        Ok(streams.and_then(|mut streams| Some(streams.pop()?.1.pop()?.0)))
    }
}
