//! What starts, when, and before what.

use super::{Hand, KIND, MINUTE, OTHER_QUEUE, QUEUE, SECOND, TaskQueueSubject};
use super::{done, failed, ids, number, numbers, task, tasks, two_hands};
use crate::patience::PATIENCE;
use kernel::{Actor, Enqueued, Lane, NewTask, Priority, Role, TaskOrigin, TenantId};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

pub(super) async fn cases<S: TaskQueueSubject>(fresh: &impl AsyncFn() -> S) {
    empty_queue_gives_nothing(&fresh().await).await;
    task_comes_whole(&fresh().await).await;
    payload_of_any_shape_comes_as_it_was(&fresh().await).await;
    priority_goes_before_due_time(&fresh().await).await;
    queues_are_apart(&fresh().await).await;
    delayed_task_starts_when_it_is_due_and_not_before(&fresh().await).await;
    claim_says_that_there_is_more(&fresh().await).await;
    expired_task_never_starts(&fresh().await).await;
    ten_thousand_in_one_call_start_once_each(&fresh().await).await;
    no_id_comes_twice(&fresh().await).await;
    flood_of_one_tenant_keeps_no_other_waiting(&fresh().await).await;
    steady_stream_of_one_tenant_starves_no_other(&fresh().await).await;
    poison_task_blocks_nobody(&fresh().await).await;
    waiting_worker_wakes_for_a_task(&fresh().await).await;
}

async fn empty_queue_gives_nothing(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    let claim = one.claim(10).await;
    assert_eq!((claim.tasks.len(), claim.next_due, claim.more), (0, None, false), "an empty queue has nothing to come");
    assert_eq!(one.put(Vec::new()).await, [], "no tasks are enqueued when none are given");
}

async fn task_comes_whole(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let mut actor = Actor::service(TenantId(Uuid::from_u128(7)), "forum.digest");
    actor.role = Role::Moderator;
    actor.display_name = "Ada „the“ \\ Ünïcode \u{1f600}".to_owned();
    let origin = TaskOrigin {
        actor,
        operation: "forum.post_reply".to_owned(),
        request_id: "request-1".to_owned(),
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        caused_by: Some(Uuid::from_u128(99)),
    };
    let lane = Lane::at_most("account:1", 3);
    let new = NewTask::new("testkit.send", 4, json!({ "to": "bo" })).with_priority(Priority::High);
    let new = new.in_lane(lane.clone()).after(SECOND).expiring_after(MINUTE);
    let enqueued_at = one.now();
    let enqueued = one.queue.enqueue(&origin, vec![new]).await.expect("tasks can be enqueued");
    subject.clock().advance(SECOND * 3);
    let got = other.take_one().await;
    assert_eq!(enqueued, [Enqueued::New(got.id)], "a claim brings the task that was enqueued");
    assert_eq!(
        (got.kind.as_str(), got.version, &got.payload, got.queue.as_str(), got.priority),
        ("testkit.send", 4, &json!({ "to": "bo" }), QUEUE, Priority::High),
        "a task comes as it was enqueued"
    );
    assert_eq!((got.tenant, got.origin), (origin.tenant(), origin), "a task says where it comes from");
    assert_eq!(
        (got.enqueued_at, got.due_at, got.started_at),
        (enqueued_at, enqueued_at + SECOND, enqueued_at + SECOND * 3),
        "a task says when it was enqueued, due and started"
    );
    assert_eq!(
        (got.attempt, got.lane, got.release, got.checkpoint),
        (1, Some(lane), None, None),
        "it is a first attempt"
    );
}

async fn payload_of_any_shape_comes_as_it_was(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let payloads = [
        Value::Null,
        json!({}),
        json!([]),
        json!([[], {}, null, "", 0, false]),
        json!("'; DROP TABLE tasks; -- \" \\ \u{0} \u{7f} \r\n\t ünïcode 漢字 \u{1f600} \u{202e}"),
        json!({ "null": null, "empty": {}, "list": [], "\u{0}": "\u{0}", "": "no name" }),
        json!([u64::MAX, i64::MIN, 9_007_199_254_740_993_u64, 0.1, 1e300, -0.5]),
        json!({ "long": "ß".repeat(100_000) }),
    ];
    for payload in payloads {
        one.put_one(NewTask::new(KIND, 1, payload.clone())).await;
        let got = other.take_one().await;
        assert!(got.payload == payload, "a payload comes as it was, {} bytes long", payload.to_string().len());
        other.done(&got).await;
    }
}

