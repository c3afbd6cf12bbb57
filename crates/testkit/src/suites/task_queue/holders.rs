//! Whose a task is, and how it is taken away from somebody who is gone.

use super::{Hand, MINUTE, QUEUE, TaskQueueSubject, done, failed, hand, ids, number, numbers, task, tasks, two_hands};
use futures::future::join_all;
use kernel::{Claimed, Ending, Enqueued, Held, Lane, Second};
use serde_json::json;
use std::collections::HashSet;
use uuid::Uuid;

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    no_two_holders_get_the_same_task(&fresh().await).await;
    holders_see_each_others_beats(&fresh().await).await;
    holder_that_beats_keeps_its_task(&fresh().await).await;
    rescue_with_a_stale_count_does_nothing(&fresh().await).await;
    rescued_task_is_one_lost_attempt(&fresh().await).await;
    of_two_rescuers_one_succeeds(&fresh().await).await;
    late_word_of_a_lost_holder_is_refused(&fresh().await).await;
    lost_holder_gets_nothing_until_it_joins_anew(&fresh().await).await;
    whoever_leaves_gives_back_at_once(&fresh().await).await;
    claim_nobody_heard_of_goes_back(&fresh().await).await;
    rescued_key_and_lane_are_as_before(&fresh().await).await;
    joining_again_changes_nothing(&fresh().await).await;
    running_task_hears_that_it_is_to_stop(&fresh().await).await;
}

async fn no_two_holders_get_the_same_task(subject: &impl TaskQueueSubject) {
    let mut hands = Vec::new();
    for number in 0..6 {
        let handle = if number % 2 == 0 { subject.queue() } else { subject.second() };
        hands.push(hand(subject, handle, 0xa0 + number).await);
    }
    hands[0].put(tasks(0..2_000)).await;
    let (taken, _) = tokio::join!(join_all(hands.iter().map(|hand| take_until_empty(hand, 3_000))), async {
        for round in 0..20 {
            hands[1].put(tasks(2_000 + round * 50..2_050 + round * 50)).await;
        }
    });
    let mut all: Vec<_> = taken.into_iter().flatten().collect();
    all.extend(hands[0].take(3_000).await);
    assert_eq!((all.len(), ids(&all).len()), (3_000, 3_000), "every task is in the hands of exactly one holder");
    let mut seen = numbers(&all);
    seen.sort_unstable();
    assert_eq!(seen, (0..3_000).collect::<Vec<_>>(), "and none is lost");
}

async fn take_until_empty(hand: &Hand<'_>, limit: usize) -> Vec<Claimed> {
    let mut all = Vec::new();
    while all.len() < limit {
        let taken = hand.take(29).await;
        if taken.is_empty() {
            break;
        }
        all.extend(taken);
    }
    all
}

async fn holders_see_each_others_beats(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let beat = one.beat().await;
    assert!(beat.alive && beat.cancelled.is_empty(), "a holder that joined is known");
    let others: Vec<_> = beat.others.iter().map(|(holder, _)| *holder).collect();
    assert_eq!(others, [other.holder], "a beat tells of the others, not of oneself");
    let before = other.beats_of(&one).await.expect("the others are known");
    assert_eq!(other.beats_of(&one).await, Some(before), "a count stands still while its holder does not beat");
    one.beat().await;
    assert!(other.beats_of(&one).await > Some(before), "a count rises with a beat");
    let stranger = Hand { queue: subject.queue(), clock: subject.clock(), holder: Uuid::from_u128(0xffff) };
    assert!(!stranger.beat().await.alive, "whoever never joined is not known");
    assert_eq!(other.beat().await.others.len(), 1, "and does not become known by beating");
}

async fn holder_that_beats_keeps_its_task(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let got = one.take_one().await;
    let mut seen = other.beats_of(&one).await.expect("the other is known");
    for _ in 0..10 {
        subject.clock().advance(MINUTE * 60 * 24);
        assert!(one.beat().await.alive, "a holder lives however late it is");
        assert_eq!(other.rescue(one.holder, seen).await, 0, "a holder that has beaten since cannot be rescued from");
        other.finds_nothing("what is held is nobody else's").await;
        seen = other.beats_of(&one).await.expect("the other is known");
    }
    assert!(one.end(&got, done()).await, "the holder settles after days");
}

