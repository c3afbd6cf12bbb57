//! A far module's log behaves like a near one.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use crate::harness::{HANG, InProcess, Leaving, ManualClock, Probe, Server, caller, services, transport};
use kernel::{Batch, Clock, Event, EventLog, Fault, Position, Sequenced, TenantId, Time, Transport, reasons};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;
use wire::{Access, GrpcTransport, NO_SUCH_LOG, RemoteLog, Resilience, feed_service, router};

/// Keeps events in memory and says when somebody waits for the next one.
#[derive(Default)]
struct MemoryLog {
    events: Mutex<Vec<Event>>,
    appended: Notify,
    waited_for: Notify,
    left: Arc<Notify>,
}

impl MemoryLog {
    fn append(&self, event: Event) {
        self.events.lock().unwrap().push(event);
        self.appended.notify_waiters();
    }

    fn now(&self, after: Position, limit: usize) -> Batch {
        let events = self.events.lock().unwrap();
        let sequenced =
            events.iter().zip(1..).map(|(event, at)| Sequenced { position: Position(at), event: event.clone() });
        let events: Vec<_> = sequenced.collect();
        let head = Position(i64::try_from(events.len()).unwrap());
        Batch { events: events.into_iter().filter(|e| e.position > after).take(limit).collect(), head }
    }
}

#[async_trait::async_trait]
impl EventLog for MemoryLog {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        let mut appended = std::pin::pin!(self.appended.notified());
        appended.as_mut().enable();
        if self.now(after, limit).events.is_empty() {
            let _leaving = Leaving(Arc::clone(&self.left));
            self.waited_for.notify_one();
            let _ = tokio::time::timeout(wait, appended).await;
        }
        Ok(self.now(after, limit))
    }
}

/// An event with everything on it.
fn event(number: u128) -> Event {
    Event {
        id: Uuid::from_u128(number),
        source: "forum".to_owned(),
        kind: "forum.reply_posted.v1".to_owned(),
        key: format!("thread-{number}"),
        tenant: TenantId::FIRST,
        time: Time::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
        actor: "user:ada".to_owned(),
        operation: "forum.post_reply".to_owned(),
        request_id: "r-1".to_owned(),
        trace: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        data: serde_json::json!({ "post_id": "p", "size": 3, "parts": [1.5, null] }),
    }
}

struct Far {
    log: Arc<MemoryLog>,
    transport: Arc<GrpcTransport>,
    clock: Arc<ManualClock>,
    _server: Server,
}

impl Far {
    fn log(&self, module: &str) -> RemoteLog {
        RemoteLog::new(Arc::clone(&self.transport) as _, module, Arc::clone(&self.clock) as Arc<dyn Clock>)
    }
}

fn far(options: Resilience) -> Far {
    let (log, probe, clock) = (Arc::new(MemoryLog::default()), Arc::new(Probe::default()), ManualClock::at(1_000));
    let mut offered = services(&probe);
    offered.push(feed_service(logs(&log)));
    let server = Server::start(router(offered, Access::installation(None, ManualClock::at(4_600))).unwrap());
    let transport = transport(&[server.url()], options, &clock);
    Far { log, transport, clock, _server: server }
}

fn logs(log: &Arc<MemoryLog>) -> BTreeMap<String, Arc<dyn EventLog>> {
    BTreeMap::from([("forum".to_owned(), Arc::clone(log) as Arc<dyn EventLog>)])
}

/// Runs `check` on a near log, on one behind the portal, and on one behind the portal and a socket.
async fn at_every_distance(check: impl AsyncFn(&dyn EventLog, &MemoryLog)) {
    let near = Arc::new(MemoryLog::default());
    check(near.as_ref(), &near).await;
    let encoded = Arc::new(MemoryLog::default());
    let transport: Arc<dyn Transport> = Arc::new(InProcess(feed_service(logs(&encoded)).server));
    check(&RemoteLog::new(transport, "forum", ManualClock::at(1_000)), &encoded).await;
    let far = far(Resilience::default());
    check(&far.log("forum"), &far.log).await;
}

