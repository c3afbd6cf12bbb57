//! Two modules small enough to look through, each with a database and a portal: a cashier and a courier. What they do is
//! a row, so what was done twice stands there twice.

use axum::serve::ListenerExt;
use kernel::{
    Caller, Clock, Fault, FaultCode, Gate, Ids, Method, Operation, Permit, PortalService, Reason, Replay, Replays,
    Resource, Serve, SystemClock, SystemIds, TenantId, Transport, reasons,
};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use sea_orm::sea_query::Table;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::prelude::DeriveMigrationName;
use sea_orm_migration::schema::{string_len, uuid};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Change, ChangeError, Changed, Store, StoreOptions, statement};
use testkit::AllowAll;
use tokio::runtime::Runtime;
use uuid::Uuid;
use wire::{Access, GrpcTransport, Resilience, Target};

const PORTAL: &str = "polity.toy.v1.ToyPortal";
static ACT: Operation = Operation::command("toy.act", "Toy");
const NO: Reason = Reason::new(FaultCode::Conflict, "toy.no", "No.");

const fn method(name: &'static str) -> Method {
    Method { service: PORTAL, name, idempotent: false }
}

pub(crate) static HOLD: Method = method("hold");
pub(crate) static RELEASE: Method = method("release");
pub(crate) static PAY: Method = method("pay");
pub(crate) static PACK: Method = method("pack");
pub(crate) static UNPACK: Method = method("unpack");
pub(crate) static NOTIFY: Method = method("notify");

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It does not arrive.
    Away,
    /// It has its effect, and the answer does not arrive.
    Lost,
    /// It is refused.
    Refused,
    /// It has its effect, and the answer takes for ever.
    Hangs,
}

/// What goes wrong, by whose call of what: the first entry with the first call, and so on.
#[derive(Default)]
pub(crate) struct Trouble(Mutex<HashMap<(String, String), VecDeque<Fate>>>);

impl Trouble {
    pub(crate) fn make(&self, whose: &str, what: &str, fates: impl IntoIterator<Item = Fate>) {
        self.0.lock().unwrap().entry((whose.to_owned(), what.to_owned())).or_default().extend(fates);
    }

    pub(crate) fn forgive(&self, whose: &str) {
        self.0.lock().unwrap().retain(|(other, _), _| other != whose);
    }

    fn next(&self, whose: &str, what: &str) -> Option<Fate> {
        self.0.lock().unwrap().get_mut(&(whose.to_owned(), what.to_owned()))?.pop_front()
    }
}

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(Entries));
        migrations
    }
}

#[derive(DeriveMigrationName)]
struct Entries;

#[async_trait::async_trait]
impl MigrationTrait for Entries {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let entries = Table::create()
            .table("entries")
            .if_not_exists()
            .col(uuid("id").primary_key())
            .col(string_len("what", 20))
            .col(string_len("whose", 80))
            .to_owned();
        m.create_table(entries).await
    }
}

/// Something that was done.
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) what: String,
    pub(crate) whose: String,
}

#[async_trait::async_trait]
impl Change for Entry {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let insert = "INSERT INTO entries (id, what, whose) VALUES ($1, $2, $3)";
        let values = [self.id.into(), self.what.as_str().into(), self.whose.as_str().into()];
        tx.execute_raw(statement(tx.get_database_backend(), insert, values)).await?;
        Ok(Vec::new())
    }
}

/// How often what was done for whom.
pub(crate) type Done = BTreeMap<(String, String), usize>;

pub(crate) async fn entries(store: &Store, into: &mut Done) {
    let list = statement(store.backend(), "SELECT whose, what FROM entries", []);
    for row in store.primary().query_all_raw(list).await.unwrap() {
        let key = (row.try_get("", "whose").unwrap(), row.try_get("", "what").unwrap());
        *into.entry(key).or_default() += 1;
    }
}

pub(crate) async fn open(module: &'static str, url: &str) -> Store {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    Store::open(module, &StoreOptions::at(url), &[], clock, ids).await.unwrap()
}

pub(crate) fn gate() -> Gate {
    Gate::new(Arc::new(AllowAll), Arc::new(SystemIds))
}

pub(crate) fn permit(caller: &Caller) -> Permit {
    gate().permit(caller, &ACT, &Resource::new("Toy", "it", TenantId::FIRST)).unwrap()
}

/// A module that does what it is asked to, once for each idempotency key.
pub(crate) struct Toy {
    pub(crate) store: Store,
    pub(crate) trouble: Arc<Trouble>,
}

