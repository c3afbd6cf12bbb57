//! Following a log live: never a gap, never a double, whatever the follower's pace.

use kernel::{Batch, Event, EventLog, Fault, Late, Position, Sequenced, TenantId, Time, reasons};
use runtime::{Follow, Live};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{InMemoryLog, eventually};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// More than the tail keeps for those who are late.
const MANY: i64 = 3_000;

#[tokio::test]
async fn follower_from_long_ago_begins_at_the_head_and_is_told() {
    let tail = Tail::behind(5_002);
    let near = tail.live.follow(Some(Position(2))).await.unwrap();
    assert_eq!((near.position(), near.missed()), (Position(2), false));
    let far = tail.live.follow(Some(Position(1))).await.unwrap();
    assert_eq!((far.position(), far.missed()), (Position(5_002), true));
    let other_life = tail.live.follow(Some(Position(6_000))).await.unwrap();
    assert_eq!((other_life.position(), other_life.missed()), (Position(5_002), true));
}

struct Tail {
    log: Arc<InMemoryLog>,
    live: Live,
    stop: CancellationToken,
}

impl Tail {
    /// A tail that does not run yet, behind `count` events.
    fn behind(count: i64) -> Self {
        let log = Arc::new(InMemoryLog::default());
        let live = Live::new(Late::ready(Arc::clone(&log) as Arc<dyn EventLog>));
        let tail = Self { log, live, stop: CancellationToken::new() };
        tail.append(count);
        tail
    }

    fn append(&self, count: i64) {
        (0..count).for_each(|_| {
            self.log.append(event());
        });
    }

    fn run(&self) -> JoinHandle<()> {
        tokio::spawn(self.live.clone().run(self.stop.clone()))
    }

    async fn has_told(&self, position: i64) {
        eventually("the tail arrives", async || self.live.position() == Some(Position(position))).await;
    }
}

fn event() -> Event {
    Event {
        id: Uuid::nil(),
        source: "forum".to_owned(),
        kind: "forum.reply_posted.v1".to_owned(),
        key: "thread".to_owned(),
        tenant: TenantId::FIRST,
        time: Time::UNIX_EPOCH,
        actor: "guest".to_owned(),
        operation: "forum.post_reply".to_owned(),
        request_id: "request".to_owned(),
        trace: None,
        data: Value::Null,
    }
}

/// The positions of the next `count` events.
async fn next(follow: &mut Follow, count: i64) -> Vec<i64> {
    let mut positions = Vec::new();
    for _ in 0..count {
        let news = timeout(Duration::from_secs(60), follow.next()).await;
        positions.push(news.expect("nothing came for a minute").unwrap().unwrap().position.0);
    }
    positions
}

#[tokio::test(start_paused = true)]
async fn follower_sees_what_comes_after_it_came() {
    let tail = Tail::behind(2);
    tail.run();
    let mut follow = tail.live.follow(None).await.unwrap();
    assert_eq!(follow.position(), Position(2));
    tail.append(3);
    assert_eq!(next(&mut follow, 3).await, [3, 4, 5]);
    assert_eq!(follow.position(), Position(5));
}

#[tokio::test(start_paused = true)]
async fn follower_far_behind_misses_nothing_and_sees_nothing_twice() {
    let tail = Tail::behind(0);
    tail.run();
    let mut follow = tail.live.follow(None).await.unwrap();
    tail.append(MANY);
    tail.has_told(MANY).await;
    let early: Vec<i64> = next(&mut follow, 100).await;
    // It falls behind a second time, in the middle of catching up.
    tail.append(MANY);
    tail.has_told(2 * MANY).await;
    let late = next(&mut follow, 2 * MANY - 100).await;
    assert_eq!([early, late].concat(), (1..=2 * MANY).collect::<Vec<_>>());
    tail.append(1);
    assert_eq!(next(&mut follow, 1).await, [2 * MANY + 1]);
}

