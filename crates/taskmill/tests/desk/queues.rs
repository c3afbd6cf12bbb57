//! Queues as operators see and set them.

use crate::room::{HOUR, Room, died, letter, letters};
use kernel::{DeskOrder, Lane, QueueLimits, TaskQueue};
use rstest::rstest;
use std::time::Duration;
use testkit::Engine;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn queue_tells_how_much_of_it_stands_where(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    room.dead(letter()).await;
    let due = room.now();
    let laned = || letter().in_lane(Lane::in_order("l"));
    room.put(vec![laned(), laned(), laned()]).await;
    assert_eq!(room.claim().await.len(), 1, "one of the lane runs, two wait");
    room.put(letters(2)).await;
    room.put(vec![letter().after(HOUR), letter().after(HOUR), letter().after(HOUR), letter().on("nobody's")]).await;
    room.clock.advance(Duration::from_secs(9));
    let queue = room.queue_named("default").await;
    assert_eq!((queue.ready, queue.scheduled, queue.waiting, queue.running, queue.dead), (2, 3, 2, 1, 1));
    assert_eq!(queue.oldest_due, Some(due));
    assert_eq!(room.queue_named("slow").await.oldest_due, None);
    assert_eq!(room.queue_named("nobody's").await.ready, 1, "a queue without workers is shown, too");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn paused_queue_starts_nothing_until_it_is_resumed(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    room.put(letters(2)).await;
    for _ in 0..2 {
        assert_eq!(room.order(DeskOrder::Pause("default".into())).await.unwrap(), 1);
    }
    assert!(room.queue_named("default").await.settings.paused);
    assert_eq!(room.claim().await.len(), 0);
    // What is enqueued wakes workers, and so does what may start again. Neither is told twice.
    room.queue.changed(Duration::ZERO).await;
    room.order(DeskOrder::Resume("default".into())).await.unwrap();
    let began = tokio::time::Instant::now();
    room.queue.changed(Duration::from_secs(20)).await;
    assert!(began.elapsed() < Duration::from_secs(10), "workers are woken");
    assert_eq!(room.claim().await.len(), 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn limits_hold_from_the_next_claim_on(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    room.put(letters(9)).await;
    let limit = async |limits: QueueLimits| room.order(DeskOrder::Limit("default".into(), limits)).await;
    let limits = QueueLimits { per_process: Some(7), at_most: Some(2), rate: Some((3, Duration::from_secs(60))) };
    limit(limits.clone()).await.unwrap();
    assert_eq!(room.queue_named("default").await.settings.limits, limits);
    assert_eq!(room.claim().await.len(), 2, "two at a time");
    limit(QueueLimits { rate: Some((3, Duration::from_hours(24))), ..QueueLimits::default() }).await.unwrap();
    assert_eq!(room.claim().await.len(), 3, "three a day");
    limit(QueueLimits { rate: Some((2, Duration::from_secs(1))), ..QueueLimits::default() }).await.unwrap();
    assert_eq!(room.claim().await.len(), 2, "what the earlier rate held back does not hold back the new one");
    limit(QueueLimits::default()).await.unwrap();
    assert_eq!(room.claim().await.len(), 2, "the rest");
    for wrong in [
        QueueLimits { at_most: Some(0), ..QueueLimits::default() },
        QueueLimits { per_process: Some(u32::MAX), ..QueueLimits::default() },
        QueueLimits { rate: Some((1, Duration::ZERO)), ..QueueLimits::default() },
    ] {
        assert_eq!(limit(wrong).await.unwrap_err().fields[0].field, "limits");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn queue_nobody_works_on_yet_can_be_paused_and_one_that_is_none_cannot(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    room.put_one(letter().on("coming")).await;
    room.order(DeskOrder::Pause("coming".into())).await.unwrap();
    room.queue.join(room.holder, "room:1", &["coming"]).await.unwrap();
    assert_eq!(room.queue.claim(room.holder, "coming", 5).await.unwrap().tasks.len(), 0);
    assert!(room.queue_named("coming").await.settings.paused);
    assert_eq!(room.refused(DeskOrder::Resume("missing".into())).await, "task.no_such_queue");
    room.work_off(&died()).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn orders_are_in_the_record_with_what_they_were_about(#[case] engine: Engine) {
    let Some(room) = Room::on(engine).await else { return };
    let dead = room.dead(letter()).await;
    room.order(DeskOrder::Redrive(dead)).await.unwrap();
    room.order(DeskOrder::Pause("slow".into())).await.unwrap();
    room.refused(DeskOrder::Redrive(dead)).await;
    let entries = room.audited().await;
    assert_eq!(entries.len(), 2, "what was refused was not done: {entries:?}");
    for entry in &entries {
        assert_eq!((&entry["operation"], &entry["resource"]), (&"platform.order_tasks".into(), &"Desk/room".into()));
        assert_eq!(entry["actor"], "service:operator");
    }
    assert_eq!(entries[0]["changes"], serde_json::json!([format!("task_order/{dead}@2")]));
    let about = entries[1]["changes"][0].as_str().unwrap().to_owned();
    let id = about.strip_prefix("queue_order/").unwrap().strip_suffix("@1").unwrap().parse().unwrap();
    let kept = room.store.versions("queue_order", id).await.unwrap();
    assert_eq!(kept[0].state, Some(serde_json::json!({ "order": "pause", "of": "slow" })));
}
