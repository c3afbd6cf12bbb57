//! The work of a saga dropped at every await point: whatever had been sent or written until then, all is done or all is
//! undone in the end, each effect once.

use crate::market::{AtWork, House, Market, Sale, Topology, rescue};
use crate::toys::Fate;
use kernel::Fault;
use rstest::rstest;
use serde::{Deserialize, Serialize};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use taskmill::saga::{Advance, Saga};
use taskmill::{Ran, Task, TaskContext, Tasks, Terms};
use testkit::Engine;

/// The saga's task, which stops for ever once so many polls have been made in this process.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Mortal(Advance<Sale>);

#[async_trait::async_trait]
impl Task for Mortal {
    type Module = Market;
    const KIND: &'static str = Sale::KIND;

    fn terms() -> Terms {
        Advance::<Sale>::terms()
    }

    async fn run(&self, market: &Market, context: &TaskContext) -> Result<Ran, Fault> {
        let mut run = pin!(self.0.run(market, context));
        let life = &market.life;
        poll_fn(|cx| {
            if life.polls_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
                (life.die)();
                life.died.notify_one();
                return Poll::Pending;
            }
            run.as_mut().poll(cx)
        })
        .await
    }
}

/// Drops the work at every `stride`th point until one sale needs fewer.
async fn dropped_everywhere(engine: Engine, topology: Topology, stride: usize, trouble: &[(&str, Fate)]) {
    let Some(house) = House::on(engine, topology).await else { return };
    let life = &house.market.life;
    for polls in (0..2_000).step_by(stride) {
        let whose = format!("dropped {polls}");
        for (step, fate) in trouble {
            house.trouble.make(&whose, step, [*fate]);
        }
        life.polls_left.store(polls, Ordering::SeqCst);
        let sale = house.sells(&whose, Duration::ZERO).await;
        let worker = AtWork::with(house.market.store.clone(), Tasks::of(house.market.clone()).task::<Mortal>());
        let ended = tokio::select! {
            () = life.died.notified() => false,
            () = house.ends(sale) => true,
        };
        drop(worker);
        tokio::task::yield_now().await;
        rescue(&house.market.store).await;
        life.polls_left.store(usize::MAX, Ordering::SeqCst);
        let worker = house.worker();
        house.ends(sale).await;
        house.is_whole(sale).await;
        drop(worker);
        if ended {
            assert!(polls > 20, "a whole sale takes more than {polls} polls");
            return;
        }
    }
    panic!("a sale never came to its end");
}

#[rstest]
#[case::sqlite(Engine::Sqlite, 1)]
#[case::postgres(Engine::Postgres, 3)]
#[case::mariadb(Engine::MariaDb, 3)]
#[tokio::test]
async fn a_sale_dropped_at_any_await_point_ends_whole(#[case] engine: Engine, #[case] stride: usize) {
    dropped_everywhere(engine, Topology::OneProcess, stride, &[]).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite, 1)]
#[case::postgres(Engine::Postgres, 3)]
#[case::mariadb(Engine::MariaDb, 3)]
#[tokio::test]
async fn a_refused_sale_dropped_at_any_await_point_is_undone_whole(#[case] engine: Engine, #[case] stride: usize) {
    let trouble = [("pay", Fate::Refused), ("release", Fate::Lost), ("pack", Fate::Lost)];
    dropped_everywhere(engine, Topology::Split, stride, &trouble).await;
}
