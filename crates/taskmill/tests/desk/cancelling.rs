//! Stopping tasks that wait and tasks that run.

use crate::room::{HOUR, Room, died, done, letter};
use kernel::{DeskOrder, Ending, Enqueued, Held, Lane, Second, TaskQueue, TaskState};
use rstest::rstest;
use testkit::Engine;
use uuid::Uuid;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn waiting_task_ends_at_once_and_lets_go_of_key_and_lane(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let unique = || letter().after(HOUR).unique("k", Held::UntilEnded, Second::Dropped);
    let keyed = room.put_one(unique()).await;
    room.order(DeskOrder::Cancel(keyed)).await.unwrap();
    assert_eq!((room.state(keyed).await, room.outcomes(keyed).await), (TaskState::Cancelled, vec!["cancelled".into()]));
    assert!(matches!(room.put(vec![unique()]).await[..], [Enqueued::New(_)]));

    let laned = || letter().in_lane(Lane::in_order("l"));
    let (first, second, third) =
        (room.put_one(laned()).await, room.put_one(laned()).await, room.put_one(laned()).await);
    let running = room.claim().await;
    assert_eq!(running[0].id, first);
    room.order(DeskOrder::Cancel(second)).await.unwrap();
    room.end(&running, &done()).await;
    assert_eq!(room.work_off(&done()).await[0].id, third, "the lane goes on behind the one that was cancelled");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn head_of_an_ordered_lane_makes_way_when_it_is_cancelled(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let laned = || letter().in_lane(Lane::in_order("l"));
    let (first, second) = (room.put_one(laned()).await, room.put_one(laned()).await);
    let pause = Ending::Retry { at: room.now() + HOUR, error: "later".into() };
    assert_eq!(room.work_off(&pause).await[0].id, first);
    assert_eq!(room.claim().await.len(), 0, "the second waits for the first, which waits for its next attempt");
    room.order(DeskOrder::Cancel(first)).await.unwrap();
    assert_eq!(room.work_off(&done()).await[0].id, second);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn holder_of_a_running_task_hears_with_its_next_beat(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let id = room.put_one(letter()).await;
    let running = room.claim().await;
    assert_eq!(room.queue.beat(room.holder).await.unwrap().cancelled, Vec::<Uuid>::new());
    for _ in 0..2 {
        assert_eq!(room.order(DeskOrder::Cancel(id)).await.unwrap(), 1);
    }
    assert_eq!(room.state(id).await, TaskState::Running, "it runs until its holder listens");
    assert_eq!(room.queue.beat(room.holder).await.unwrap().cancelled, [id]);
    room.end(&running, &Ending::Cancelled).await;
    assert_eq!(room.state(id).await, TaskState::Cancelled);
    assert_eq!(room.refused(DeskOrder::Cancel(id)).await, "task.has_ended");
    let changes: Vec<_> = room.audited().await.iter().map(|entry| entry["changes"].as_array().unwrap().len()).collect();
    assert_eq!(changes, [1, 0], "asking again changed nothing");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn task_asked_to_stop_is_not_tried_again(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let later = || Ending::Retry { at: room.now(), error: "it failed before it heard".into() };
    for ending in [later(), Ending::Snoozed { until: room.now() }, Ending::Returned] {
        let id = room.put_one(letter().unique("k", Held::UntilEnded, Second::Dropped)).await;
        let running = room.claim().await;
        room.order(DeskOrder::Cancel(id)).await.unwrap();
        room.end(&running, &ending).await;
        assert_eq!((room.state(id).await, room.claim().await.len()), (TaskState::Cancelled, 0), "{ending:?}");
        assert_eq!(room.count("task_keys").await, 0, "{ending:?}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_has_ended_or_never_was_cannot_be_stopped(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let dead = room.dead(letter()).await;
    let done_with = room.put_one(letter()).await;
    room.work_off(&done()).await;
    for id in [dead, done_with] {
        assert_eq!(room.refused(DeskOrder::Cancel(id)).await, "task.has_ended");
    }
    assert_eq!(room.refused(DeskOrder::Cancel(Uuid::from_u128(1))).await, "task.no_such_task");
    room.work_off(&died()).await;
}
