//! Schedulers beside each other: each tick fires once, whatever their clocks show and wherever one of them dies.

use crate::town::{Town, rings, ticks, time};
use chrono::TimeDelta;
use kernel::{Clock, SystemClock, Time};
use rstest::rstest;
use std::collections::HashSet;
use std::sync::Arc;
use taskmill::{CatchUp, run_scheduler};
use testkit::Engine;
use tokio_util::sync::CancellationToken;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

#[rstest]
#[tokio::test]
async fn skewed_clocks_fire_each_tick_once(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let schedules = || vec![rings("bell", "*/5 * * * *", "UTC"), rings("gong", "7 * * * *", "UTC")];
    let mut right = town.program("2030-01-01T10:00:00Z", schedules()).await;
    let mut ahead = town.program("2030-01-01T10:07:00Z", schedules()).await;
    let mut its_twin = town.program("2030-01-01T10:07:00Z", schedules()).await;
    let mut behind = town.program("2030-01-01T09:53:00Z", schedules()).await;
    right.look().await;
    for _ in 0..90 {
        tokio::join!(ahead.look(), its_twin.look(), right.look(), behind.look());
        [&right, &ahead, &its_twin, &behind].into_iter().for_each(|program| program.pass(MINUTE));
    }
    tokio::join!(ahead.look(), its_twin.look(), right.look(), behind.look());
    let upto = "2030-01-01T11:37:00Z";
    assert_eq!(town.fired_by("bell").await, ticks("*/5 * * * *", "UTC", "2030-01-01T10:00:00Z", upto));
    assert_eq!(town.fired_by("gong").await, ticks("7 * * * *", "UTC", "2030-01-01T10:00:00Z", upto));
}

#[rstest]
#[tokio::test]
async fn clocks_that_jump_fire_each_tick_once(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
    #[values("2030-03-31", "2030-10-27")] day: &str,
) {
    let Some(town) = Town::on(engine).await else { return };
    let zone = "Europe/Berlin";
    let schedules = || vec![rings("nightly", "30 2 * * *", zone), rings("quarterly", "*/15 * * * *", zone)];
    let mut right = town.program(&format!("{day}T00:05:00Z"), schedules()).await;
    let mut ahead = town.program(&format!("{day}T00:07:00Z"), schedules()).await;
    right.look().await;
    for _ in 0..180 {
        tokio::join!(right.look(), ahead.look());
        [&right, &ahead].into_iter().for_each(|program| program.pass(MINUTE));
    }
    tokio::join!(right.look(), ahead.look());
    let nightly = if day == "2030-03-31" { "T01:00:00Z" } else { "T00:30:00Z" };
    assert_eq!(town.fired_by("nightly").await, [time(&format!("{day}{nightly}"))]);
    let quarterly = town.fired_by("quarterly").await;
    assert_eq!(quarterly.len(), 12, "three hours passed, whatever the clocks show: {quarterly:?}");
    assert!(quarterly.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(15)), "{quarterly:?}");
}

#[rstest]
#[tokio::test]
async fn scheduler_killed_anywhere_leaves_each_tick_fired_once(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let schedules = || {
        let all = CatchUp::All { at_most: 9 };
        vec![rings("bell", "*/5 * * * *", "UTC").catching_up(all), rings("gong", "*/5 * * * *", "UTC").catching_up(all)]
    };
    let start = "2030-01-01T10:00:00Z";
    let mut survivor = town.program(start, schedules()).await;
    survivor.look().await;
    let (mut polls, mut came_to_its_end) = (0, 0);
    while came_to_its_end < 3 {
        survivor.pass(TimeDelta::minutes(10));
        let shows = survivor.clock.now().to_rfc3339();
        let mut victim = town.program(&shows, schedules()).await;
        came_to_its_end += usize::from(victim.look_until_killed(polls).await);
        victim.store.close().await;
        // The last that was heard of the victim may have been a commit that was carried out a moment later.
        while survivor.look().await.unwrap() < survivor.clock.now() + MINUTE {}
        let expected = ticks("*/5 * * * *", "UTC", start, &shows);
        assert_eq!(town.fired_by("bell").await, expected, "killed at {polls}");
        assert_eq!(town.fired_by("gong").await, expected, "killed at {polls}");
        polls += 1;
    }
    assert!(polls > 10, "only {polls} points to be killed at were found");
}

#[rstest]
#[tokio::test]
async fn two_running_schedulers_fire_every_second_once_and_not_before_it(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let stop = CancellationToken::new();
    let scheduler = async || {
        let store = town.store_with(Arc::new(SystemClock)).await;
        run_scheduler(store, vec![rings("second", "* * * * * *", "UTC")], stop.clone()).await;
    };
    let watch = async {
        testkit::eventually("three seconds are fired", async || town.rings().await.len() >= 3).await;
        stop.cancel();
    };
    tokio::join!(scheduler(), scheduler(), watch);
    let rings = town.rings().await;
    let distinct: HashSet<Time> = rings.iter().map(|(ring, _)| ring.at).collect();
    assert_eq!(distinct.len(), rings.len());
    assert!(rings.iter().all(|(ring, enqueued)| enqueued >= &ring.at), "it fired before its time");
}
