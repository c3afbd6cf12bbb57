//! The fakes against the suites, and the suites against fakes that break a promise.
//!
//! What may not enter: engines; each runs the suites in its own crate.

use async_trait::async_trait;
use futures::FutureExt;
use kernel::{Batch, Clock, Event, EventLog, Fault, Ids, NewEvent, Position, Replay, Replays, TenantId};
use rstest::rstest;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use testkit::suites::{self, EventLogSubject, ReplaysSubject};
use testkit::{InMemoryLog, InMemoryReplays, ManualClock, SequentialIds};

/// How a log may go wrong.
#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    SkipsAPosition,
    IncludesAfter,
    IgnoresLimit,
    ForgetsTheHead,
    NeverWakes,
    LosesConcurrentEvents,
}

struct Subject {
    log: InMemoryLog,
    ids: SequentialIds,
    clock: ManualClock,
    flaw: Flaw,
}

impl Subject {
    fn with(flaw: Flaw) -> Self {
        let (log, ids, clock) = (InMemoryLog::default(), SequentialIds::default(), ManualClock::default());
        Self { log, ids, clock, flaw }
    }
}

#[async_trait]
impl EventLog for Subject {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        let after = if self.flaw == Flaw::IncludesAfter { Position((after.0 - 1).max(0)) } else { after };
        let limit = if self.flaw == Flaw::IgnoresLimit { 100 } else { limit };
        let mut batch = self.log.read(after, limit, Duration::ZERO).await?;
        if batch.events.is_empty() {
            if self.flaw == Flaw::NeverWakes {
                tokio::time::sleep(wait).await;
            } else {
                batch = self.log.read(after, limit, wait).await?;
            }
        }
        match self.flaw {
            Flaw::SkipsAPosition => {
                batch.events.iter_mut().filter(|e| e.position.0 > 2).for_each(|e| e.position.0 += 1);
            }
            Flaw::ForgetsTheHead if batch.events.is_empty() => batch.head = Position::START,
            _ => {}
        }
        Ok(batch)
    }
}

#[async_trait]
impl EventLogSubject for Subject {
    fn log(&self) -> &dyn EventLog {
        self
    }

    async fn publish(&self, event: NewEvent) {
        if self.flaw == Flaw::LosesConcurrentEvents && event.key == "thing-13" {
            return;
        }
        self.log.append(Event {
            id: self.ids.next(),
            source: "testkit".into(),
            kind: event.kind.into(),
            key: event.key,
            tenant: TenantId::FIRST,
            time: self.clock.now(),
            actor: "guest".into(),
            operation: "testkit.publish".into(),
            request_id: "request-1".into(),
            trace: None,
            data: event.data,
        });
    }
}

#[tokio::test]
async fn memory_log_keeps_every_promise_of_a_log() {
    suites::event_log(async || Subject::with(Flaw::None)).await;
}

#[rstest]
#[case::skips_a_position(Flaw::SkipsAPosition, "positions go on behind `after` without gaps")]
#[case::includes_after(Flaw::IncludesAfter, "positions go on behind `after` without gaps")]
#[case::ignores_limit(Flaw::IgnoresLimit, "a batch holds no more than `limit` events")]
#[case::forgets_the_head(Flaw::ForgetsTheHead, "an empty read at the head still says where the head is")]
#[case::never_wakes(Flaw::NeverWakes, "a waiting reader wakes when an event comes")]
#[case::loses_concurrent_events(Flaw::LosesConcurrentEvents, "every committed event shows in the log")]
#[tokio::test(start_paused = true)]
async fn suite_finds_out_a_log_that(#[case] flaw: Flaw, #[case] verdict: &str) {
    let suite = suites::event_log(async || Subject::with(flaw));
    let panic = AssertUnwindSafe(suite).catch_unwind().await.unwrap_err();
    let message = panic.downcast_ref::<String>().cloned().or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
    assert!(message.as_ref().is_some_and(|text| text.contains(verdict)), "{message:?}");
}

#[tokio::test]
async fn append_says_where_the_event_stands() {
    let subject = Subject::with(Flaw::None);
    subject.publish(NewEvent { kind: "testkit.a.v1", key: String::new(), data: 1.into() }).await;
    let first = subject.log.read(Position::START, 1, Duration::ZERO).await.unwrap().events.remove(0);
    assert_eq!(first.position, Position(1));
    assert_eq!(subject.log.append(first.event), Position(2));
}

struct MemoryReplays {
    replays: InMemoryReplays,
}

#[async_trait]
impl ReplaysSubject for MemoryReplays {
    fn replays(&self) -> &dyn Replays {
        &self.replays
    }

    async fn record(&self, replay: Replay) -> Result<(), Fault> {
        self.replays.record(replay)
    }
}

/// Takes scopes that differ only in case for the same one, as a careless collation does.
#[derive(Default)]
struct CaselessReplays {
    replays: InMemoryReplays,
}

#[async_trait]
impl Replays for CaselessReplays {
    async fn recall(&self, scope: &str) -> Result<Option<Replay>, Fault> {
        self.replays.recall(&scope.to_lowercase()).await
    }
}

#[async_trait]
impl ReplaysSubject for CaselessReplays {
    fn replays(&self) -> &dyn Replays {
        self
    }

    async fn record(&self, replay: Replay) -> Result<(), Fault> {
        let scope = replay.scope.to_lowercase();
        self.replays.record(Replay { scope, ..replay })
    }
}

#[tokio::test]
async fn memory_replays_keep_every_promise_of_replays() {
    suites::replays(async || MemoryReplays { replays: InMemoryReplays::default() }).await;
}

#[tokio::test]
#[should_panic(expected = "a free scope can be recorded")]
async fn suite_finds_out_replays_that_mix_up_scopes() {
    suites::replays(async || CaselessReplays::default()).await;
}

struct MemoryFiles(testkit::InMemoryFiles);

impl suites::FilesSubject for MemoryFiles {
    fn files(&self) -> &dyn kernel::Files {
        &self.0
    }
}

#[tokio::test]
async fn files_in_memory_keep_what_the_port_promises() {
    suites::files(async || MemoryFiles(testkit::InMemoryFiles::default())).await;
}