#[tokio::test]
async fn events_arrive_whole_and_in_their_places() {
    at_every_distance(async |reader, log| {
        for number in 1..=5 {
            log.append(event(number));
        }
        let batch = reader.read(Position(1), 3, Duration::ZERO).await.unwrap();
        let expected: Vec<_> =
            (2..=4).map(|at| Sequenced { position: Position(at), event: event(at as u128) }).collect();
        assert_eq!(batch, Batch { events: expected, head: Position(5) });
    })
    .await;
}

#[tokio::test]
async fn an_event_with_empty_parts_arrives_as_it_was() {
    at_every_distance(async |reader, log| {
        let bare = Event { key: String::new(), request_id: String::new(), trace: None, ..event(1) };
        log.append(bare.clone());
        let batch = reader.read(Position::START, 10, Duration::ZERO).await.unwrap();
        assert_eq!(batch.events[0].event, bare);
    })
    .await;
}

#[tokio::test]
async fn nothing_new_is_an_empty_batch_with_the_head() {
    at_every_distance(async |reader, log| {
        log.append(event(1));
        let batch = reader.read(Position(1), 10, Duration::from_millis(5)).await.unwrap();
        assert_eq!(batch, Batch { events: Vec::new(), head: Position(1) });
    })
    .await;
}

#[tokio::test]
async fn a_reader_who_waits_is_woken_by_the_next_event() {
    at_every_distance(async |reader, log| {
        let append = async {
            log.waited_for.notified().await;
            log.append(event(1));
        };
        let (batch, ()) = tokio::join!(reader.read(Position::START, 10, Duration::from_secs(3600)), append);
        assert_eq!(batch.unwrap().events[0].event, event(1));
    })
    .await;
}

#[tokio::test]
async fn a_log_that_is_not_there_is_not_found() {
    let far = far(Resilience::default());
    let fault = far.log("ledger").read(Position::START, 10, Duration::ZERO).await.unwrap_err();
    assert!(fault.is(&NO_SUCH_LOG), "{fault}");
}

#[tokio::test]
async fn a_pull_given_up_here_ends_there() {
    let far = far(Resilience::default());
    let reader = far.log("forum");
    let pull = tokio::spawn(async move { reader.read(Position::START, 10, Duration::from_secs(20)).await });
    far.log.waited_for.notified().await;
    pull.abort();
    far.log.left.notified().await;
}

#[tokio::test]
async fn a_pull_may_outlast_the_transports_timeout_and_takes_nobodys_seat() {
    let far = far(Resilience { timeout: Duration::from_millis(50), bulkhead: 1, retries: 0, ..Resilience::default() });
    let reader = far.log("forum");
    let pull = tokio::spawn(async move { reader.read(Position::START, 10, Duration::from_secs(20)).await });
    far.log.waited_for.notified().await;
    let fault = far.transport.call(&HANG, &caller(), Vec::new()).await.unwrap_err();
    assert!(fault.is(&reasons::DEADLINE), "{fault}");
    far.log.append(event(1));
    assert_eq!(pull.await.unwrap().unwrap().events.len(), 1);
}

#[tokio::test]
async fn a_batch_that_would_not_fit_into_a_message_comes_in_parts() {
    let far = far(Resilience::default());
    for number in 1..=3 {
        far.log.append(Event { data: "x".repeat(1_500_000).into(), ..event(number) });
    }
    let reader = far.log("forum");
    let first = reader.read(Position::START, 10, Duration::ZERO).await.unwrap();
    assert_eq!((first.events.len(), first.head), (2, Position(3)));
    let second = reader.read(Position(2), 10, Duration::ZERO).await.unwrap();
    assert_eq!(second.events[0].position, Position(3));
}
