//! That there be only one task of a kind with a key.

use super::{MINUTE, OTHER_QUEUE, SECOND, TaskQueueSubject, done, failed, number, numbers, task, two_hands};
use futures::future::join_all;
use kernel::{Ending, Enqueued, FaultCode, Held, Lane, NewTask, Second, TaskOrigin, TenantId};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    second_is_dropped_while_the_first_waits(&fresh().await).await;
    second_takes_the_place_of_the_first(&fresh().await).await;
    debouncing_pushes_the_start_back(&fresh().await).await;
    key_held_until_the_start_is_free_once_started(&fresh().await).await;
    key_held_until_the_end_is_free_once_ended(&fresh().await).await;
    running_task_is_not_replaced(&fresh().await).await;
    key_held_for_a_period_is_free_after_it(&fresh().await).await;
    period_beyond_the_calendar_never_ends(&fresh().await).await;
    expired_task_lets_its_key_go(&fresh().await).await;
    kinds_and_keys_are_told_apart(&fresh().await).await;
    batch_is_unique_in_itself(&fresh().await).await;
    of_many_at_once_one_is_enqueued(&fresh().await).await;
    nobody_is_refused_while_the_first_ends(&fresh().await).await;
    key_of_the_wrong_length_is_refused(&fresh().await).await;
}

fn unique(number: u64, held: Held, second: Second) -> NewTask {
    task(number).unique("thread:1", held, second)
}

async fn second_is_dropped_while_the_first_waits(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let first = one.put_one(unique(1, Held::UntilStarted, Second::Dropped)).await;
    assert!(matches!(first, Enqueued::New(_)), "the first of a key is enqueued");
    let second = other.put_one(unique(2, Held::UntilStarted, Second::Dropped)).await;
    assert_eq!(second, Enqueued::Kept(first.id()), "the second is dropped, and the first is named");
    assert_eq!(numbers(&other.take(10).await), [1], "only the first starts");
}

async fn second_takes_the_place_of_the_first(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let first = one.put_one(unique(1, Held::UntilEnded, Second::Replaces)).await;
    let second = other.put_one(unique(2, Held::UntilEnded, Second::Replaces).on(OTHER_QUEUE)).await;
    assert_eq!(second, Enqueued::Replaced { new: second.id(), old: first.id() }, "the second replaces the first");
    assert_ne!(second.id(), first.id(), "the second is a task of its own");
    one.finds_nothing("a replaced task never starts").await;
    let (taken, _) = one.take_all(OTHER_QUEUE, 10).await;
    assert_eq!(numbers(&taken), [2], "the second starts with its own payload, in its own queue");
    let dropped = other.put_one(unique(3, Held::UntilEnded, Second::Dropped)).await;
    assert_eq!(dropped, Enqueued::Kept(second.id()), "the key is now the second one's");
}

async fn debouncing_pushes_the_start_back(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let debounced = |number| unique(number, Held::UntilStarted, Second::Replaces).after(MINUTE);
    for number in 0..5 {
        one.put_one(debounced(number)).await;
        subject.clock().advance(MINUTE - SECOND);
        other.finds_nothing("each new one pushes the start back").await;
    }
    subject.clock().advance(SECOND);
    assert_eq!(numbers(&other.take(10).await), [4], "the last one starts when its own delay is over");
    let next = one.put_one(debounced(5)).await;
    assert!(matches!(next, Enqueued::New(_)), "after the start another one begins");
}

async fn key_held_until_the_start_is_free_once_started(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(unique(1, Held::UntilStarted, Second::Dropped)).await;
    let first = one.take_one().await;
    assert_eq!(first.release, None, "a key that was let go at the start is not let go again at the end");
    let second = other.put_one(unique(2, Held::UntilStarted, Second::Dropped)).await;
    assert!(matches!(second, Enqueued::New(_)), "a task enqueued while one like it runs is another task");
    one.done(&first).await;
    let third = other.put_one(unique(3, Held::UntilStarted, Second::Dropped)).await;
    assert_eq!(third, Enqueued::Kept(second.id()), "the end of the first does not free the second one's key");
}