async fn rescue_with_a_stale_count_does_nothing(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let got = one.take_one().await;
    let beats = other.beats_of(&one).await.expect("the other is known");
    for wrong in [beats - 1, beats + 1, -1, i64::MAX] {
        assert_eq!(other.rescue(one.holder, wrong).await, 0, "a count of {wrong} instead of {beats} rescues nothing");
    }
    assert_eq!(other.rescue(Uuid::from_u128(0xffff), 0).await, 0, "nothing is rescued from nobody");
    assert!(one.beat().await.alive, "the holder is still known");
    one.done(&got).await;
}

async fn rescued_task_is_one_lost_attempt(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..150)).await;
    let first = one.take(150).await;
    let kept = first[0].clone();
    assert!(one.progress(&kept, json!({ "page": 7 })).await, "a holder may say how far it has come");
    let beats = other.beats_of(&one).await.expect("the other is known");
    assert_eq!(other.rescue(one.holder, beats).await, 150, "a rescue brings back all that was held");
    assert_eq!(other.beats_of(&one).await, None, "and the holder is gone");
    let again = other.take(200).await;
    assert_eq!(ids(&again), ids(&first), "every task comes back, once");
    assert!(again.iter().all(|task| task.attempt == 2), "as one lost attempt");
    for task in &again {
        let before = first.iter().find(|before| before.id == task.id).expect("it was there before");
        assert!(task.token > before.token, "with a higher token");
        assert_eq!((number(task), task.due_at), (number(before), before.due_at), "otherwise as it was");
    }
    let resumed = again.iter().find(|task| task.id == kept.id).expect("it came back");
    assert_eq!(resumed.checkpoint, Some(json!({ "page": 7 })), "with what the lost attempt left");
}

async fn of_two_rescuers_one_succeeds(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let third = hand(subject, subject.queue(), 0xc).await;
    one.put(tasks(0..20)).await;
    one.take(20).await;
    let beats = other.beats_of(&one).await.expect("the other is known");
    let (here, there) = tokio::join!(other.rescue(one.holder, beats), third.rescue(one.holder, beats));
    assert_eq!((here.min(there), here.max(there)), (0, 20), "of two who try, one rescues everything");
    assert_eq!(third.rescue(one.holder, beats).await, 0, "later there is nothing left to rescue");
    let again = third.take(40).await;
    assert_eq!((again.len(), ids(&again).len()), (20, 20), "every task comes back once");
    assert!(again.iter().all(|task| task.attempt == 2), "as one lost attempt, not two");
}

async fn late_word_of_a_lost_holder_is_refused(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..2)).await;
    let late = one.take(2).await;
    let beats = other.beats_of(&one).await.expect("the other is known");
    assert_eq!(other.rescue(one.holder, beats).await, 2, "a holder that stands still is rescued from");
    assert!(!one.end(&late[0], done()).await, "after the rescue a late end is refused");
    assert!(!one.progress(&late[0], json!("late")).await, "and so is late progress");
    let again = other.take(10).await;
    assert_eq!(ids(&again), ids(&late), "what was refused was not written");
    for task in &late {
        assert!(!one.end(task, failed(one.now())).await, "it is refused while somebody else has the task");
        assert!(!one.progress(task, json!("late")).await, "and so is late progress");
    }
    assert!(again.iter().all(|task| task.checkpoint.is_none()), "no late progress was written");
    for task in &again {
        other.done(task).await;
        assert!(!one.end(task, failed(one.now())).await, "it is refused after the task has ended");
    }
    one.join().await;
    other.finds_nothing("nothing that came late brings a task back").await;
    assert!(!one.end(&late[0], done()).await, "joining anew does not give back what was lost");
}

async fn lost_holder_gets_nothing_until_it_joins_anew(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let beats = other.beats_of(&one).await.expect("the other is known");
    assert_eq!(other.rescue(one.holder, beats).await, 0, "whoever holds nothing loses nothing");
    let beat = one.beat().await;
    assert!(!beat.alive, "a beat after the rescue says that the holder is gone");
    one.put_one(task(1)).await;
    // Nobody would ever rescue what somebody unknown holds.
    let claim = one.claim(10).await;
    assert_eq!((claim.tasks.len(), claim.more), (0, false), "whoever is not known gets nothing");
    one.join().await;
    assert!(one.beat().await.alive, "who joins anew is known again");
    assert_eq!(numbers(&one.take(10).await), [1], "and gets tasks");
}

