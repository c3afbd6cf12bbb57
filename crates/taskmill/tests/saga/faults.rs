//! Faults before and after every step, in one process and split: all done or all undone, each effect once.

use crate::market::{House, Topology};
use crate::toys::Fate;
use rstest::rstest;
use std::time::Duration;
use testkit::Engine;

const STEPS: [&str; 4] = ["hold", "pack", "pay", "notify"];

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_ends_whole_whatever_fails_before_or_after_any_step(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
    #[values(Topology::OneProcess, Topology::Split)] topology: Topology,
) {
    let Some(house) = House::on(engine, topology).await else { return };
    for step in STEPS {
        for (name, fates) in [
            ("away", vec![Fate::Away, Fate::Away]),
            ("lost", vec![Fate::Lost]),
            ("lost-twice", vec![Fate::Lost, Fate::Away, Fate::Lost]),
            ("hangs", vec![Fate::Hangs]),
        ] {
            // Only the first step has a short time limit.
            if name != "hangs" || step == "hold" {
                let whose = format!("{step}.{name}");
                house.trouble.make(&whose, step, fates);
                house.sells(&whose, Duration::ZERO).await;
            }
        }
    }
    house.sells("nothing fails", Duration::ZERO).await;
    let _worker = house.worker();
    let sales = house.all_end_whole().await;
    assert!(sales.iter().all(|sale| sale.state == "done"), "{sales:?}");
    assert_eq!(sales.len(), 14);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_step_undoes_what_was_done_before_it(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
    #[values(Topology::OneProcess, Topology::Split)] topology: Topology,
) {
    let Some(house) = House::on(engine, topology).await else { return };
    for (step, undo) in [("hold", ""), ("pack", "release"), ("pay", "release"), ("pay", "unpack")] {
        for (name, fates) in [("away", vec![Fate::Away, Fate::Away]), ("lost", vec![Fate::Lost]), ("well", vec![])] {
            let whose = format!("{step}.{undo}.{name}");
            // A refusal that could not be written down is asked for again, and must not have become a yes.
            house.trouble.make(&whose, step, [Fate::Refused; 20]);
            house.trouble.make(&whose, undo, fates);
            house.sells(&whose, Duration::ZERO).await;
        }
    }
    let _worker = house.worker();
    let sales = house.all_end_whole().await;
    assert!(sales.iter().all(|sale| sale.state == "undone"), "{sales:?}");
    let done = house.done().await;
    assert_eq!(done.get(&("pay.release.lost".to_owned(), "release".to_owned())), Some(&1));
    assert_eq!(done.get(&("hold..well".to_owned(), "release".to_owned())), None, "what had no effect is not undone");
}
