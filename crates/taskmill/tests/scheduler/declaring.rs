//! Schedules that programs declare, change and no longer know.

use crate::town::{Program, Ring, Town, rings, time};
use chrono::TimeDelta;
use kernel::{Clock, Time};
use rstest::rstest;
use store::schedules::PauseSchedule;
use taskmill::{CatchUp, CronError, Schedule};
use testkit::Engine;

#[rstest]
#[tokio::test]
async fn new_schedule_begins_now(#[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine) {
    let Some(town) = Town::on(engine).await else { return };
    let all = CatchUp::All { at_most: 100 };
    let mut program =
        town.program("2030-01-01T10:30:00Z", vec![rings("hourly", "0 * * * *", "UTC").catching_up(all)]).await;
    assert_eq!(program.look().await, Some(time("2030-01-01T11:00:00Z")));
    assert!(town.fired().await.is_empty());
    program.pass_until("2030-01-01T11:00:00Z");
    program.look().await;
    assert_eq!(town.fired_by("hourly").await, [time("2030-01-01T11:00:00Z")]);
    let kept = program.store.schedules().await.unwrap().remove(0).state;
    assert_eq!((kept.name.as_str(), kept.kind.as_str(), kept.paused), ("hourly", "town.ring", false));
    assert_eq!((kept.cron.as_str(), kept.zone.as_str()), ("0 * * * *", "UTC"));
    assert_eq!(kept.last_tick, Some(time("2030-01-01T11:00:00Z")));
    assert_eq!(kept.next_tick, Some(time("2030-01-01T12:00:00Z")));
}

#[rstest]
#[tokio::test]
async fn changed_expression_takes_effect_and_the_older_program_stands_back(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let all = CatchUp::All { at_most: 100 };
    let mut older =
        town.program("2030-01-01T10:00:00Z", vec![rings("bell", "0 * * * *", "UTC").catching_up(all)]).await;
    older.look().await;
    let mut newer = town
        .program("2030-01-01T10:10:00Z", vec![rings("bell", "45 9 * * *", "Asia/Kathmandu").catching_up(all)])
        .await;
    newer.look().await;
    let kept = newer.store.schedules().await.unwrap().remove(0).state;
    assert_eq!(kept.next_tick, Some(time("2030-01-02T04:00:00Z")));
    for program in [&mut older, &mut newer] {
        program.pass_until("2030-01-02T04:00:00Z");
        program.look().await;
    }
    assert_eq!(town.fired_by("bell").await, [time("2030-01-02T04:00:00Z")], "nothing of the hours before");
}

#[rstest]
#[tokio::test]
async fn expression_of_a_program_that_is_gone_gives_way_to_that_of_one_that_runs(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let mut newer = town.program("2030-01-01T10:00:00Z", vec![rings("bell", "30 * * * *", "UTC")]).await;
    newer.look().await;
    let mut older = town.program("2030-01-01T10:10:00Z", vec![rings("bell", "0 * * * *", "UTC")]).await;
    older.look().await;
    let upto = async |program: &mut Program, shows: &str| {
        while program.clock.now() < time(shows) {
            program.pass(TimeDelta::seconds(30));
            program.look().await;
        }
    };
    upto(&mut newer, "2030-01-01T10:40:00Z").await;
    assert!(town.fired().await.is_empty(), "the expression declared last counts");
    upto(&mut older, "2030-01-01T11:00:00Z").await;
    upto(&mut newer, "2030-01-01T11:50:00Z").await;
    assert_eq!(town.fired_by("bell").await, [time("2030-01-01T11:00:00Z")], "while somebody fires it");
    older.store.close().await;
    upto(&mut newer, "2030-01-01T12:00:50Z").await;
    let kept = newer.store.schedules().await.unwrap().remove(0).state;
    assert_eq!(kept.cron, "0 * * * *", "within a minute somebody may still come");
    upto(&mut newer, "2030-01-01T12:40:00Z").await;
    assert_eq!(town.fired_by("bell").await, [time("2030-01-01T11:00:00Z"), time("2030-01-01T12:30:00Z")]);
}

#[test]
fn name_that_does_not_fit_its_column_is_refused() {
    let of = |bytes: usize| Schedule::new("x".repeat(bytes).leak(), "0 * * * *", "UTC", |_| -> Ring { unreachable!() });
    assert!([1, 70].into_iter().all(|bytes| of(bytes).is_ok()));
    assert!([0, 71].into_iter().all(|bytes| matches!(of(bytes), Err(CronError::Name { .. }))));
}

#[rstest]
#[tokio::test]
async fn schedule_nobody_declares_is_gone_until_somebody_does(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let (bell, gong) = (|| rings("bell", "0 * * * *", "UTC"), || rings("gong", "0 * * * *", "UTC"));
    let mut both = town.program("2030-01-01T10:30:00Z", vec![bell(), gong()]).await;
    both.look().await;
    let pause = PauseSchedule { name: "gong".to_owned(), paused: true };
    both.store.commit(town.permit("r"), pause, vec![], ()).await.unwrap();
    let mut without = town.program("2030-01-01T10:40:00Z", vec![bell()]).await;
    without.look().await;
    without.pass_until("2030-01-01T11:00:00Z");
    without.look().await;
    assert_eq!(town.fired().await.keys().collect::<Vec<_>>(), ["bell"]);
    let gone: Vec<(String, bool, Option<Time>)> = without
        .store
        .schedules()
        .await
        .unwrap()
        .into_iter()
        .map(|kept| (kept.state.name, kept.gone, kept.state.next_tick))
        .collect();
    let next = Some(time("2030-01-01T12:00:00Z"));
    assert_eq!(gone, [("bell".to_owned(), false, next), ("gong".to_owned(), true, None)]);
    let mut again = town.program("2030-01-01T11:10:00Z", vec![bell(), gong()]).await;
    again.look().await;
    let gong = again.store.schedules().await.unwrap().remove(1);
    assert!(gong.state.paused && !gong.gone, "it comes back as it was: {gong:?}");
    let mut much_later = town.program("2030-03-01T00:00:00Z", vec![]).await;
    much_later.look().await;
    let mut and_later = town.program("2030-04-01T00:00:00Z", vec![]).await;
    and_later.look().await;
    assert!(and_later.store.schedules().await.unwrap().is_empty(), "what is gone for long is forgotten");
}

#[rstest]
#[tokio::test]
async fn program_that_still_knows_a_retired_schedule_takes_it_back(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let mut newer = town.program("2030-01-01T10:30:00Z", vec![rings("bell", "0 * * * *", "UTC")]).await;
    newer.look().await;
    town.program("2030-01-01T10:31:00Z", vec![]).await.look().await;
    newer.pass_until("2030-01-01T11:00:00Z");
    while newer.look().await.unwrap() <= newer.clock.now() {}
    assert_eq!(town.fired_by("bell").await, [time("2030-01-01T11:00:00Z")]);
    assert!(!newer.store.schedules().await.unwrap()[0].gone);
}
