//! What a process does in each role, and how one that holds tasks lets go of them.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use futures::future::BoxFuture;
use kernel::{
    Actor, Caller, Credential, DeskAnswer, DeskOrder, DeskQuestion, EventLog, Fault, Identify, SystemClock, SystemIds,
    TaskDesk, TenantId,
};
use runtime::http::Health;
use runtime::{Context, Desks, Migrate, Module, ModuleSpec, Plan, Portals, Process, Role, Shell, StartError, Worker};
use settings::{Inputs, Settings};
use std::sync::Arc;
use std::sync::LazyLock;
use testkit::{AllowAll, InMemoryLog};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use utoipa::openapi::OpenApiBuilder;

/// A permit for each worker that has begun, and for each that has stopped.
static BEGUN: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(0));
static STOPPED: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(0));

static MILL: ModuleSpec = spec("mill");
static SHOP: ModuleSpec = spec("shop");
static SPECS: [&ModuleSpec; 2] = [&MILL, &SHOP];

const fn spec(name: &'static str) -> ModuleSpec {
    ModuleSpec {
        name,
        about: "A module for tests",
        operations: &[],
        schema: "",
        policies: "",
        reasons: &[],
        paths: &["/"],
        grpc: &[],
        openapi: || OpenApiBuilder::new().build(),
        command: None,
        offline: |_| None,
        build,
    }
}

struct Mill {
    log: Arc<InMemoryLog>,
    desks: Desks,
}

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    context.desks.offer("mill", Arc::new(Quiet));
    let _all = context.desks.want_all();
    let mill: Arc<dyn Module> = Arc::new(Mill { log: Arc::default(), desks: context.desks });
    Box::pin(async move { Ok(mill) })
}

#[async_trait::async_trait]
impl Module for Mill {
    fn routes(&self) -> Router {
        let all = self.desks.want_all();
        let filled: Vec<_> = all.into_iter().filter(|(_, desk)| desk.is_filled()).map(|(name, _)| name).collect();
        Router::new().route("/desks", get(|| async move { filled.join(" ") }))
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::clone(&self.log) as Arc<dyn EventLog>
    }

    fn workers(&self) -> Vec<Worker> {
        let worker = |name: &str, role: Role| {
            Worker::new(name, role, |stop: CancellationToken| async move {
                BEGUN.add_permits(1);
                stop.cancelled().await;
                STOPPED.add_permits(1);
            })
        };
        vec![worker("mill.tasks", Role::TaskmillWorker), worker("mill.schedules", Role::TaskmillScheduler)]
    }

    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    async fn close(&self) {}
}

struct Quiet;

#[async_trait::async_trait]
impl TaskDesk for Quiet {
    async fn ask(&self, _: &Caller, _: DeskQuestion) -> Result<DeskAnswer, Fault> {
        Ok(DeskAnswer::Count(0))
    }

    async fn order(&self, _: &Caller, _: DeskOrder) -> Result<u64, Fault> {
        Ok(0)
    }
}

struct Nobody;

#[async_trait::async_trait]
impl Identify for Nobody {
    async fn identify(&self, _: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        Ok(Actor::guest(tenant))
    }
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    let own = [("ENVIRONMENT", "test"), ("POLITY_HTTP_PORT", "0"), ("POLITY_INTERNAL_PORT", "0")];
    let variables = own.iter().chain(variables).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let inputs = Inputs { variables, modules: vec!["mill".to_owned(), "shop".to_owned()], ..Inputs::default() };
    settings::load(&inputs).unwrap().settings
}

async fn process(role: Role, variables: &[(&str, &str)]) -> Result<Process, StartError> {
    let shell = Shell {
        specs: &SPECS,
        settings: Arc::new(settings(variables)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        decisions: Arc::new(AllowAll),
        identify: |_: &Portals, _: &Settings| Arc::new(Nobody),
        error_page: |problem, _| problem.detail.clone(),
        docs_page: |_| String::new(),
        mailer: None,
        assets: |_| Router::new(),
        metrics: None,
    };
    Process::build(shell, &["mill"], Plan { role, migrate: Migrate::Run }).await
}

const SHOP_ELSEWHERE: (&str, &str) = ("POLITY_MODULES_SHOP_ADDRESS", "http://127.0.0.1:9");

async fn answer(process: &Process, path: &str) -> (u16, String) {
    let router = process.router(&Health::new(Vec::new())).unwrap();
    let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn only_some_roles_serve_more_than_their_health() {
    for (role, status) in [
        (Role::All, 200),
        (Role::Http, 200),
        (Role::Feed, 404),
        (Role::TaskmillWorker, 404),
        (Role::TaskmillScheduler, 404),
    ] {
        let process = process(role, &[SHOP_ELSEWHERE]).await.unwrap();
        assert_eq!(answer(&process, "/desks").await.0, status, "{role:?}");
        assert_eq!(answer(&process, "/health/live").await.0, 200, "{role:?}");
    }
}

#[tokio::test]
async fn desk_of_a_module_elsewhere_is_found_where_the_configuration_says() {
    let process = process(Role::All, &[SHOP_ELSEWHERE]).await.unwrap();
    assert_eq!(answer(&process, "/desks").await.1, "mill shop");
}

#[tokio::test]
async fn desk_that_is_nowhere_keeps_the_process_from_starting() {
    let error = process(Role::All, &[]).await.err().unwrap();
    assert!(error.to_string().contains("modules.shop.address"), "{error}");
}

#[tokio::test]
async fn draining_process_hands_its_tasks_back_before_the_door_closes() {
    // The door stays open for an hour, so whatever stops now did not wait for it.
    let slow = [SHOP_ELSEWHERE, ("POLITY_SHUTDOWN_PAUSE_MS", "3600000")];
    let process = process(Role::All, &slow).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(process.run(stop.clone(), |_, _| {}));
    BEGUN.acquire_many(2).await.unwrap().forget();
    stop.cancel();
    let stopped = tokio::time::timeout(testkit::PATIENCE, STOPPED.acquire_many(2)).await;
    assert!(stopped.is_ok(), "the tasks are still held");
    assert!(!running.is_finished());
    running.abort();
}

#[test]
fn desks_meet_whichever_comes_first() {
    let desks = Desks::among(["mill", "shop", "barn"]);
    let early = desks.want("mill");
    desks.offer("mill", Arc::new(Quiet));
    desks.offer("shop", Arc::new(Quiet));
    assert!(early.is_filled() && desks.want("shop").is_filled() && !desks.want("barn").is_filled());
    let all: Vec<_> = desks.want_all().into_iter().map(|(module, _)| module).collect();
    assert_eq!(all, ["mill", "shop", "barn"]);
}
