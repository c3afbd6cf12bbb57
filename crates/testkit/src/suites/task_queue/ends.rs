//! How attempts end, and what one leaves for the next.

use super::{
    Hand, MINUTE, OTHER_QUEUE, QUEUE, TaskQueueSubject, done, failed, number, numbers, task, tasks, two_hands,
};
use kernel::{Claimed, Ending};
use serde_json::{Value, json};

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    ended_task_never_comes_again(&fresh().await).await;
    failed_task_is_tried_again_when_it_is_due(&fresh().await).await;
    snooze_is_no_attempt(&fresh().await).await;
    returned_task_comes_back_as_if_it_had_not_been_claimed(&fresh().await).await;
    tokens_rise_with_each_claim(&fresh().await).await;
    attempt_is_settled_once_by_its_holder(&fresh().await).await;
    batch_settles_what_is_held(&fresh().await).await;
    of_two_claims_of_a_task_the_one_that_holds_it_ends_it(&fresh().await).await;
    settling_nothing_is_no_fault(&fresh().await).await;
    checkpoint_is_there_for_the_next_attempt(&fresh().await).await;
    progress_of_somebody_else_is_refused(&fresh().await).await;
}

async fn ended_task_never_comes_again(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let result = json!({ "sent": 3, "to": ["ä", "\u{0}"], "long": "r".repeat(10_000) });
    let error = "it cannot work: ünïcode \u{0} \\ \"\nat all".to_owned();
    for ending in [done(), Ending::Done { result }, Ending::Dead { error }, Ending::Cancelled] {
        one.put_one(task(1)).await;
        let got = one.take_one().await;
        assert!(one.end(&got, ending).await, "a task may end in any way");
        subject.clock().advance(MINUTE * 60 * 24 * 400);
        other.finds_nothing("an ended task does not come again").await;
        assert!(!one.end(&got, done()).await, "a task ends once");
    }
}

async fn of_two_claims_of_a_task_the_one_that_holds_it_ends_it(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let error = "it cannot work".to_owned();
    for last in [done(), Ending::Dead { error }] {
        one.put_one(task(1)).await;
        let first = one.take_one().await;
        assert!(one.end(&first, Ending::Untouched).await);
        let second = one.take_one().await;
        let held = one.settle(vec![(&first, Ending::Untouched), (&second, last)]).await;
        assert_eq!(held, [false, true], "what is written again of an earlier claim does not count");
        other.finds_nothing("it has ended, and did not go back").await;
    }
}

async fn failed_task_is_tried_again_when_it_is_due(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    for attempt in 1..=3 {
        let got = one.take_one().await;
        assert_eq!(got.attempt, attempt, "every failure counts");
        let at = one.now() + MINUTE;
        assert!(one.end(&got, failed(at)).await, "an attempt may fail");
        let (taken, last) = other.take_all(QUEUE, 10).await;
        assert_eq!((taken.len(), last.next_due), (0, Some(at)), "a failed task waits until it is due again");
        subject.clock().advance(MINUTE);
    }
    let got = other.take_one().await;
    assert_eq!((number(&got), got.attempt, got.due_at), (1, 4, other.now()), "and comes whole");
}

async fn snooze_is_no_attempt(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    assert!(one.end(&one.take_one().await, failed(one.now())).await, "an attempt may fail");
    for _ in 0..3 {
        let got = one.take_one().await;
        assert_eq!(got.attempt, 2, "a snooze is no attempt");
        let until = one.now() + MINUTE;
        assert!(one.end(&got, Ending::Snoozed { until }).await, "a task may be snoozed");
        let (taken, last) = other.take_all(QUEUE, 10).await;
        assert_eq!((taken.len(), last.next_due), (0, Some(until)), "a snoozed task waits until its time");
        subject.clock().advance(MINUTE);
    }
}

async fn returned_task_comes_back_as_if_it_had_not_been_claimed(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    for ending in [Ending::Returned, Ending::Untouched] {
        one.put(vec![task(1), task(2).after(MINUTE)]).await;
        let got = one.take_one().await;
        subject.clock().advance(MINUTE * 2);
        assert!(one.end(&got, ending).await, "a task may be given back");
        let taken = other.take(10).await;
        assert_eq!(numbers(&taken), [1, 2], "a task given back may start at once, in its old place");
        assert_eq!((taken[0].attempt, taken[0].due_at), (1, got.due_at), "and it was no attempt");
        for task in &taken {
            other.done(task).await;
        }
    }
}

