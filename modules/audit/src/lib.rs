//! Audit: who did what, when, to what, and by which right.
//!
//! What may not enter: another module's tables, or a way to change what was recorded.

mod adapters;
mod archives;
mod domain;
mod migrations;
mod operations;
mod signer;
mod store;
mod usecases;

use crate::adapters::{cli, pages, rest, subscribers, tasks};
use crate::archives::Archives;
use crate::signer::Signer;
use crate::store::AuditStore;
use ::store::{FeedOptions, Outbox, Store};
use futures::future::BoxFuture;
use kernel::{Caller, EventLog, Fault, KeepRefusals, Late, UseCase};
use runtime::{Context, Migrate, Module, ModuleSpec, Pipeline, StartError, Worker};
use std::sync::Arc;
use taskmill::Mill;

/// Audit before it runs.
pub static SPEC: ModuleSpec = ModuleSpec {
    name: "audit",
    about: "Who did what, when, to what, and by which right",
    operations: operations::OPERATIONS,
    schema: include_str!("../policies/audit.cedarschema"),
    policies: include_str!("../policies/audit.cedar"),
    reasons: audit_contract::reasons::ALL,
    paths: &["/audit", "/api/v1/audit"],
    grpc: &[],
    openapi: || rest::router().into_openapi(),
    command: Some(cli::command),
    offline: cli::offline,
    build,
};

/// Audit's ports.
struct Audit {
    store: AuditStore,
    pipeline: Pipeline,
    signer: Signer,
    archives: Archives,
    /// For how many days entries stay in the database; 0 is for ever.
    retention_days: u32,
}

/// Audit, running.
struct Running {
    audit: Arc<Audit>,
    /// The log of each module that is recorded.
    sources: Vec<(&'static subscribers::Source, Late<dyn EventLog>)>,
    feed: FeedOptions,
    mill: Mill<Audit>,
}

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    Box::pin(async move {
        let run_migrations = context.migrate == Migrate::Run;
        let store = Store::start::<migrations::Migrator>(
            "audit",
            &context.settings,
            &[],
            Arc::clone(&context.clock),
            Arc::clone(&context.ids),
            run_migrations,
        )
        .await
        .map_err(StartError::of)?;
        let (for_key, key_ids) = (Arc::clone(&context.settings), Arc::clone(&context.ids));
        let signer = runtime::blocking(move || Signer::load(&for_key, key_ids.as_ref())).await;
        let signer = signer.map_err(StartError::of)??;
        let pipeline = Pipeline::new(context.gate.clone(), Arc::clone(&context.clock), Arc::new(store.clone()));
        let audit = Arc::new(Audit {
            store: AuditStore::new(store),
            pipeline,
            signer,
            archives: Archives(context.files.clone()),
            retention_days: context.settings.audit.retention_days,
        });
        let sources = subscribers::SOURCES.iter().map(|source| (source, context.logs.want(source.module))).collect();
        let feed = FeedOptions::of(&context.settings.feed);
        let mill = Mill::new(audit.store.base(), tasks::tasks(&audit)?, &context.settings);
        context.desks.offer("audit", Arc::new(mill.desk(context.gate)));
        let module: Arc<dyn Module> = Arc::new(Running { audit, sources, feed, mill });
        Ok(module)
    })
}

impl Audit {
    /// Runs a use case for `caller`.
    async fn execute<U: UseCase<Module = Self>>(&self, caller: &Caller, usecase: U) -> Result<U::Output, Fault> {
        self.pipeline.execute(self, caller, usecase).await
    }
}

#[async_trait::async_trait]
impl Module for Running {
    fn routes(&self) -> axum::Router {
        let (rest, _) = rest::router().split_for_parts();
        rest.merge(pages::router()).with_state(Arc::clone(&self.audit))
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(Outbox::of(self.audit.store.base()))
    }

    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>> {
        Some(Arc::new(self.audit.store.base().clone()))
    }

    fn data_keys(&self) -> Option<Arc<dyn runtime::DataKeys>> {
        Some(Arc::new(self.audit.store.base().sealer()))
    }

    fn workers(&self) -> Vec<Worker> {
        let sources = self.sources.iter();
        let recorders = sources.map(|(source, log)| subscribers::worker(&self.audit, source, log, &self.feed));
        recorders.chain(tasks::workers(&self.mill)).collect()
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.audit.store.base().ping().await
    }

    async fn command(&self, matches: &clap::ArgMatches) -> Result<(), Fault> {
        cli::run(&self.audit, matches).await
    }

    async fn close(&self) {
        self.audit.store.base().close().await;
    }
}
