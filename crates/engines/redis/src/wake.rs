//! Waiting for tasks: a read that blocks at the server until somebody wrote that there is something new.
//!
//! What may not enter: looking for the tasks themselves.

use crate::link::Link;
use redis::{RedisResult, cmd};
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

/// How long to leave a server alone that did not answer.
const REST: Duration = Duration::from_millis(250);
/// How long a read waits at the server; the next one follows at once.
pub(crate) const BLOCK: Duration = Duration::from_secs(30);

type Entry = (String, Vec<String>);
type Read = Pin<Box<dyn Future<Output = RedisResult<Option<String>>> + Send>>;

/// Where the signs of new tasks have been read up to.
pub(crate) struct Wake {
    link: Link,
    stream: String,
    reading: Mutex<Reading>,
    news: watch::Sender<()>,
}

struct Reading {
    last: String,
    /// The read that waits at the server. It outlives whoever asked for it: what was sent cannot be taken back, and the
    /// next one would stand behind it.
    under_way: Option<Read>,
}

impl Wake {
    /// Over a `link` for commands that wait for up to [`BLOCK`].
    pub(crate) fn new(link: Link, stream: String) -> Self {
        let reading = Reading { last: "0-0".to_owned(), under_way: None };
        Self { link, stream, reading: Mutex::new(reading), news: watch::Sender::new(()) }
    }

    /// Returns with the first sign that was not seen before, at the latest after `patience`. Of several who wait, one
    /// reads, and tells the others.
    pub(crate) async fn wait(&self, patience: Duration) {
        let mut news = self.news.subscribe();
        let waiting = async {
            tokio::select! {
                () = self.read_on() => {}
                _ = news.changed() => {}
            }
        };
        let _in_vain = timeout(patience, waiting).await;
    }

    async fn read_on(&self) {
        let mut reading = self.reading.lock().await;
        let Reading { last, under_way } = &mut *reading;
        loop {
            let answer = under_way.get_or_insert_with(|| self.read_after(last)).await;
            *under_way = None;
            match answer {
                Ok(Some(newest)) => {
                    *last = newest;
                    self.news.send_replace(());
                    return;
                }
                Ok(None) => {}
                Err(_) => sleep(REST).await,
            }
        }
    }

    fn read_after(&self, last: &str) -> Read {
        let mut read = cmd("XREAD");
        read.arg("BLOCK").arg(BLOCK.as_secs() * 1_000).arg("STREAMS").arg(&self.stream).arg(last);
        let mut link = self.link.clone();
        Box::pin(async move {
            let streams: Option<Vec<(String, Vec<Entry>)>> = read.query_async(&mut link).await?;
            Ok(streams.and_then(|mut streams| Some(streams.pop()?.1.pop()?.0)))
        })
    }
}