async fn whoever_leaves_gives_back_at_once(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..30)).await;
    let held = one.take(30).await;
    for task in &held[..5] {
        one.done(task).await;
    }
    let theirs = held[5..].to_vec();
    assert_eq!(one.leave().await, 25, "whoever leaves gives back what it still holds");
    assert!(!one.beat().await.alive, "and is not known any more");
    assert_eq!(other.beats_of(&one).await, None, "to nobody");
    let again = other.take(40).await;
    assert_eq!(ids(&again), ids(&theirs), "what was given back may start at once");
    assert!(again.iter().all(|task| task.attempt == 1), "and it was no attempt");
    assert!(!one.end(&theirs[0], done()).await, "whoever left has no say any more");
    assert_eq!(one.leave().await, 0, "leaving twice gives back nothing more");
}

async fn claim_nobody_heard_of_goes_back(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..3)).await;
    let known = one.take(2).await;
    let unheard = one.take_one().await;
    let pairs = |tasks: &[Claimed]| tasks.iter().map(|task| (task.id, task.token)).collect::<Vec<_>>();
    let keep_only = async |known: Vec<(Uuid, i32)>| {
        one.queue.keep_only(one.holder, &known).await.expect("a holder can say what it knows of")
    };
    assert_eq!(keep_only(pairs(&known)).await, 1, "what a holder does not know of goes back");
    assert_eq!(keep_only(pairs(&known)).await, 0, "once");
    let again = other.take_one().await;
    assert_eq!((again.id, again.attempt), (unheard.id, 1), "at once, and it was no attempt");
    // It failed, which its holder has not heard, and was claimed again, of which it has not heard either.
    assert!(one.end(&known[0], failed(one.now())).await, "an attempt may fail");
    assert_eq!(one.take_one().await.id, known[0].id, "a task may come back to the same holder");
    assert_eq!(keep_only(pairs(&known)).await, 1, "an earlier claim of a task is not the present one");
    assert!(!one.end(&known[0], done()).await, "and ends nothing");
    assert_eq!(other.take_one().await.attempt, 2, "somebody does it");
    one.done(&known[1]).await;
}

async fn rescued_key_and_lane_are_as_before(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let unique = |number| {
        task(number).in_lane(Lane::at_most("account:1", 1)).unique("thread:1", Held::UntilEnded, Second::Dropped)
    };
    let first = one.put_one(unique(1)).await;
    let lost = one.take_one().await;
    let beats = other.beats_of(&one).await.expect("the other is known");
    assert_eq!(other.rescue(one.holder, beats).await, 1, "a holder that stands still is rescued from");
    assert_eq!(other.put_one(unique(2)).await, Enqueued::Kept(first.id()), "a rescued task keeps its key");
    let got = other.take_one().await;
    assert_eq!((got.release.clone(), got.lane.clone()), (lost.release, lost.lane), "its key and its lane are the same");
    other.put_one(task(3).in_lane(Lane::at_most("account:1", 1))).await;
    other.finds_nothing("it fills its lane again").await;
    other.done(&got).await;
    assert_eq!(numbers(&other.take(10).await), [3], "and frees it in the end");
    assert!(matches!(other.put_one(unique(4)).await, Enqueued::New(_)), "and its key");
}

async fn joining_again_changes_nothing(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put_one(task(1)).await;
    let got = one.take_one().await;
    one.join().await;
    assert!(one.beat().await.alive, "a holder that joins twice is known");
    let (taken, _) = other.take_all(QUEUE, 10).await;
    assert_eq!(numbers(&taken), Vec::<u64>::new(), "and keeps what it holds");
    one.done(&got).await;
    let known: HashSet<_> = other.beat().await.others.into_iter().map(|(holder, _)| holder).collect();
    assert_eq!(known, HashSet::from([one.holder]), "as one holder");
}

async fn running_task_hears_that_it_is_to_stop(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..2)).await;
    let (mine, theirs) = (one.take_one().await, other.take_one().await);
    if !subject.cancel(mine.id).await {
        return;
    }
    assert!(other.beat().await.cancelled.is_empty(), "nobody hears of other holders' tasks");
    assert_eq!(one.beat().await.cancelled, [mine.id], "the holder hears that its task is to stop");
    assert!(one.end(&mine, Ending::Cancelled).await, "and settles it");
    assert!(one.beat().await.cancelled.is_empty(), "after that there is nothing to hear");
    other.done(&theirs).await;
    one.finds_nothing("a cancelled task does not come again").await;
}