async fn priority_goes_before_due_time(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let mut expected = Vec::new();
    for (rank, priority) in Priority::ALL.into_iter().enumerate().rev() {
        for delay in [2_u32, 0, 1] {
            let number = rank as u64 * 10 + u64::from(delay);
            expected.push(number);
            one.put_one(task(number).with_priority(priority).after(SECOND * delay)).await;
        }
    }
    expected.sort_unstable();
    subject.clock().advance(MINUTE);
    let mut started = numbers(&one.take(5).await);
    started.extend(numbers(&other.take(100).await));
    assert_eq!(started, expected, "tasks start by priority, then by due time");
}

async fn queues_are_apart(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(vec![task(1), task(2).on(OTHER_QUEUE)]).await;
    assert_eq!(numbers(&other.take_all(OTHER_QUEUE, 10).await.0), [2], "a claim brings tasks of the queue it names");
    assert_eq!(numbers(&other.take(10).await), [1], "the other queue's tasks are still there");
}

async fn delayed_task_starts_when_it_is_due_and_not_before(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let (soon, later) = (one.now() + MINUTE, one.now() + MINUTE * 2);
    one.put(vec![task(2).at(later), task(1).after(MINUTE), task(0)]).await;
    let (taken, last) = other.take_all(QUEUE, 10).await;
    assert_eq!((numbers(&taken), last.next_due), (vec![0], Some(soon)), "a claim says when the next task is due");
    subject.clock().advance(MINUTE - Duration::from_micros(1));
    let (taken, last) = other.take_all(QUEUE, 10).await;
    assert_eq!((numbers(&taken), last.next_due), (vec![], Some(soon)), "no task starts a moment early");
    subject.clock().advance(Duration::from_micros(1));
    let (taken, last) = other.take_all(QUEUE, 10).await;
    assert_eq!((numbers(&taken), last.next_due), (vec![1], Some(later)), "a task may start when it is due");
    assert_eq!(taken[0].due_at, soon, "a task says when it was due");
    subject.clock().advance(MINUTE);
    let (taken, last) = other.take_all(QUEUE, 10).await;
    assert_eq!((numbers(&taken), last.next_due), (vec![2], None), "after the last one nothing more falls due");
}

async fn claim_says_that_there_is_more(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    one.put(tasks(0..5)).await;
    let claim = one.claim(3).await;
    assert!(claim.more, "a claim that left some behind says so");
    assert_eq!(one.take(10).await.len() + claim.tasks.len(), 5, "the rest comes when it is asked for");
}

async fn expired_task_never_starts(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    one.put(tasks(0..300).into_iter().map(|task| task.expiring_after(MINUTE)).collect()).await;
    one.put(vec![
        task(1000),
        task(1001).expiring_after(MINUTE * 3),
        task(1002).after(MINUTE * 2).expiring_after(MINUTE),
    ])
    .await;
    subject.clock().advance(MINUTE + SECOND);
    assert_eq!(numbers(&other.work_off(10).await), [1000, 1001], "an expired task ends instead of starting");
    subject.clock().advance(MINUTE * 2);
    other.finds_nothing("a task that expired before it was due never starts").await;
}

async fn ten_thousand_in_one_call_start_once_each(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let enqueued = one.put(tasks(0..10_000)).await;
    let enqueued: HashSet<_> = enqueued.into_iter().map(Enqueued::id).collect();
    let mut started = one.work_off(1_000).await;
    started.extend(other.work_off(1_000).await);
    assert_eq!((enqueued.len(), started.len()), (10_000, 10_000), "every task of a large batch starts once");
    assert_eq!(ids(&started), enqueued, "the tasks that start are those that were enqueued");
    assert_eq!(numbers(&started).into_iter().collect::<HashSet<_>>().len(), 10_000, "each has its own payload");
}

