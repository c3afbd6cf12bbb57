//! Tasks that take turns.

use super::{MINUTE, OTHER_QUEUE, QUEUE, SECOND, TaskQueueSubject, done, failed, number, numbers, task, two_hands};
use kernel::{Claimed, Ending, Held, Lane, NewTask, Priority, Second};

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    lane_runs_at_most_so_many(&fresh().await).await;
    lane_holds_when_many_claim_at_once(&fresh().await).await;
    lane_is_its_queues_own(&fresh().await).await;
    full_lane_blocks_nobody_else(&fresh().await).await;
    failed_attempt_gives_its_place_in_the_lane_to_another(&fresh().await).await;
    ordered_lane_keeps_its_order(&fresh().await).await;
    failure_holds_up_an_ordered_lane(&fresh().await).await;
    snooze_holds_up_an_ordered_lane(&fresh().await).await;
    every_end_lets_the_next_of_an_ordered_lane_go(&fresh().await).await;
    task_given_back_stays_first_of_its_lane(&fresh().await).await;
    first_of_an_ordered_lane_may_expire_or_be_replaced(&fresh().await).await;
}

fn ordered(number: u64) -> NewTask {
    task(number).in_lane(Lane::in_order("account:1"))
}

fn limited(number: u64, at_most: u16) -> NewTask {
    task(number).in_lane(Lane::at_most("account:1", at_most))
}

async fn lane_runs_at_most_so_many(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..6).map(|number| limited(number, 2)).collect()).await;
    one.put_one(task(100).in_lane(Lane::at_most("account:2", 2))).await;
    let mut held = one.take(10).await;
    held.extend(other.take(10).await);
    let of_first = |held: &[Claimed]| held.iter().filter(|task| number(task) < 100).count();
    assert_eq!((held.len(), of_first(&held)), (3, 2), "a lane runs at most two at a time, over all holders");
    other.finds_nothing("a full lane gives nothing").await;
    let mut finished = 0;
    while let Some(ended) = held.pop() {
        // One of the two holds it; the other one's word does not count.
        assert_ne!(one.end(&ended, done()).await, other.end(&ended, done()).await, "one of two holds a task");
        finished += 1;
        held.extend(other.take(10).await);
        assert!(of_first(&held) <= 2, "a place that becomes free is given once");
    }
    assert_eq!(finished, 7, "every task of a lane has its turn");
}

async fn lane_holds_when_many_claim_at_once(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..60).map(|number| limited(number, 3)).collect()).await;
    let mut finished = 0;
    while finished < 60 {
        let (here, there) = tokio::join!(one.take(5), other.take(5));
        let running = here.len() + there.len();
        assert!((1..=3).contains(&running), "{running} of a lane of three run after two claimed at once");
        for task in &here {
            one.done(task).await;
        }
        for task in &there {
            other.done(task).await;
        }
        finished += running;
    }
    assert_eq!(finished, 60, "every task of a lane runs once");
}

async fn lane_is_its_queues_own(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(vec![ordered(1), ordered(2).on(OTHER_QUEUE)]).await;
    assert_eq!(numbers(&one.take(10).await), [1], "a lane lets one of its own go");
    let (taken, _) = other.take_all(OTHER_QUEUE, 10).await;
    assert_eq!(numbers(&taken), [2], "a lane of the same name in another queue is another lane");
}

async fn full_lane_blocks_nobody_else(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..500).map(ordered).collect()).await;
    one.put_one(task(1_000).with_priority(Priority::Low)).await;
    assert_eq!(numbers(&one.take(1).await), [0], "the first of the lane goes");
    assert_eq!(numbers(&other.take(2).await), [1_000], "tasks behind a full lane need not wait for it");
}

async fn failed_attempt_gives_its_place_in_the_lane_to_another(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let again_at = one.now() + MINUTE;
    one.put(vec![limited(1, 1), limited(2, 1)]).await;
    let taken = one.take(10).await;
    assert_eq!(taken.len(), 1, "a lane of one gives one");
    let first = taken[0].clone();
    assert!(one.end(&first, failed(again_at)).await, "an attempt may fail");
    let second = other.take_one().await;
    assert_ne!(number(&first), number(&second), "in a lane without order a failure lets another go");
    subject.clock().advance(MINUTE);
    one.finds_nothing("what is tried again waits for its lane like any other").await;
    other.done(&second).await;
    assert_eq!(numbers(&one.take(10).await), [number(&first)], "and has its turn when the lane is free");
}

