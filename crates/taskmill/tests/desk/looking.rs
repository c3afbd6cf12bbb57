//! What operators see of tasks and queues.

use crate::room::{HOUR, NOTE, Room, STRANGE, desk_of, died, done, in_state, letter, of_kind, operator};
use kernel::{
    Actor, Caller, DeskAnswer, DeskQuestion, Ending, FaultCode, Held, Lane, Priority, Progress, Second, TaskDesk,
    TaskFilter, TaskOrigin, TaskQueue, TaskState, TenantId,
};
use rstest::rstest;
use serde_json::json;
use std::time::Duration;
use testkit::{DenyAll, Engine, Scripted};
use uuid::Uuid;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn every_state_is_told_from_every_other(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let ended = room.put_one(letter()).await;
    room.work_off(&done()).await;
    let dead = room.dead(letter()).await;
    let cancelled = room.put_one(letter()).await;
    room.order(kernel::DeskOrder::Cancel(cancelled)).await.unwrap();
    let debounced = || letter().after(HOUR).unique("it", Held::UntilEnded, Second::Replaces);
    let replaced = room.put_one(debounced()).await;
    let scheduled = room.put_one(debounced()).await;
    let expired = room.put_one(letter().expiring_after(Duration::from_secs(5))).await;
    room.clock.advance(Duration::from_secs(6));
    let running = room.put_one(letter().in_lane(Lane::in_order("l"))).await;
    let waiting = room.put_one(letter().in_lane(Lane::in_order("l"))).await;
    let claimed = room.claim().await;
    assert_eq!(claimed.iter().map(|task| task.id).collect::<Vec<_>>(), [running]);
    let ready = room.put_one(letter()).await;

    let states = [
        (ready, TaskState::Ready),
        (waiting, TaskState::Waiting),
        (running, TaskState::Running),
        (expired, TaskState::Expired),
        (scheduled, TaskState::Scheduled),
        (replaced, TaskState::Replaced),
        (cancelled, TaskState::Cancelled),
        (dead, TaskState::Dead),
        (ended, TaskState::Done),
    ];
    for (task, state) in states {
        assert_eq!(room.list(in_state(state)).await, [task], "{state:?}");
        assert_eq!(room.count_matching(in_state(state)).await, 1, "{state:?}");
        assert_eq!(room.state(task).await, state);
    }
    let all = states.map(|(task, _)| task);
    assert_eq!(room.list(TaskFilter::default()).await, all, "newest first");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn filters_leave_what_they_name(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let plain = room.put_one(letter()).await;
    let keyed = room.put_one(letter().unique("thread-1", Held::UntilEnded, Second::Dropped)).await;
    let slow = room.put_one(letter().on("slow")).await;
    let note = room.put_one(of_kind(NOTE).unique("thread-1", Held::UntilEnded, Second::Dropped)).await;
    let other = TenantId(Uuid::from_u128(77));
    let foreign = room.put_for(other, vec![letter()]).await[0].id();
    let some = |set: fn(&mut TaskFilter)| {
        let mut filter = TaskFilter::default();
        set(&mut filter);
        filter
    };
    let cases = [
        (some(|f| f.queue = Some("slow".into())), vec![slow]),
        (some(|f| f.kind = Some(NOTE.into())), vec![note]),
        (some(|f| f.key = Some("thread-1".into())), vec![note, keyed]),
        (some(|f| (f.key, f.kind) = (Some("thread-1".into()), Some(NOTE.into()))), vec![note]),
        (some(|f| f.tenant = Some(TenantId(Uuid::from_u128(77)))), vec![foreign]),
        (some(|f| (f.key, f.state) = (Some("thread-1".into()), Some(TaskState::Ready))), vec![note, keyed]),
        (some(|f| (f.kind, f.state) = (Some(NOTE.into()), Some(TaskState::Dead))), vec![]),
        (some(|f| f.key = Some(String::new())), vec![]),
        (TaskFilter::default(), vec![foreign, note, slow, keyed, plain]),
    ];
    for (filter, found) in cases {
        assert_eq!(room.list(filter.clone()).await, found, "{filter:?}");
        assert_eq!(room.count_matching(filter.clone()).await, found.len() as u64, "{filter:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn life_tells_everything_but_secrets(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let mut origin = TaskOrigin::service(TenantId::FIRST, "room.write");
    origin.actor.session = Some(kernel::SessionId(Uuid::from_u128(5)));
    let task = letter().with_priority(Priority::High).in_lane(Lane::at_most("ada", 2));
    let task = task.unique("k", Held::UntilEnded, Second::Dropped);
    let id = room.queue.enqueue(&origin, vec![task]).await.unwrap()[0].id();
    let enqueued_at = room.now();
    room.clock.advance(Duration::from_secs(1));
    let first = room.claim().await;
    let left = json!({ "seal": "wax", "sent": 3 });
    let progress = Progress { percent: Some(30), note: "on the way".into(), checkpoint: Some(left) };
    assert!(room.queue.progress(room.holder, &first[0], &progress).await.unwrap());
    let error = "no stamp\nthe drawer is empty".to_owned();
    room.end(&first, &Ending::Retry { at: room.now(), error }).await;
    let again = room.life(id).await;
    assert_eq!((again.summary.state, again.summary.error.as_deref()), (TaskState::Ready, Some("no stamp")));
    let second = room.claim().await;
    room.clock.advance(Duration::from_secs(2));
    room.end(&second, &Ending::Done { result: json!({ "seal": "wax", "stamp": 9 }) }).await;

    let life = room.life(id).await;
    assert_eq!(life.payload, json!({ "to": "ada", "seal": "***" }));
    assert_eq!(life.result, Some(json!({ "seal": "***", "stamp": 9 })));
    assert_eq!(life.progress.unwrap().checkpoint, Some(json!({ "seal": "***", "sent": 3 })));
    assert_eq!((life.lane.as_deref(), life.version), (Some("ada"), 1));
    assert_eq!((life.origin.operation.as_str(), life.origin.actor.session), ("room.write", None));
    let summary = life.summary;
    assert_eq!((summary.attempts, summary.priority, summary.key.as_deref()), (2, Priority::High, Some("k")));
    assert_eq!((summary.enqueued_at, summary.ended_at), (enqueued_at, Some(room.now())));
    let runs: Vec<_> = life.runs.iter().map(|run| (run.token, run.attempt, run.outcome.as_str())).collect();
    assert_eq!(runs, [(1, 1, "failed"), (2, 2, "done")]);
    assert_eq!(life.runs[0].error.as_deref(), Some("no stamp\nthe drawer is empty"));
    assert_eq!(life.runs[0].worker.as_deref(), Some("room:1"));
    assert_eq!(life.runs[1].ended_at - life.runs[1].started_at, chrono::TimeDelta::seconds(2));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[tokio::test]
async fn payload_of_a_kind_nobody_knows_is_not_shown(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let strange = room.put_one(of_kind(STRANGE)).await;
    assert_eq!(room.life(strange).await.payload, json!("***"));
    assert_eq!(room.ask(DeskQuestion::Task(Uuid::from_u128(1))).await, DeskAnswer::Task(None));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn minutes_say_what_ended_in_them(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let began = room.now();
    room.put(vec![letter(), letter()]).await;
    room.work_off(&done()).await;
    room.clock.advance(Duration::from_secs(90));
    room.dead(letter()).await;
    room.put_one(letter()).await;
    room.work_off(&Ending::Retry { at: room.now() + HOUR, error: "no".into() }).await;
    let minutes = async |count: u32| match room.ask(DeskQuestion::Throughput { minutes: count }).await {
        DeskAnswer::Throughput(minutes) => minutes,
        other => panic!("{other:?}"),
    };
    let told = |minutes: &[kernel::ThroughputMinute]| {
        minutes.iter().map(|m| ((m.minute - began).num_minutes(), m.done, m.failed, m.dead)).collect::<Vec<_>>()
    };
    assert_eq!(told(&minutes(3).await), [(-1, 0, 0, 0), (0, 2, 0, 0), (1, 0, 1, 1)]);
    assert_eq!(told(&minutes(1).await), [(1, 0, 1, 1)]);
    // What ends in the present minute is still added to it, and what is over stays when its tasks are forgotten.
    room.dead(letter()).await;
    assert_eq!(told(&minutes(2).await), [(0, 2, 0, 0), (1, 0, 1, 2)]);
    room.clock.advance(Duration::from_mins(4));
    assert_eq!(minutes(6).await.len(), 6);
    room.run("DELETE FROM task_runs", vec![]).await;
    assert_eq!(told(&minutes(6).await)[..2], [(0, 2, 0, 0), (1, 0, 1, 2)]);
}

#[tokio::test]
async fn whoever_may_not_is_neither_answered_nor_obeyed() {
    let Some(room) = Room::on(Engine::Sqlite).await else { return };
    let id = room.put_one(letter()).await;
    let member = Caller::new(Actor::service(TenantId::FIRST, "somebody"), "r");
    let denied = desk_of(&room.store, DenyAll);
    assert_eq!(denied.ask(&member, DeskQuestion::Queues).await.unwrap_err().code, FaultCode::Forbidden);
    let reader = desk_of(&room.store, Scripted::allowing(&["platform.read_tasks"]));
    reader.ask(&operator(), DeskQuestion::Task(id)).await.unwrap();
    let fault = reader.order(&operator(), kernel::DeskOrder::Cancel(id)).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::Forbidden);
    assert_eq!(room.state(id).await, TaskState::Ready);
    room.work_off(&died()).await;
}
