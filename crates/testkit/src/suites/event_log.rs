//! The suite for [`kernel::EventLog`].
//!
//! What may not enter: how an event comes to be committed; that is the subject's affair. A log may hold other events
//! beside the ones published here, such as audit entries.

use crate::patience::PATIENCE;
use async_trait::async_trait;
use futures::future::join_all;
use kernel::{Batch, EventLog, NewEvent, Position, Sequenced};
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio::time::timeout;

const KIND: &str = "testkit.thing_happened.v1";

/// An engine to be tested, with the way events get into it.
#[async_trait]
pub trait EventLogSubject: Send + Sync {
    /// The port under test.
    fn log(&self) -> &dyn EventLog;

    /// Commits one event. It may show in the log a moment later.
    async fn publish(&self, event: NewEvent);
}

/// Runs every case, each on a `fresh` engine with an empty log.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn event_log<S: EventLogSubject>(fresh: impl AsyncFn() -> S) {
    empty_log_answers_at_once(&fresh().await).await;
    events_come_whole_and_in_order(&fresh().await).await;
    after_and_limit_bound_a_batch(&fresh().await).await;
    read_at_the_head_answers_with_the_head(&fresh().await).await;
    read_beyond_the_head_finds_nothing(&fresh().await).await;
    waiting_reader_wakes_for_the_first_event(&fresh().await).await;
    waiting_reader_gives_up(&fresh().await).await;
    concurrent_commits_leave_no_gap(&fresh().await).await;
}

async fn empty_log_answers_at_once(subject: &impl EventLogSubject) {
    let batch = read(subject, Position::START, 10, Duration::ZERO).await;
    assert_eq!(batch, Batch::default(), "an empty log has no events, and its head is the start");
}

async fn events_come_whole_and_in_order(subject: &impl EventLogSubject) {
    publish(subject, 5).await;
    let all = drain(subject, 5).await;
    let ours: Vec<_> = all.iter().filter(|entry| entry.event.kind == KIND).collect();
    for (number, entry) in ours.iter().enumerate() {
        let sent = event(number);
        assert_eq!(
            (&entry.event.key, &entry.event.data),
            (&sent.key, &sent.data),
            "events come as they were published"
        );
    }
    assert_eq!(ours.len(), 5, "every event comes once");
    let ids: HashSet<_> = all.iter().map(|entry| entry.event.id).collect();
    assert_eq!(ids.len(), all.len(), "every event has an id of its own");
    assert_eq!(drain(subject, 5).await, all, "a log reads the same again");
}

async fn after_and_limit_bound_a_batch(subject: &impl EventLogSubject) {
    publish(subject, 5).await;
    let all = drain(subject, 5).await;
    let batch = read(subject, Position(1), 2, Duration::ZERO).await;
    assert_eq!(batch.events, all[1..3], "a batch begins behind `after` and ends at `limit`");
    assert_eq!(batch.head, all[all.len() - 1].position, "the head is the log's, not the batch's");
}

async fn read_at_the_head_answers_with_the_head(subject: &impl EventLogSubject) {
    publish(subject, 2).await;
    let head = drain(subject, 2).await.last().map_or(Position::START, |entry| entry.position);
    let batch = read(subject, head, 10, Duration::ZERO).await;
    assert_eq!(batch, Batch { events: Vec::new(), head }, "an empty read at the head still says where the head is");
}

async fn read_beyond_the_head_finds_nothing(subject: &impl EventLogSubject) {
    publish(subject, 1).await;
    let head = drain(subject, 1).await.last().map_or(Position::START, |entry| entry.position);
    let batch = read(subject, Position(head.0 + 100), 10, Duration::ZERO).await;
    assert_eq!(batch, Batch { events: Vec::new(), head }, "beyond the head there is nothing");
}

async fn waiting_reader_wakes_for_the_first_event(subject: &impl EventLogSubject) {
    let reading = timeout(PATIENCE, read(subject, Position::START, 10, PATIENCE * 6));
    let (batch, ()) = tokio::join!(reading, publish(subject, 1));
    let batch = batch.expect("a waiting reader wakes when an event comes, long before its wait is over");
    assert!(!batch.events.is_empty(), "a waiting reader gets what woke it");
}

async fn waiting_reader_gives_up(subject: &impl EventLogSubject) {
    let reading = read(subject, Position::START, 10, Duration::from_millis(30));
    let batch = timeout(PATIENCE, reading).await.expect("a reader waits no longer than it said");
    assert_eq!(batch, Batch::default(), "a wait in vain ends with an empty batch");
}

async fn concurrent_commits_leave_no_gap(subject: &impl EventLogSubject) {
    join_all((0..20).map(|number| subject.publish(event(number)))).await;
    let all = drain(subject, 20).await;
    let ours = all.iter().filter(|entry| entry.event.kind == KIND);
    let keys: BTreeSet<_> = ours.clone().map(|entry| entry.event.key.clone()).collect();
    assert_eq!((ours.count(), keys.len()), (20, 20), "every concurrent commit comes exactly once");
}

fn event(number: usize) -> NewEvent {
    NewEvent {
        kind: KIND, key: format!("thing-{number}"), data: json!({ "number": number, "name": "ü \" \u{1f600}" })
    }
}

async fn publish(subject: &impl EventLogSubject, count: usize) {
    for number in 0..count {
        subject.publish(event(number)).await;
    }
}

/// The whole log, once it holds `count` of our events.
async fn drain(subject: &impl EventLogSubject, count: usize) -> Vec<Sequenced> {
    let mut all: Vec<Sequenced> = Vec::new();
    loop {
        let complete = all.iter().filter(|entry| entry.event.kind == KIND).count() >= count;
        let after = all.last().map_or(Position::START, |entry| entry.position);
        let batch = read(subject, after, 3, if complete { Duration::ZERO } else { PATIENCE }).await;
        if batch.events.is_empty() {
            assert!(complete, "every committed event shows in the log within {PATIENCE:?}");
            return all;
        }
        all.extend(batch.events);
    }
}

/// Reads a batch and checks what is true of every one.
async fn read(subject: &impl EventLogSubject, after: Position, limit: usize, wait: Duration) -> Batch {
    let batch = subject.log().read(after, limit, wait).await.expect("the log can be read");
    assert!(batch.events.len() <= limit, "a batch holds no more than `limit` events");
    let positions: Vec<_> = batch.events.iter().map(|entry| entry.position.0).collect();
    let dense: Vec<_> = (after.0 + 1..).take(positions.len()).collect();
    assert_eq!(positions, dense, "positions go on behind `after` without gaps");
    batch
}
