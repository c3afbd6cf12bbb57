//! Schedules that somebody has paused.

use crate::town::{Town, rings, time};
use rstest::rstest;
use store::schedules::{Firing, PauseSchedule};
use taskmill::CatchUp;
use testkit::Engine;

#[rstest]
#[tokio::test]
async fn paused_schedule_fires_nothing_until_it_is_resumed(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let schedules =
        vec![rings("bell", "0 * * * *", "UTC").catching_up(CatchUp::Skip), rings("gong", "0 * * * *", "UTC")];
    let mut program = town.program("2030-01-01T10:30:00Z", schedules).await;
    program.look().await;
    let set = async |paused: bool| {
        for name in ["bell", "gong"] {
            let change = PauseSchedule { name: name.to_owned(), paused };
            program.store.commit(town.permit("r"), change, vec![], ()).await.unwrap();
        }
    };
    set(true).await;
    let shown = program.store.schedules().await.unwrap();
    assert!(shown.iter().all(|kept| kept.state.paused && kept.state.next_tick.is_none()), "{shown:?}");
    program.pass_until("2030-01-01T13:20:00Z");
    assert_eq!(program.scheduler.look().await.unwrap(), None);
    assert!(town.fired().await.is_empty());
    set(false).await;
    program.look().await;
    assert!(town.fired_by("bell").await.is_empty(), "it leaves out what it misses");
    assert_eq!(town.fired_by("gong").await, [time("2030-01-01T13:00:00Z")], "it makes up for the latest");
}

#[rstest]
#[tokio::test]
async fn pause_that_is_committed_holds_even_for_whoever_has_looked_before(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let mut program = town.program("2030-01-01T10:30:00Z", vec![rings("bell", "0 * * * *", "UTC")]).await;
    program.look().await;
    let seen = program.store.schedules().await.unwrap().remove(0);
    let pause = PauseSchedule { name: "bell".to_owned(), paused: true };
    program.store.commit(town.permit("r"), pause, vec![], ()).await.unwrap();
    let firing = Firing {
        name: "bell",
        cron: &seen.state.cron,
        zone: &seen.state.zone,
        from: seen.mark,
        tick: time("2030-01-01T11:00:00Z"),
        next: None,
        task: None,
    };
    assert!(!program.store.fire_schedule(firing).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn expression_that_was_paused_is_not_taken_for_one_nobody_fires(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let mut older = town.program("2030-01-01T10:00:00Z", vec![rings("bell", "30 * * * *", "UTC")]).await;
    older.look().await;
    let mut newer = town.program("2030-01-01T10:10:00Z", vec![rings("bell", "0 * * * *", "UTC")]).await;
    newer.look().await;
    for (paused, shows) in [(true, "2030-01-01T15:00:10Z"), (false, "2030-01-01T15:00:20Z")] {
        let change = PauseSchedule { name: "bell".to_owned(), paused };
        newer.store.commit(town.permit("r"), change, vec![], ()).await.unwrap();
        [&older, &newer].into_iter().for_each(|program| program.pass_until(shows));
        older.look().await;
    }
    newer.look().await;
    assert_eq!(town.fired_by("bell").await, [time("2030-01-01T15:00:00Z")]);
}
