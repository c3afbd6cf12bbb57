//! `kill -9` at await points: the worker is a process of its own, which kills itself there.
//!
//! Every seventh point by default; `POLITY_KILL_EVERY=1` takes them all.

use crate::drops::Mortal;
use crate::market::{AtWork, House, Life, Market, Topology, rescue};
use crate::toys::{self, Fate, InProcess, Toy, Trouble, far};
use rstest::rstest;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use taskmill::Tasks;
use taskmill::saga::SagaOrder;
use testkit::{Engine, eventually};

const URLS: &str = "POLITY_SAGA_URLS";
const POLLS: &str = "POLITY_SAGA_POLLS";
const CASHIER: &str = "POLITY_SAGA_CASHIER";

/// What the child process does: the market's work, with the courier in the same process and the cashier in another,
/// until it kills itself or is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn market_process() {
    let Ok(urls) = std::env::var(URLS) else { return };
    let urls: Vec<&str> = urls.split('|').collect();
    let polls = std::env::var(POLLS).unwrap().parse().unwrap();
    let courier = Toy { store: toys::open("courier", urls[1]).await, trouble: Arc::new(Trouble::default()) };
    let market = Market {
        store: toys::open("market", urls[0]).await,
        cashier: far(std::env::var(CASHIER).unwrap().parse().unwrap()),
        courier: Arc::new(InProcess(Arc::new(courier))),
        life: Life::ending_with(polls, || {
            let me = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &me]).status().unwrap();
        }),
    };
    let market = Arc::new(market);
    let _worker = AtWork::with(market.store.clone(), Tasks::of(market).task::<Mortal>());
    std::future::pending::<()>().await;
}

/// A child that goes with the test, however that ends.
struct Held(Child);

impl Held {
    fn has_died(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn child(house: &House, polls: usize) -> Held {
    let address = house.cashier.as_ref().unwrap().address.to_string();
    let urls = format!("{}|{}", house.databases[0].url, house.databases[2].url);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["kills::market_process", "--exact", "--nocapture"]);
    command.env(URLS, urls).env(POLLS, polls.to_string()).env(CASHIER, address);
    Held(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_end_whole_though_their_process_is_killed_again_and_again(
    #[values(Engine::Sqlite, Engine::Postgres, Engine::MariaDb)] engine: Engine,
) {
    let Some(house) = House::on(engine, Topology::Split).await else { return };
    let every = std::env::var("POLITY_KILL_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let mut kills = 0;
    for polls in (1..).step_by(every) {
        let whose = format!("killed {polls}");
        match polls % 3 {
            0 => house.trouble.make(&whose, "pay", [Fate::Lost]),
            1 => house.trouble.make(&whose, "pay", [Fate::Refused]),
            _ => {}
        }
        let sale = house.sells(&whose, Duration::ZERO).await;
        let mut worker = child(&house, polls);
        let mut died = false;
        eventually("the process dies or the sale ends", async || {
            died = worker.has_died();
            died || house.has_ended(sale).await
        })
        .await;
        drop(worker);
        rescue(&house.market.store).await;
        kills += usize::from(died);
        if !died {
            break;
        }
    }
    println!("{kills} processes killed themselves");
    assert!(kills >= 60 / every, "only {kills} processes died");
    let _last = child(&house, usize::MAX);
    // Some lost all their attempts with their processes: they are listed, and go on when somebody says so.
    eventually("no sale is under way", async || {
        house.listed("running").await.is_empty() && house.listed("compensating").await.is_empty()
    })
    .await;
    for sale in house.listed("stuck").await {
        assert!(sale.error.as_deref().unwrap().contains("not heard of again"), "{sale:?}");
        house.order(sale.id, SagaOrder::Retry).await.unwrap();
    }
    house.all_end_whole().await;
}
