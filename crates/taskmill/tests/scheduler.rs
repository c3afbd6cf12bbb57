//! Each tick fires once: whatever the number of schedulers and their clocks, and wherever one of them dies.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test reports by failing")]

mod town;

use chrono::{TimeDelta, Timelike};
use kernel::{Clock, SystemClock, Time};
use rstest::rstest;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use store::schedules::{FIRED_BEFORE, FireNow, NO_SCHEDULE, PauseSchedule};
use taskmill::{CatchUp, Cron, CronError, Schedule, Tick, run_scheduler};
use testkit::Engine;
use tokio_util::sync::CancellationToken;
use town::{Program, Ring, Town, rings, time};

const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn ticks(cron: &str, zone: &str, after: &str, upto: &str) -> Vec<Time> {
    Cron::parse(cron, zone).unwrap().ticks_between(time(after), time(upto)).collect()
}

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
async fn outage_is_made_up_for_as_the_policy_says(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let policies = [("skip", CatchUp::Skip), ("latest", CatchUp::Latest), ("all", CatchUp::All { at_most: 3 })];
    let hourly = policies.map(|(name, catch_up)| rings(name, "0 * * * *", "UTC").catching_up(catch_up));
    let mut program = town.program("2030-01-01T10:00:00Z", hourly.to_vec()).await;
    program.look().await;
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    let mut hours_after = async |back: &str| {
        program.pass_until(back);
        let next = program.look().await.unwrap();
        assert_eq!(program.look().await, Some(next), "a second look finds nothing to do");
        let new = |(name, ticks): (String, Vec<Time>)| {
            let before = fired.insert(name, ticks.len()).unwrap_or(0);
            ticks[before..].iter().map(Timelike::hour).collect::<Vec<_>>()
        };
        let mut all = town.fired().await;
        ["skip", "latest", "all"].map(|name| (name.to_owned(), all.remove(name).unwrap_or_default())).map(new)
    };
    assert_eq!(hours_after("2030-01-01T15:20:00Z").await, [vec![], vec![15], vec![13, 14, 15]]);
    assert_eq!(hours_after("2030-01-01T21:00:59Z").await, [vec![21], vec![21], vec![18, 19, 20, 21]]);
    assert_eq!(hours_after("2030-01-01T22:01:00Z").await, [vec![], vec![22], vec![22]]);
    assert_eq!(hours_after("2030-01-01T23:00:00Z").await, [vec![23], vec![23], vec![23]]);
}

#[rstest]
#[tokio::test]
async fn long_list_of_missed_ticks_is_fired_to_its_end(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let all = || vec![rings("bell", "* * * * *", "UTC").catching_up(CatchUp::All { at_most: 250 })];
    town.program("2030-01-01T00:00:00Z", all()).await.look().await;
    let mut back = town.program("2030-01-02T00:00:30Z", all()).await;
    while back.look().await.unwrap() <= back.clock.now() {}
    let all = ticks("* * * * *", "UTC", "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z");
    assert_eq!(town.fired_by("bell").await, all[all.len() - 251..], "250 missed ones, and the one that is on time");
}

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
    let firing = store::schedules::Firing {
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
async fn request_fires_a_schedule_once_besides_its_ticks(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let bell = || rings("bell", "0 * * * *", "UTC");
    let mut program = town.program("2030-01-01T10:30:00Z", vec![bell()]).await;
    program.look().await;
    let fire = async |name: &str, request: &str| {
        let (store, task) = (&program.store, bell().task_now(program.clock.now()).unwrap());
        store.commit(town.permit(request), FireNow::new(store, name, request), (vec![], vec![task]), ()).await
    };
    fire("bell", "one").await.unwrap();
    assert!(fire("bell", "one").await.unwrap_err().is(&FIRED_BEFORE));
    fire("bell", "two").await.unwrap();
    assert!(fire("bell", "one").await.unwrap_err().is(&FIRED_BEFORE));
    assert!(fire("gong", "three").await.unwrap_err().is(&NO_SCHEDULE));
    let long = |last: char| format!("{}{last}", "r".repeat(63));
    fire("bell", &long('a')).await.unwrap();
    fire("bell", &long('b')).await.unwrap();
    assert!(fire("bell", &long('a')).await.unwrap_err().is(&FIRED_BEFORE));
    program.pass_until("2030-01-01T11:00:00Z");
    program.look().await;
    let rung: Vec<(Time, bool)> = town.rings().await.into_iter().map(|(ring, _)| (ring.at, ring.on_request)).collect();
    let asked = (time("2030-01-01T10:30:00Z"), true);
    assert_eq!(rung, [asked, asked, asked, asked, (time("2030-01-01T11:00:00Z"), false)]);
}

#[rstest]
#[tokio::test]
async fn ticks_do_not_pile_up_where_one_task_at_a_time_is_wanted(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(town) = Town::on(engine).await else { return };
    let sweep = || rings("sweep", "0 * * * *", "UTC").one_at_a_time();
    let mut program = town.program("2030-01-01T10:30:00Z", vec![sweep(), rings("gong", "0 * * * *", "UTC")]).await;
    program.look().await;
    for hour in 11..20 {
        program.pass_until(&format!("2030-01-01T{hour}:00:00Z"));
        program.look().await;
    }
    let (store, task) = (&program.store, sweep().task_now(program.clock.now()).unwrap());
    store.commit(town.permit("r"), FireNow::new(store, "sweep", "r"), (vec![], vec![task]), ()).await.unwrap();
    let fired = town.fired().await;
    assert_eq!((fired["sweep"].as_slice(), fired["gong"].len()), ([time("2030-01-01T11:00:00Z")].as_slice(), 9));
    assert_eq!(program.look().await, Some(time("2030-01-01T20:00:00Z")));
}

#[tokio::test]
async fn schedule_that_panics_keeps_no_other_from_firing() {
    let Some(town) = Town::on(Engine::Sqlite).await else { return };
    let broken = |tick: &Tick| -> Ring { unreachable!("{tick:?}") };
    let broken = Schedule::new("broken", "0 * * * *", "UTC", broken).unwrap();
    let mut program = town.program("2030-01-01T10:30:00Z", vec![broken, rings("whole", "0 * * * *", "UTC")]).await;
    program.look().await;
    program.pass_until("2030-01-01T11:00:00Z");
    assert_eq!(program.look().await, Some(time("2030-01-01T12:00:00Z")));
    assert_eq!(town.fired_by("whole").await.len(), 1);
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
