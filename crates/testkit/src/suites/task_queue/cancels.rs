//! Tasks that were asked to stop: however their attempt ends, they do not come again.

use super::{Hand, MINUTE, TaskQueueSubject, done, failed, numbers, task, two_hands};
use kernel::{Claimed, Ending, Enqueued, Held, Lane, NewTask, Second};

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    attempt_of_a_stopped_task_is_its_last(&fresh().await).await;
    stopped_task_of_a_holder_that_leaves_is_over(&fresh().await).await;
    stopped_task_of_a_lost_holder_is_over(&fresh().await).await;
}

async fn attempt_of_a_stopped_task_is_its_last(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let now = one.now();
    let endings = [done(), failed(now), Ending::Snoozed { until: now }, Ending::Returned, Ending::Cancelled];
    for ending in endings {
        for lane in lanes() {
            let Some(got) = stopped(subject, &one, &lane).await else { return };
            assert!(one.end(&got, ending.clone()).await, "the holder may not have heard that its task is to stop");
            assert!(one.beat().await.cancelled.is_empty(), "after that there is nothing to hear");
            assert_over(subject, &other, &lane).await;
        }
    }
}

async fn stopped_task_of_a_holder_that_leaves_is_over(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    for lane in lanes() {
        one.join().await;
        let Some(_) = stopped(subject, &one, &lane).await else { return };
        assert_eq!(one.leave().await, 1, "it was held until then");
        assert_over(subject, &other, &lane).await;
    }
}

async fn stopped_task_of_a_lost_holder_is_over(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    for lane in lanes() {
        one.join().await;
        let Some(_) = stopped(subject, &one, &lane).await else { return };
        let beats = other.beats_of(&one).await.expect("the other is known");
        assert_eq!(other.rescue(one.holder, beats).await, 1, "it was held until then");
        assert_over(subject, &other, &lane).await;
    }
}

fn lanes() -> [Lane; 2] {
    [Lane::at_most("counted", 1), Lane::in_order("ordered")]
}

fn unique(number: u64) -> NewTask {
    task(number).unique("key", Held::UntilEnded, Second::Dropped)
}

/// The first of two tasks in the lane, running and asked to stop; nothing where nobody can ask.
async fn stopped(subject: &impl TaskQueueSubject, one: &Hand<'_>, lane: &Lane) -> Option<Claimed> {
    one.put(vec![unique(1).in_lane(lane.clone()), task(2).in_lane(lane.clone())]).await;
    let got = one.take_one().await;
    assert_eq!(numbers(std::slice::from_ref(&got)), [1], "the first goes first");
    if subject.cancel(got.id).await { Some(got) } else { None }
}

/// Asserts that the task is gone, and its place in the lane and its key with it.
async fn assert_over(subject: &impl TaskQueueSubject, other: &Hand<'_>, lane: &Lane) {
    subject.clock().advance(MINUTE);
    let behind = other.take(10).await;
    assert_eq!(numbers(&behind), [2], "who was asked to stop does not come again, and its lane goes on: {lane:?}");
    assert!(matches!(other.put_one(unique(3)).await, Enqueued::New(_)), "its key is free");
    other.done(&behind[0]).await;
    assert_eq!(numbers(&other.work_off(10).await), [3], "nothing is left of it");
}