async fn ordered_lane_keeps_its_order(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    // Neither priority nor an earlier due time passes those that were enqueued before.
    one.put_one(ordered(0).with_priority(Priority::Low)).await;
    one.put(vec![ordered(1), ordered(2).with_priority(Priority::Urgent)]).await;
    other.put(vec![ordered(3).after(MINUTE), ordered(4)]).await;
    for expected in 0..3 {
        let hand = if expected % 2 == 0 { &one } else { &other };
        let taken = hand.take(10).await;
        assert_eq!(numbers(&taken), [expected], "an ordered lane runs one at a time, in order");
        other.finds_nothing("the next one waits for the end of the one before").await;
        hand.done(&taken[0]).await;
    }
    let (taken, last) = one.take_all(QUEUE, 10).await;
    assert_eq!(numbers(&taken), Vec::<u64>::new(), "one that is not due yet holds up those behind it");
    assert!(last.next_due.is_some(), "and the claim says when to come back");
    subject.clock().advance(MINUTE);
    assert_eq!(numbers(&one.work_off(10).await), [3, 4], "until it is due");
}

async fn failure_holds_up_an_ordered_lane(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..3).map(ordered).collect()).await;
    for attempt in 1..4 {
        let got = other.take_one().await;
        assert_eq!((number(&got), got.attempt), (0, attempt), "the one that failed is tried again first");
        let again_at = one.now() + MINUTE;
        assert!(other.end(&got, failed(again_at)).await, "an attempt may fail");
        let (taken, last) = one.take_all(QUEUE, 10).await;
        assert_eq!((numbers(&taken), last.next_due), (vec![], Some(again_at)), "those behind it wait until it is due");
        subject.clock().advance(MINUTE);
    }
    assert_eq!(numbers(&one.work_off(10).await), [0, 1, 2], "they go when it is done");
}

async fn snooze_holds_up_an_ordered_lane(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..2).map(ordered).collect()).await;
    let got = one.take_one().await;
    let until = one.now() + MINUTE;
    assert!(one.end(&got, Ending::Snoozed { until }).await, "a task may be snoozed");
    let (taken, last) = other.take_all(QUEUE, 10).await;
    assert_eq!((numbers(&taken), last.next_due), (vec![], Some(until)), "those behind a snoozed one wait with it");
    subject.clock().advance(MINUTE);
    assert_eq!(numbers(&other.work_off(10).await), [0, 1], "and go after it");
}

async fn every_end_lets_the_next_of_an_ordered_lane_go(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..4).map(ordered).collect()).await;
    let ends = [done(), Ending::Dead { error: "it cannot work".to_owned() }, Ending::Cancelled];
    for (expected, ending) in ends.into_iter().enumerate() {
        let got = one.take_one().await;
        assert_eq!(number(&got), expected as u64, "the next one goes");
        assert!(one.end(&got, ending).await, "a task may end in any way");
    }
    assert_eq!(numbers(&other.take(10).await), [3], "dead and cancelled tasks hold up nobody");
}

async fn task_given_back_stays_first_of_its_lane(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put((0..3).map(ordered).collect()).await;
    let got = one.take_one().await;
    assert!(one.end(&got, Ending::Returned).await, "a task may be given back");
    assert_eq!(numbers(&one.take(10).await), [0], "a task given back goes first again");
    assert_eq!(one.leave().await, 1, "whoever leaves gives back what it holds");
    one.join().await;
    assert_eq!(numbers(&one.take(10).await), [0], "a task of somebody who left goes first again");
    let beats = other.beats_of(&one).await.expect("a holder that joined is known");
    assert_eq!(other.rescue(one.holder, beats).await, 1, "what it holds can be rescued");
    assert_eq!(numbers(&other.work_off(10).await), [0, 1, 2], "a task of somebody who is gone goes first again");
}

async fn first_of_an_ordered_lane_may_expire_or_be_replaced(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(vec![ordered(0).expiring_after(SECOND), ordered(1)]).await;
    subject.clock().advance(MINUTE);
    assert_eq!(numbers(&other.work_off(10).await), [1], "an expired task does not hold up its lane");
    let unique = |number| ordered(number).unique("thread:1", Held::UntilStarted, Second::Replaces);
    one.put(vec![unique(2), ordered(3)]).await;
    one.put_one(unique(4)).await;
    assert_eq!(numbers(&other.work_off(10).await), [3, 4], "whoever takes a task's place goes to the lane's end");
}