#[tokio::test(start_paused = true)]
async fn followers_of_every_pace_see_the_same() {
    let tail = Tail::behind(0);
    tail.run();
    let mut followers = Vec::new();
    for pace in [1, 7, 500] {
        let mut follow = tail.live.follow(None).await.unwrap();
        followers.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < usize::try_from(MANY).unwrap() {
                let left = MANY - i64::try_from(seen.len()).unwrap();
                seen.extend(next(&mut follow, left.min(pace)).await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            seen
        }));
    }
    for _ in 0..MANY / 10 {
        tail.append(10);
        tokio::task::yield_now().await;
    }
    for follower in followers {
        assert_eq!(follower.await.unwrap(), (1..=MANY).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn follower_that_comes_back_goes_on_where_it_was() {
    let tail = Tail::behind(5);
    tail.run();
    let mut follow = tail.live.follow(Some(Position(2))).await.unwrap();
    assert_eq!(next(&mut follow, 3).await, [3, 4, 5]);
    tail.append(1);
    assert_eq!(next(&mut follow, 1).await, [6]);
    let mut from_the_start = tail.live.follow(Some(Position::START)).await.unwrap();
    assert_eq!(next(&mut from_the_start, 6).await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn event_that_was_both_read_and_told_is_seen_once() {
    let tail = Tail::behind(5);
    tail.run();
    tail.has_told(5).await;
    let mut follow = tail.live.follow(Some(Position(2))).await.unwrap();
    tail.append(3);
    tail.has_told(8).await;
    assert_eq!(next(&mut follow, 6).await, [3, 4, 5, 6, 7, 8]);
    tail.append(1);
    assert_eq!(next(&mut follow, 1).await, [9]);
}

#[tokio::test(start_paused = true)]
async fn place_beyond_the_end_means_from_now_on() {
    let tail = Tail::behind(3);
    tail.run();
    let mut follow = tail.live.follow(Some(Position(99))).await.unwrap();
    assert_eq!(follow.position(), Position(3));
    tail.append(1);
    assert_eq!(next(&mut follow, 1).await, [4]);
}

#[tokio::test(start_paused = true)]
async fn follower_that_came_before_the_tail_began_misses_nothing() {
    let tail = Tail::behind(1);
    let mut follow = tail.live.follow(None).await.unwrap();
    tail.append(2);
    tail.run();
    assert_eq!(next(&mut follow, 2).await, [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn tail_that_died_goes_on_where_it_was() {
    let tail = Tail::behind(1);
    let first = tail.run();
    tail.has_told(1).await;
    let mut follow = tail.live.follow(None).await.unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    tail.append(2);
    tail.run();
    assert_eq!(next(&mut follow, 2).await, [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn every_follower_is_let_go_when_the_process_stops() {
    let tail = Tail::behind(2);
    let running = tail.run();
    let mut waiting = tail.live.follow(None).await.unwrap();
    let mut busy = tail.live.follow(Some(Position::START)).await.unwrap();
    tail.stop.cancel();
    running.await.unwrap();
    assert!(waiting.next().await.unwrap().is_none());
    // Whoever is behind gets what there is, and then its end.
    assert_eq!(next(&mut busy, 2).await, [1, 2]);
    assert!(busy.next().await.unwrap().is_none());
}

/// A log that cannot be reached for a while.
struct Flaky {
    log: Arc<InMemoryLog>,
    failures: AtomicUsize,
}

#[async_trait::async_trait]
impl EventLog for Flaky {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(reasons::PORTAL_DOWN.fault());
        }
        self.log.read(after, limit, wait).await
    }
}

#[tokio::test(start_paused = true)]
async fn tail_goes_on_when_the_log_can_be_reached_again() {
    let log = Arc::new(InMemoryLog::default());
    let flaky = Arc::new(Flaky { log: Arc::clone(&log), failures: AtomicUsize::new(0) });
    let live = Live::new(Late::ready(Arc::clone(&flaky) as Arc<dyn EventLog>));
    let mut follow = live.follow(None).await.unwrap();
    flaky.failures.store(3, Ordering::SeqCst);
    tokio::spawn(live.clone().run(CancellationToken::new()));
    log.append(event());
    assert_eq!(next(&mut follow, 1).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn follower_that_cannot_catch_up_is_told() {
    let log = Arc::new(InMemoryLog::default());
    log.append(event());
    let flaky = Arc::new(Flaky { log, failures: AtomicUsize::new(0) });
    let live = Live::new(Late::ready(Arc::clone(&flaky) as Arc<dyn EventLog>));
    let mut follow = live.follow(Some(Position::START)).await.unwrap();
    flaky.failures.store(1, Ordering::SeqCst);
    let refused = follow.next().await.map(|news: Option<Arc<Sequenced>>| news.map(|event| event.position));
    assert!(refused.unwrap_err().is(&reasons::PORTAL_DOWN));
    // Its place is kept, so that asking again goes on from there.
    assert_eq!(next(&mut follow, 1).await, [1]);
}