async fn no_id_comes_twice(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let mut given = Vec::new();
    for round in 0..20 {
        let (here, there) = tokio::join!(one.put(tasks(round * 10..round * 10 + 5)), other.put(tasks(0..5)));
        given.extend(here.into_iter().chain(there).map(Enqueued::id));
    }
    assert_eq!(given.iter().collect::<HashSet<_>>().len(), 200, "no two tasks have the same id");
    assert_eq!(ids(&one.take(300).await), given.into_iter().collect(), "every one of them is in the queue");
}

async fn flood_of_one_tenant_keeps_no_other_waiting(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let (loud, quiet) = (TenantId(Uuid::from_u128(11)), TenantId(Uuid::from_u128(12)));
    one.put_for(loud, tasks(0..10_000)).await;
    subject.clock().advance(SECOND);
    one.put_for(quiet, tasks([77_777])).await;
    let mut started = one.claim(100).await.tasks;
    started.extend(other.claim(100).await.tasks);
    assert!(started.iter().any(|task| task.tenant == quiet), "one tenant's flood keeps another waiting");
    assert!(started.len() > 100, "a flood still flows while others take their turn");
    let rest = other.work_off(2_000).await;
    assert_eq!(started.len() + rest.len(), 10_001, "every task of every tenant starts in the end");
}

async fn steady_stream_of_one_tenant_starves_no_other(subject: &impl TaskQueueSubject) {
    let (one, other) = two_hands(subject).await;
    let (first, second) = (TenantId(Uuid::from_u128(11)), TenantId(Uuid::from_u128(12)));
    for (patient, eager) in [(first, second), (second, first)] {
        one.put_for(patient, tasks(0..20)).await;
        one.put_for(eager, tasks([77_777])).await;
        let mut patiently_waited = 0;
        for _ in 0..40 {
            subject.clock().advance(SECOND);
            let got = other.take_one().await;
            other.done(&got).await;
            if got.tenant == eager {
                one.put_for(eager, tasks([77_777])).await;
            } else {
                patiently_waited += 1;
            }
        }
        assert!(
            patiently_waited >= 10,
            "who always comes back at once lets others have {patiently_waited} of 40 turns"
        );
        other.work_off(100).await;
    }
}

async fn poison_task_blocks_nobody(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    one.put(tasks(0..20)).await;
    let mut finished = Vec::new();
    for _ in 0..60 {
        let got = one.take_one().await;
        if number(&got) == 0 {
            subject.clock().advance(SECOND);
            assert!(one.end(&got, failed(one.now())).await, "an attempt may fail at any time");
        } else {
            assert!(one.end(&got, done()).await, "a task that is held can be done");
            finished.push(number(&got));
        }
    }
    finished.sort_unstable();
    assert_eq!(finished, (1..20).collect::<Vec<_>>(), "a task that fails again and again lets the others pass");
}

async fn waiting_worker_wakes_for_a_task(subject: &impl TaskQueueSubject) {
    let (one, _) = two_hands(subject).await;
    let short = Duration::from_millis(30);
    timeout(PATIENCE, one.queue.changed(short)).await.expect("a worker waits no longer than it said");
    let long = PATIENCE * 6;
    let waiting = timeout(PATIENCE, one.queue.changed(long));
    let (woken, _) = tokio::join!(waiting, one.put_one(task(1)));
    woken.expect("a waiting worker wakes when a task comes, long before its wait is over");
    // Whatever woke it may have been an earlier sign; now there is none left.
    timeout(PATIENCE, one.queue.changed(short)).await.expect("a worker waits no longer than it said");
    one.put_one(task(2)).await;
    assert_wakes(&one, long).await;
}

async fn assert_wakes(hand: &Hand<'_>, long: Duration) {
    let woken = timeout(PATIENCE, hand.queue.changed(long)).await;
    woken.expect("a task that came between two waits ends the second one at once");
}
