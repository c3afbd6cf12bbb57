//! How much of a queue may run, as operators set it.

use super::{MINUTE, OTHER_QUEUE, QUEUE, SECOND, TaskQueueSubject, numbers, task, tasks, two_hands};
use crate::patience::PATIENCE;
use kernel::{Clock, QueueLimits, QueueSettings};
use std::time::Duration;
use tokio::time::timeout;

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    queues_show_as_they_were_set(&fresh().await).await;
    paused_queue_gives_nothing(&fresh().await).await;
    queue_runs_at_most_so_many(&fresh().await).await;
    end_in_a_full_queue_wakes_who_waits(&fresh().await).await;
    process_holds_at_most_so_many(&fresh().await).await;
    queue_starts_at_most_so_many_in_a_period(&fresh().await).await;
}

fn settings(paused: bool, at_most: Option<u32>, rate: Option<(u32, Duration)>) -> QueueSettings {
    QueueSettings { name: QUEUE.to_owned(), paused, limits: QueueLimits { per_process: None, at_most, rate } }
}

async fn queues_show_as_they_were_set(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let limits = QueueLimits { per_process: Some(4), at_most: Some(9), rate: Some((100, MINUTE)) };
    let tuned = QueueSettings { name: QUEUE.to_owned(), paused: true, limits };
    subject.tune(tuned.clone()).await;
    other.join().await;
    let untouched = QueueSettings { name: OTHER_QUEUE.to_owned(), paused: false, limits: QueueLimits::default() };
    for hand in [&one, &other] {
        let mut queues = hand.queue.queues().await.expect("queues can be listed");
        queues.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(queues, [tuned.clone(), untouched.clone()], "whoever joins leaves the settings alone");
        let per_process = (hand.claim(1).await.per_process, hand.claim_from(OTHER_QUEUE, 1).await.per_process);
        assert_eq!(per_process, (Some(4), None), "a claim tells each process its limit, even when it brings nothing");
    }
}

async fn paused_queue_gives_nothing(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(vec![task(1), task(2).on(OTHER_QUEUE)]).await;
    subject.tune(settings(true, None, None)).await;
    for hand in [&one, &other] {
        let claim = hand.claim(10).await;
        assert_eq!((numbers(&claim.tasks), claim.more), (vec![], false), "a paused queue gives nothing");
    }
    assert_eq!(numbers(&one.take_all(OTHER_QUEUE, 10).await.0), [2], "another queue goes on");
    subject.tune(settings(false, None, None)).await;
    assert_eq!(numbers(&other.take(10).await), [1], "a queue that goes on has lost nothing");
}

async fn queue_runs_at_most_so_many(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    subject.tune(settings(false, Some(3), None)).await;
    one.put(tasks(0..20)).await;
    let (here, there) = tokio::join!(one.take(10), other.take(10));
    assert_eq!(here.len() + there.len(), 3, "a queue runs at most three at a time, over all holders");
    let claim = one.claim(10).await;
    assert_eq!((claim.tasks.len(), claim.more), (0, false), "a full queue gives nothing, and does not ask to be asked");
    for (hand, held) in [(&one, here), (&other, there)] {
        for task in &held {
            hand.done(task).await;
        }
    }
    let mut finished = 3;
    while finished < 20 {
        let taken = other.take(10).await;
        assert_eq!(taken.len(), 3.min(20 - finished), "places that become free are given again");
        for task in &taken {
            other.done(task).await;
        }
        finished += taken.len();
    }
    subject.tune(settings(false, None, None)).await;
    one.put(tasks(100..120)).await;
    assert_eq!(other.take(30).await.len(), 20, "a queue without a limit gives what there is");
}

async fn end_in_a_full_queue_wakes_who_waits(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    subject.tune(settings(false, Some(1), None)).await;
    one.put(tasks(0..3)).await;
    let running = one.take(1).await.pop().expect("one may run");
    assert_eq!(one.claim(1).await.tasks.len(), 0, "a full queue gives nothing");
    // What was enqueued before is heard of first.
    for _ in 0..2 {
        one.queue.changed(Duration::from_millis(30)).await;
    }
    let (woken, ()) = tokio::join!(timeout(PATIENCE, one.queue.changed(PATIENCE * 6)), one.done(&running));
    woken.expect("whoever waits for a place in a full queue hears of an end");
    assert_eq!(one.take(1).await.len(), 1, "and finds the place");
}

async fn process_holds_at_most_so_many(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let limited = |per_process| QueueSettings {
        name: QUEUE.to_owned(),
        paused: false,
        limits: QueueLimits { per_process, ..QueueLimits::default() },
    };
    subject.tune(limited(Some(3))).await;
    one.put(tasks(0..20)).await;
    let held = one.take(10).await;
    assert_eq!(held.len(), 3, "a process holds no more than its limit, however much it asks for");
    assert_eq!(other.take(10).await.len(), 3, "which is another process's as well");
    one.put(vec![task(100).on(OTHER_QUEUE), task(101).on(OTHER_QUEUE)]).await;
    assert_eq!(one.take_all(OTHER_QUEUE, 10).await.0.len(), 2, "and holds for its queue alone");
    one.done(&held[0]).await;
    assert_eq!(one.take(10).await.len(), 1, "what ends makes room");
    subject.tune(limited(Some(2))).await;
    one.done(&held[1]).await;
    one.finds_nothing("a lower limit binds the next claim").await;
    subject.tune(limited(None)).await;
    assert_eq!(one.take(30).await.len(), 13, "without a limit a process takes what there is");
}

async fn queue_starts_at_most_so_many_in_a_period(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    subject.tune(settings(false, None, Some((10, MINUTE)))).await;
    one.put(tasks(0..100)).await;
    let clock = subject.clock();
    for minute in 1..=3 {
        let mut started = 0;
        for _ in 0..20 {
            let (here, there) = tokio::join!(one.take(7), other.take(7));
            started += here.len() + there.len();
            let (taken, last) = one.take_all(QUEUE, 7).await;
            started += taken.len();
            if taken.is_empty() {
                let next = last.next_due.expect("a queue at its rate says when the next may start");
                assert!(next > clock.now() && next <= clock.now() + MINUTE, "which is later, within the period");
            }
            clock.advance(SECOND * 3);
        }
        assert_eq!(started, 10, "in minute {minute} a queue starts as many as its rate allows, over all holders");
    }
}