async fn key_held_until_the_end_is_free_once_ended(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let error = || "it cannot work".to_owned();
    for last in [done(), Ending::Dead { error: error() }, Ending::Cancelled] {
        let first = one.put_one(unique(1, Held::UntilEnded, Second::Dropped)).await;
        assert!(matches!(first, Enqueued::New(_)), "the key is free before {last:?}");
        let (retry, snooze) = (failed(one.now()), Ending::Snoozed { until: one.now() });
        for ending in [retry, snooze, Ending::Returned, last] {
            let kept = other.put_one(unique(2, Held::UntilEnded, Second::Dropped)).await;
            assert_eq!(kept, Enqueued::Kept(first.id()), "the key is held while the first waits for a turn");
            let got = one.take_one().await;
            assert_eq!(got.release.as_deref(), Some("thread:1"), "a claim says which key goes with the end");
            let kept = other.put_one(unique(2, Held::UntilEnded, Second::Dropped)).await;
            assert_eq!(kept, Enqueued::Kept(first.id()), "the key is held while the first runs");
            assert!(one.end(&got, ending).await, "a task that is held can be settled");
        }
    }
}

async fn running_task_is_not_replaced(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let first = one.put_one(unique(1, Held::UntilEnded, Second::Replaces)).await;
    let got = one.take_one().await;
    let second = other.put_one(unique(2, Held::UntilEnded, Second::Replaces)).await;
    assert_eq!(second, Enqueued::Kept(first.id()), "a task that has started stays, and the second is dropped");
    one.done(&got).await;
    other.finds_nothing("a dropped task does not come back").await;
}

async fn key_held_for_a_period_is_free_after_it(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let hourly = |number| unique(number, Held::For(MINUTE), Second::Dropped);
    let first = one.put_one(hourly(1)).await;
    let got = one.take_one().await;
    assert_eq!(got.release, None, "a key held for a period does not go with the end");
    assert_eq!(other.put_one(hourly(2)).await, Enqueued::Kept(first.id()), "the key is held while the first runs");
    one.done(&got).await;
    subject.clock().advance(MINUTE - SECOND);
    assert_eq!(other.put_one(hourly(3)).await, Enqueued::Kept(first.id()), "and after its end, for the period");
    subject.clock().advance(SECOND);
    let next = other.put_one(hourly(4)).await;
    assert!(matches!(next, Enqueued::New(_)), "after the period the key is free");
    assert_eq!(other.put_one(hourly(5)).await, Enqueued::Kept(next.id()), "and held again, by the next one");
    subject.clock().advance(MINUTE);
    let last = other.put_one(hourly(6)).await;
    assert!(matches!(last, Enqueued::New(_)), "a period ends even for a task that has not started");
    assert_eq!(numbers(&one.take(10).await), [4, 6], "which is not replaced by that");
}

async fn period_beyond_the_calendar_never_ends(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let first = one.put_one(unique(1, Held::For(Duration::MAX), Second::Dropped).expiring_after(Duration::MAX)).await;
    one.put_one(task(2).after(Duration::MAX)).await;
    assert_eq!(numbers(&other.take(10).await), [1], "the one never expires, and the other is never due");
    let second = other.put_one(unique(3, Held::For(Duration::MAX), Second::Dropped)).await;
    assert_eq!(second, Enqueued::Kept(first.id()), "the key is never free again");
}

async fn expired_task_lets_its_key_go(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    for held in [Held::UntilStarted, Held::UntilEnded] {
        one.put_one(unique(1, held, Second::Dropped).expiring_after(MINUTE)).await;
        subject.clock().advance(MINUTE + SECOND);
        one.finds_nothing("an expired task never starts").await;
        let next = other.put_one(unique(2, held, Second::Dropped)).await;
        assert!(matches!(next, Enqueued::New(_)), "an expired task does not keep others away");
        other.done(&other.take_one().await).await;
    }
}

async fn kinds_and_keys_are_told_apart(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    let keys = ["a", "A", "ä", "a ", "a:b", "a\u{0301}", &"ß".repeat(80)];
    let mut given = HashSet::new();
    for kind in ["testkit.one", "testkit.other"] {
        for key in keys {
            let new = NewTask::new(kind, 1, json!(null)).unique(key, Held::UntilEnded, Second::Dropped);
            let enqueued = one.put_one(new).await;
            assert!(matches!(enqueued, Enqueued::New(_)), "`{key}` of {kind} is taken for another key");
            given.insert(enqueued.id());
        }
    }
    assert_eq!(given.len(), 14, "every one is a task of its own");
}