impl Toy {
    async fn once(&self, what: &str, caller: &Caller, request: &Value) -> Result<Value, Fault> {
        let key = caller.idempotency_key.as_ref().expect("sagas send a key").as_str();
        assert!(caller.deadline.is_some(), "sagas set a deadline");
        let (scope, fingerprint) = (format!("toy.{what}|{key}"), format!("{:.64}", request.to_string()));
        for _ in 0..8 {
            if let Some(before) = self.store.recall(&scope).await? {
                return if before.fingerprint == fingerprint {
                    Ok(before.answer)
                } else {
                    Err(reasons::KEY_REUSED.fault())
                };
            }
            let replay = Replay { scope: scope.clone(), fingerprint: fingerprint.clone(), answer: Value::Null };
            let permit = permit(caller).with_replay(Some(replay));
            let whose = request["whose"].as_str().unwrap_or_default().to_owned();
            let entry = Entry { id: SystemIds.next(), what: what.to_owned(), whose };
            let answer = json!(entry.id);
            match self.store.commit(permit, entry, vec![], answer).await {
                Err(fault) if fault.is(&reasons::STALE) => {}
                done => return done,
            }
        }
        Err(reasons::STALE.fault())
    }
}

#[async_trait::async_trait]
impl Serve for Toy {
    async fn serve(&self, method: &str, caller: Caller, request: &[u8]) -> Result<Vec<u8>, Fault> {
        let request: Value = serde_json::from_slice(request).map_err(Fault::internal)?;
        let fate = self.trouble.next(request["whose"].as_str().unwrap_or_default(), method);
        match fate {
            Some(Fate::Away) => return Err(reasons::PORTAL_DOWN.fault()),
            Some(Fate::Refused) => return Err(NO.fault()),
            _ => {}
        }
        if ["release", "unpack"].contains(&method) && request["of"].is_null() {
            return Err(Fault::invalid("of", "what is undone must be named"));
        }
        let answer = self.once(method, &caller, &request).await?;
        match fate {
            Some(Fate::Lost) => Err(reasons::PORTAL_DOWN.fault()),
            Some(Fate::Hangs) => std::future::pending().await,
            _ => serde_json::to_vec(&answer).map_err(Fault::internal),
        }
    }
}

/// No wire at all.
pub(crate) struct InProcess(pub(crate) Arc<dyn Serve>);

#[async_trait::async_trait]
impl Transport for InProcess {
    async fn call(&self, method: &'static Method, caller: &Caller, request: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.0.serve(method.name, caller.clone(), &request).await
    }
}

/// One call over any distance.
pub(crate) async fn ask(
    portal: &Arc<dyn Transport>,
    method: &'static Method,
    caller: &Caller,
    request: Value,
) -> Result<Uuid, Fault> {
    let answer = portal.call(method, caller, request.to_string().into_bytes()).await?;
    serde_json::from_slice(&answer).map_err(Fault::internal)
}

/// A toy in a process of its own, or as good as: a server with threads of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) fn start(serve: impl FnOnce() -> futures::future::BoxFuture<'static, Toy> + Send + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let toy = serve().await;
            let router = wire::router(vec![service(Arc::new(toy))], access()).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, runtime: Some(runtime) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn access() -> Access {
    Access::installation(None, Arc::new(SystemClock))
}

fn service(toy: Arc<dyn Serve>) -> PortalService {
    let method = MethodDescriptorProto { name: Some("hold".to_owned()), ..Default::default() };
    let portal =
        ServiceDescriptorProto { name: Some("ToyPortal".to_owned()), method: vec![method], ..Default::default() };
    let file = FileDescriptorProto {
        name: Some("toy/portal.proto".to_owned()),
        package: Some("polity.toy.v1".to_owned()),
        service: vec![portal],
        ..Default::default()
    };
    let descriptor = FileDescriptorSet { file: vec![file] }.encode_to_vec().leak();
    PortalService { name: PORTAL, methods: &[], descriptor, public: false, server: toy }
}

/// The way to a toy elsewhere. It tries nothing twice by itself: that is the saga's business here.
pub(crate) fn far(address: SocketAddr) -> Arc<dyn Transport> {
    let target = Target { name: "toy".to_owned(), addresses: vec![format!("http://{address}")], ..Target::default() };
    let options =
        Resilience { retries: 0, breaker_failures: 0, timeout: Duration::from_secs(20), ..Resilience::default() };
    GrpcTransport::new(&target, options, Arc::new(SystemClock) as Arc<dyn Clock>).unwrap()
}