async fn tokens_rise_with_each_claim(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let mut last = None;
    for ending in [failed(one.now()), Ending::Snoozed { until: one.now() }, Ending::Returned, failed(one.now()), done()]
    {
        let hand = if last.is_some_and(|token| token % 2 == 0) { &one } else { &other };
        let got = hand.take_one().await;
        assert!(last.is_none_or(|last| got.token > last), "{} does not come after {last:?}", got.token);
        last = Some(got.token);
        assert!(hand.end(&got, ending).await, "a task that is held can be settled");
    }
}

async fn attempt_is_settled_once_by_its_holder(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let first = one.take_one().await;
    assert!(!other.end(&first, done()).await, "only the holder settles");
    assert!(one.end(&first, failed(one.now())).await, "which is refused leaves the task as it is");
    assert!(!one.end(&first, done()).await, "an attempt that was settled cannot be settled again");
    // A holder that heard no answer settles again, and may have claimed the task anew meanwhile.
    let second = one.take_one().await;
    assert!(!one.end(&first, done()).await, "an earlier attempt's end does not end a later attempt");
    assert_eq!((second.id, second.attempt), (first.id, 2), "the task was waiting for its second attempt");
    one.done(&second).await;
    other.finds_nothing("a done task does not come again").await;
}

async fn batch_settles_what_is_held(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..400)).await;
    one.put_one(task(1_000).on(OTHER_QUEUE)).await;
    let mine = one.take(200).await;
    let theirs = other.take(200).await;
    let elsewhere = one.take_all(OTHER_QUEUE, 1).await.0;
    let at = one.now() + MINUTE;
    let all: Vec<&Claimed> = mine.iter().chain(&elsewhere).chain(&theirs).collect();
    let ends = all.iter().enumerate().map(|(nth, task)| (*task, if nth % 2 == 0 { done() } else { failed(at) }));
    let held = one.settle(ends.collect()).await;
    let expected: Vec<_> = (0..401).map(|nth| nth < 201).collect();
    assert_eq!(held, expected, "a batch says of each whether it was held");
    subject.clock().advance(MINUTE);
    let mut again = numbers(&one.take(500).await);
    let mut expected: Vec<_> = mine.iter().skip(1).step_by(2).map(number).collect();
    again.sort_unstable();
    expected.sort_unstable();
    assert_eq!(again, expected, "what was held ends as the batch says, and nothing else changes");
    assert_eq!(end_all(&other, &theirs).await, 200, "what was not held is still its holder's");
}

async fn end_all(hand: &Hand<'_>, tasks: &[Claimed]) -> usize {
    let held = hand.settle(tasks.iter().map(|task| (task, done())).collect()).await;
    held.into_iter().filter(|held| *held).count()
}

async fn settling_nothing_is_no_fault(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    assert_eq!(one.settle(Vec::new()).await, Vec::<bool>::new(), "nothing to settle, nothing settled");
}

async fn checkpoint_is_there_for_the_next_attempt(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(vec![task(1), task(2).after(MINUTE)]).await;
    let (mut hand, mut next) = (&one, &other);
    let mut expected: Option<Value> = None;
    let ends = [failed(one.now()), Ending::Snoozed { until: one.now() }, Ending::Returned, failed(one.now())];
    for (round, ending) in ends.into_iter().enumerate() {
        let got = hand.take_one().await;
        assert_eq!(got.checkpoint, expected, "a claim brings what an earlier one left");
        let checkpoint = json!({ "round": round, "text": "ä \u{0} \"", "nothing": null, "long": "c".repeat(5_000) });
        assert!(hand.progress(&got, json!("replaced by what follows")).await, "a holder may say how far it has come");
        assert!(hand.progress(&got, checkpoint.clone()).await, "more than once");
        expected = Some(checkpoint);
        assert!(hand.end(&got, ending).await, "a task that is held can be settled");
        (hand, next) = (next, hand);
    }
    let got = hand.take_one().await;
    assert_eq!(got.checkpoint, expected, "the last one stays");
    hand.done(&got).await;
    subject.clock().advance(MINUTE);
    let fresh = hand.take_one().await;
    assert_eq!((number(&fresh), fresh.checkpoint), (2, None), "another task has none of it");
}

async fn progress_of_somebody_else_is_refused(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let first = one.take_one().await;
    assert!(one.progress(&first, json!("mine")).await, "a holder may say how far it has come");
    assert!(!other.progress(&first, json!("not mine")).await, "nobody else may");
    assert!(one.end(&first, failed(one.now())).await, "an attempt may fail");
    assert!(!one.progress(&first, json!("too late")).await, "nor may anybody after the end");
    let second = one.take_one().await;
    assert!(!one.progress(&first, json!("much too late")).await, "nor with an earlier claim");
    assert_eq!(second.checkpoint, Some(json!("mine")), "what was refused was not written");
}
