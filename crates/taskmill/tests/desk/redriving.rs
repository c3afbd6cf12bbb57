//! Another life for dead letters.

use crate::room::{HOUR, LETTER, NOTE, Room, died, done, in_state, letter, letters, of_kind, operator};
use kernel::{
    Caller, Clock, DeskOrder, Ending, Enqueued, Held, IdempotencyKey, Lane, Second, TaskDesk, TaskFilter, TaskState,
};
use rstest::rstest;
use std::time::Duration;
use testkit::Engine;
use uuid::Uuid;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn dead_letter_lives_again_from_its_first_attempt_and_runs_once(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let id = room.dead(letter().expiring_after(HOUR)).await;
    room.clock.advance(HOUR * 2);
    assert_eq!(room.order(DeskOrder::Redrive(id)).await.unwrap(), 1);
    assert_eq!(room.refused(DeskOrder::Redrive(id)).await, "task.not_dead");
    let claimed = room.work_off(&done()).await;
    assert_eq!(claimed.iter().map(|task| (task.id, task.attempt, task.token)).collect::<Vec<_>>(), [(id, 1, 3)]);
    assert_eq!(room.claim().await.len(), 0);
    assert_eq!(room.outcomes(id).await, ["dead", "redriven", "done"]);
    assert_eq!((room.state(id).await, room.count("task_dead").await), (TaskState::Done, 0));
    assert_eq!(room.refused(DeskOrder::Redrive(id)).await, "task.not_dead");
    assert_eq!(room.refused(DeskOrder::Redrive(Uuid::from_u128(1))).await, "task.no_such_task");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn dead_letter_takes_its_unique_key_again_or_stays_dead(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let unique = || letter().unique("thread-1", Held::UntilEnded, Second::Dropped);
    let id = room.dead(unique()).await;
    let rival = room.put_one(unique()).await;
    assert_eq!(room.refused(DeskOrder::Redrive(id)).await, "task.key_taken");
    assert_eq!(room.order(DeskOrder::RedriveAll(TaskFilter::default())).await.unwrap(), 0);
    assert_eq!(room.state(id).await, TaskState::Dead);
    assert_eq!(room.work_off(&done()).await[0].id, rival);
    room.order(DeskOrder::Redrive(id)).await.unwrap();
    assert_eq!(room.put(vec![unique()]).await, [Enqueued::Kept(id)], "the key is held again");
    room.work_off(&done()).await;
    assert_eq!(room.count("task_keys").await, 0, "and let go with the end");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn key_held_for_a_time_is_taken_again_once_the_time_is_over(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let unique = || letter().unique("digest", Held::For(HOUR), Second::Dropped);
    let first = room.dead(unique()).await;
    room.clock.advance(HOUR * 2);
    let second = room.dead(unique()).await;
    assert_eq!(room.refused(DeskOrder::Redrive(first)).await, "task.key_taken");
    room.order(DeskOrder::Redrive(second)).await.unwrap();
    room.work_off(&died()).await;
    room.clock.advance(HOUR * 2);
    room.order(DeskOrder::Redrive(first)).await.unwrap();
    assert_eq!(room.put(vec![unique()]).await, [Enqueued::Kept(first)]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn all_that_match_live_again_however_many_they_are(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    room.put(letters(2_300)).await;
    room.work_off(&died()).await;
    let note = room.dead(of_kind(NOTE).unique("k", Held::UntilEnded, Second::Dropped)).await;
    let laned = room.dead(letter().in_lane(Lane::in_order("l"))).await;
    let kind = |kind: &str| TaskFilter { kind: Some(kind.into()), ..in_state(TaskState::Dead) };
    let keyed = TaskFilter { key: Some("k".into()), ..TaskFilter::default() };
    assert_eq!(room.order(DeskOrder::RedriveAll(in_state(TaskState::Done))).await.unwrap(), 0);
    assert_eq!(room.count_matching(kind(LETTER)).await, 2_301);
    assert_eq!(room.order(DeskOrder::RedriveAll(kind(LETTER))).await.unwrap(), 2_301);
    assert_eq!((room.state(note).await, room.state(laned).await), (TaskState::Dead, TaskState::Ready));
    assert_eq!(room.order(DeskOrder::RedriveAll(keyed)).await.unwrap(), 1);
    assert_eq!(room.order(DeskOrder::RedriveAll(TaskFilter::default())).await.unwrap(), 0, "twice finds none");
    let ran = room.work_off(&done()).await;
    let different: std::collections::HashSet<_> = ran.iter().map(|task| task.id).collect();
    assert_eq!((ran.len(), different.len()), (2_302, 2_302));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn redriving_all_begins_nothing_that_nobody_waits_for(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let id = room.dead(letter()).await;
    let all = || DeskOrder::RedriveAll(TaskFilter::default());
    let late = Caller { deadline: Some(room.clock.now()), ..operator() };
    assert_eq!(room.desk.order(&late, all()).await.unwrap(), 0);
    assert_eq!(room.state(id).await, TaskState::Dead);
    let in_time = Caller { deadline: Some(room.clock.now() + HOUR), ..operator() };
    assert_eq!(room.desk.order(&in_time, all()).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn redriven_task_of_an_ordered_lane_waits_for_its_turn(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let laned = || letter().in_lane(Lane::in_order("l"));
    let dead = room.dead(laned()).await;
    let (second, third) = (room.put_one(laned()).await, room.put_one(laned()).await);
    let running = room.claim().await;
    assert_eq!(running[0].id, second);
    room.order(DeskOrder::Redrive(dead)).await.unwrap();
    assert_eq!(room.claim().await.len(), 0, "one of the lane runs");
    room.end(&running, &done()).await;
    let order: Vec<Uuid> =
        [room.work_off(&done()).await, room.work_off(&done()).await].concat().iter().map(|t| t.id).collect();
    assert_eq!(order, [dead, third], "it is the older one");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn order_given_again_under_its_key_gets_the_same_answer(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let id = room.dead(letter()).await;
    let caller = Caller { idempotency_key: IdempotencyKey::parse("again"), ..operator() };
    for _ in 0..2 {
        assert_eq!(room.desk.order(&caller, DeskOrder::Redrive(id)).await.unwrap(), 1);
    }
    assert_eq!(room.outcomes(id).await, ["dead", "redriven"]);
    let other = room.desk.order(&caller, DeskOrder::Cancel(id)).await.unwrap_err();
    assert_eq!(other.reason, "request.idempotency_key_reused");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn redriven_task_goes_on_from_its_checkpoint_and_may_fail_again(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let id = room.put_one(letter()).await;
    let claimed = room.claim().await;
    let progress = kernel::Progress { percent: None, note: String::new(), checkpoint: Some(serde_json::json!(7)) };
    assert!(kernel::TaskQueue::progress(&room.queue, room.holder, &claimed[0], &progress).await.unwrap());
    room.end(&claimed, &died()).await;
    room.order(DeskOrder::Redrive(id)).await.unwrap();
    let again = room.work_off(&Ending::Retry { at: room.now() + Duration::from_secs(1), error: "no".into() }).await;
    assert_eq!(again[0].checkpoint, Some(serde_json::json!(7)));
    room.clock.advance(Duration::from_secs(1));
    assert_eq!(room.work_off(&died()).await[0].attempt, 2);
    room.order(DeskOrder::Redrive(id)).await.unwrap();
    assert_eq!(room.outcomes(id).await, ["dead", "redriven", "failed", "dead", "redriven"]);
}
