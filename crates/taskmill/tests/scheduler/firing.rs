//! What one firing enqueues: besides the ticks on request, not on top of an earlier task, not when it panics.

use crate::town::{Ring, Town, rings, time};
use kernel::{Clock, Time};
use rstest::rstest;
use store::schedules::{FIRED_BEFORE, FireNow, NO_SCHEDULE};
use taskmill::{Schedule, Tick};
use testkit::Engine;

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
