//! The probes and the metrics, behind the layers they are served with.

use crate::house::{Answer, House, settings};
use axum::Router;
use kernel::{EventLog, Fault, reasons};
use runtime::http::{Health, health_router};
use runtime::{Module, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::{AllowAll, InMemoryLog};

/// A module whose database comes and goes.
#[derive(Default)]
struct Moody(AtomicBool);

#[async_trait::async_trait]
impl Module for Moody {
    fn routes(&self) -> Router {
        Router::new()
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(InMemoryLog::default())
    }

    fn refusals(&self) -> Option<Arc<dyn kernel::KeepRefusals>> {
        None
    }

    fn workers(&self) -> Vec<Worker> {
        Vec::new()
    }

    async fn ready(&self) -> Result<(), Fault> {
        if self.0.load(Ordering::SeqCst) { Err(reasons::STORE_DOWN.fault().because("secret cause")) } else { Ok(()) }
    }

    async fn close(&self) {}
}

struct Probed {
    health: Health,
    forum: Arc<Moody>,
    house: House,
}

fn probed() -> Probed {
    let forum = Arc::new(Moody::default());
    let health = Health::new(vec![
        ("auth", Arc::new(Moody::default()) as Arc<dyn Module>),
        ("forum", Arc::clone(&forum) as Arc<dyn Module>),
    ]);
    let metrics: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(|| "polity_up 1\n".to_owned());
    let house = House::of(health_router(health.clone(), Some(metrics)), settings(), Arc::new(AllowAll));
    Probed { health, forum, house }
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["status"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn process_has_started_once_it_says_so() {
    let Probed { health, house, .. } = probed();
    assert_eq!(told(&house.get("/health/startup", &[]).await), (503, "starting".to_owned()));
    assert_eq!(told(&house.get("/health/live", &[]).await), (200, "ok".to_owned()));
    health.started();
    assert_eq!(told(&house.get("/health/startup", &[]).await), (200, "ok".to_owned()));
}

#[tokio::test]
async fn readiness_turns_red_with_a_module_and_green_again() {
    let Probed { forum, house, .. } = probed();
    assert_eq!(told(&house.get("/health/ready", &[]).await), (200, "ok".to_owned()));
    forum.0.store(true, Ordering::SeqCst);
    let red = house.get("/health/ready", &[]).await;
    assert_eq!(told(&red), (503, "unavailable".to_owned()));
    let checks = &red.json()["checks"];
    assert_eq!(checks["auth"], "ok");
    assert!(checks["forum"].as_str().unwrap().starts_with("store.unavailable"), "{checks}");
    assert!(!red.text().contains("secret cause"), "{}", red.text());
    assert_eq!(told(&house.get("/health/live", &[]).await).0, 200, "whoever is not ready need not be killed");
    forum.0.store(false, Ordering::SeqCst);
    assert_eq!(told(&house.get("/health/ready", &[]).await).0, 200);
}

#[tokio::test]
async fn draining_process_wants_nothing_new() {
    let Probed { health, house, .. } = probed();
    health.drain();
    let red = house.get("/health/ready", &[]).await;
    assert_eq!(told(&red), (503, "draining".to_owned()));
    assert_eq!(red.header("cache-control"), "no-store");
}

#[tokio::test]
async fn metrics_are_text_as_prometheus_reads_it() {
    let answer = probed().house.get("/metrics", &[("accept", "text/html")]).await;
    assert_eq!((answer.status, answer.text()), (200, "polity_up 1\n"));
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"), "{:?}", answer.headers);
    let silent = House::of(health_router(Health::new(Vec::new()), None), settings(), Arc::new(AllowAll));
    assert_eq!(silent.get("/metrics", &[]).await.problem().0, 404);
}
