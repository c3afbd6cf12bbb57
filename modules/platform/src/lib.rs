//! Platform: the machinery people look at. Its console shows every module's tasks, schedules and sagas, wherever the
//! modules run, and takes operators' orders to them.
//!
//! What may not enter: another module's tables, or a rule about tasks: those are the desks'.

mod adapters;
mod desks;
mod domain;
mod migrations;
mod operations;
mod reasons;
mod usecases;

use crate::adapters::{cli, pages, rest};
use crate::desks::Desks;
use ::store::{Outbox, Store};
use futures::future::BoxFuture;
use kernel::{Caller, Clock, EventLog, Fault, Ids, KeepRefusals, UseCase};
use runtime::{Context, Migrate, Module, ModuleSpec, Pipeline, StartError, Worker};
use std::sync::Arc;

/// Platform before it runs.
pub static SPEC: ModuleSpec = ModuleSpec {
    name: "platform",
    about: "The console of tasks, schedules and sagas",
    operations: operations::OPERATIONS,
    schema: include_str!("../policies/platform.cedarschema"),
    policies: include_str!("../policies/platform.cedar"),
    reasons: &reasons::ALL,
    paths: &["/platform", "/api/v1/platform"],
    grpc: &[],
    openapi: || rest::router().into_openapi(),
    command: Some(cli::command),
    offline: |_| None,
    build,
};

/// Platform's ports.
struct Platform {
    store: Store,
    desks: Desks,
    pipeline: Pipeline,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// Platform, running.
struct Running(Arc<Platform>);

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    Box::pin(async move {
        let run_migrations = context.migrate == Migrate::Run;
        let store = Store::start::<migrations::Migrator>(
            "platform",
            &context.settings,
            &[],
            Arc::clone(&context.clock),
            Arc::clone(&context.ids),
            run_migrations,
        )
        .await
        .map_err(StartError::of)?;
        let pipeline = Pipeline::new(context.gate.clone(), Arc::clone(&context.clock), Arc::new(store.clone()));
        let desks = Desks::new(context.desks.want_all(), Arc::clone(&context.clock));
        let platform = Platform { store, desks, pipeline, clock: context.clock, ids: context.ids };
        let module: Arc<dyn Module> = Arc::new(Running(Arc::new(platform)));
        Ok(module)
    })
}

impl Platform {
    /// Runs a use case for `caller`.
    async fn execute<U: UseCase<Module = Self>>(&self, caller: &Caller, usecase: U) -> Result<U::Output, Fault> {
        self.pipeline.execute(self, caller, usecase).await
    }
}

#[async_trait::async_trait]
impl Module for Running {
    fn routes(&self) -> axum::Router {
        let (rest, _) = rest::router().split_for_parts();
        rest.merge(pages::router()).with_state(Arc::clone(&self.0))
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(Outbox::of(&self.0.store))
    }

    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>> {
        Some(Arc::new(self.0.store.clone()))
    }

    fn data_keys(&self) -> Option<Arc<dyn runtime::DataKeys>> {
        Some(Arc::new(self.0.store.sealer()))
    }

    fn workers(&self) -> Vec<Worker> {
        Vec::new()
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.0.store.ping().await
    }

    async fn command(&self, matches: &clap::ArgMatches) -> Result<(), Fault> {
        cli::run(&self.0, matches).await
    }

    async fn close(&self) {
        self.0.store.close().await;
    }
}