async fn batch_is_unique_in_itself(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let dropped = (0..3).map(|number| unique(number, Held::UntilStarted, Second::Dropped)).collect();
    let outcomes = one.put(dropped).await;
    let first = outcomes[0].id();
    assert_eq!(outcomes[1..], [Enqueued::Kept(first), Enqueued::Kept(first)], "the first of a batch wins");
    assert_eq!(numbers(&other.work_off(10).await), [0], "only the first of the batch starts");
    let replaced = (10..13).map(|number| unique(number, Held::UntilEnded, Second::Replaces)).collect();
    let outcomes = one.put(replaced).await;
    let taken = other.take(10).await;
    assert_eq!(numbers(&taken), [12], "only the last of the batch starts");
    assert_eq!(outcomes[2].id(), taken[0].id, "the last one is the one in the queue");
    assert!(matches!(outcomes[2], Enqueued::Replaced { .. }), "and it has taken somebody's place");
    let last = Enqueued::Kept(taken[0].id);
    assert_eq!(outcomes[..2], [last, last], "the others are told of the one that is in the queue");
    other.done(&taken[0]).await;
    let lane = |number| unique(number, Held::UntilStarted, Second::Replaces).in_lane(Lane::in_order("account:1"));
    one.put((20..23).map(lane).collect()).await;
    assert_eq!(numbers(&other.take(10).await), [22], "a replaced task does not hold up its lane");
}

async fn of_many_at_once_one_is_enqueued(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let puts = (0..40).map(|number| {
        let hand = if number % 2 == 0 { &one } else { &other };
        hand.put_one(unique(number, Held::UntilEnded, Second::Dropped))
    });
    let outcomes = join_all(puts).await;
    let new: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Enqueued::New(_))).collect();
    assert_eq!(new.len(), 1, "of many that come at once one is enqueued");
    assert!(outcomes.iter().all(|outcome| outcome.id() == new[0].id()), "the others are told which one");
    let taken = one.take(50).await;
    assert_eq!(taken.iter().map(|task| task.id).collect::<Vec<_>>(), [new[0].id()], "and only that one starts");
    let replacing = join_all((100..120).map(|number| {
        let hand = if number % 2 == 0 { &one } else { &other };
        hand.put_one(task(number).unique("thread:2", Held::UntilStarted, Second::Replaces))
    }));
    replacing.await;
    let taken = other.take(50).await;
    assert_eq!(taken.len(), 1, "of many that replace each other one is left");
    assert!(number(&taken[0]) >= 100, "and it is one of them");
}

async fn nobody_is_refused_while_the_first_ends(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    for round in 0..30 {
        let first = one.put_one(unique(round, Held::UntilEnded, Second::Dropped)).await;
        assert!(matches!(first, Enqueued::New(_)), "the key is free after everything has ended");
        let running = one.take_one().await;
        let puts = (0..8).map(|number| {
            let hand = if number % 2 == 0 { &one } else { &other };
            hand.put_one(unique(100 + number, Held::UntilEnded, Second::Dropped))
        });
        let (outcomes, ()) = futures::join!(join_all(puts), one.done(&running));
        let new: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, Enqueued::New(_))).collect();
        assert!(new.len() <= 1, "of those who come while the first ends one at most is enqueued: {outcomes:?}");
        let known = |outcome: &Enqueued| outcome.id() == first.id() || new.iter().any(|new| new.id() == outcome.id());
        assert!(outcomes.iter().all(known), "the others are told of the first or of that one: {outcomes:?}");
        assert_eq!(other.work_off(10).await.len(), new.len(), "and what was said to be enqueued starts");
    }
}

async fn key_of_the_wrong_length_is_refused(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    let origin = TaskOrigin::service(TenantId::FIRST, "testkit");
    let long = "k".repeat(161);
    let wrong = [
        task(1).unique(long.as_str(), Held::UntilEnded, Second::Dropped),
        task(1).in_lane(Lane::at_most(long.as_str(), 2)),
    ];
    for new in wrong {
        let refused = one.queue.enqueue(&origin, vec![task(0), new]).await;
        assert_eq!(refused.map_err(|fault| fault.code), Err(FaultCode::Invalid), "a key of 161 bytes is too long");
    }
    one.finds_nothing("of a batch that is refused nothing is enqueued").await;
    let fits = "k".repeat(160);
    let long = task(2).unique(fits.as_str(), Held::UntilEnded, Second::Dropped).in_lane(Lane::at_most(fits, 2));
    one.put_one(long).await;
    assert_eq!(numbers(&one.take(10).await), [2], "a key of 160 bytes fits");
}
