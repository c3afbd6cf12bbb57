//! What becomes of ticks that nobody came to.

use crate::town::{Town, rings, ticks};
use chrono::Timelike;
use kernel::{Clock, Time};
use rstest::rstest;
use std::collections::BTreeMap;
use taskmill::CatchUp;
use testkit::Engine;

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
