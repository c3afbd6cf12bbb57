//! Orders that meet each other, a worker, or another process.

use crate::room::{Room, died, done, letter, letters};
use kernel::{DeskOrder, Held, Lane, Second, TaskFilter, TaskQueue, TaskState};
use rstest::rstest;
use testkit::Engine;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn dead_letter_redriven_by_several_at_once_runs_once(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    for round in 0..10 {
        let id = here.dead(letter().unique("k", Held::UntilEnded, Second::Dropped)).await;
        let order = || DeskOrder::Redrive(id);
        let all = || DeskOrder::RedriveAll(TaskFilter::default());
        let (a, b, c) = tokio::join!(here.order(order()), there.order(order()), there.order(all()));
        let redriven = [&a, &b, &c].into_iter().filter_map(|done| done.as_ref().ok()).sum::<u64>();
        assert_eq!(redriven, 1, "round {round}: {a:?} {b:?} {c:?}");
        for refused in [a, b].into_iter().filter_map(Result::err) {
            assert_eq!(refused.reason, "task.not_dead");
        }
        let ran = here.work_off(&done()).await;
        assert_eq!(ran.iter().map(|task| task.id).collect::<Vec<_>>(), [id]);
        assert_eq!(here.outcomes(id).await, ["dead", "redriven", "done"]);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn two_who_redrive_all_share_them(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    here.put(letters(1_500)).await;
    here.work_off(&died()).await;
    let all = || DeskOrder::RedriveAll(TaskFilter::default());
    let (a, b) = tokio::join!(here.order(all()), there.order(all()));
    assert_eq!(a.unwrap() + b.unwrap(), 1_500);
    assert_eq!(here.work_off(&done()).await.len(), 1_500);
    assert_eq!(here.count("task_runs").await, 4_500, "each died, was redriven, and was done");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn task_cancelled_while_it_is_claimed_is_either_never_begun_or_asked_to_stop(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    for lane in [None, Some(Lane::in_order("l"))] {
        for round in 0..15 {
            let mut task = letter();
            task.lane.clone_from(&lane);
            let id = here.put_one(task).await;
            let (cancelled, claimed) = tokio::join!(there.order(DeskOrder::Cancel(id)), here.claim());
            assert_eq!(cancelled.unwrap(), 1, "round {round}");
            let asked = here.queue.beat(here.holder).await.unwrap().cancelled;
            match claimed.first() {
                None => assert_eq!((here.state(id).await, asked.len()), (TaskState::Cancelled, 0)),
                Some(_) => assert_eq!((here.state(id).await, asked), (TaskState::Running, vec![id])),
            }
            here.end(&claimed, &kernel::Ending::Cancelled).await;
            assert_eq!(here.outcomes(id).await, ["cancelled"], "round {round}");
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn task_cancelled_while_it_ends_has_one_end(#[case] engine: Engine) {
    let Some(here) = Room::on(engine).await else { return };
    let there = here.elsewhere().await;
    for round in 0..15 {
        let id = here.put_one(letter().in_lane(Lane::at_most("l", 1))).await;
        let running = here.claim().await;
        let done = done();
        let (cancelled, ()) = tokio::join!(there.order(DeskOrder::Cancel(id)), here.end(&running, &done));
        if let Err(fault) = cancelled {
            assert_eq!(fault.reason, "task.has_ended", "round {round}");
        }
        assert_eq!(here.outcomes(id).await, ["done"], "round {round}");
    }
}
