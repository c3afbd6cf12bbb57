//! Admin: who may do what in a community, and why; and which features are on for whom.
//!
//! What may not enter: another module's tables, or a rule outside `domain`.

mod adapters;
mod domain;
mod migrations;
mod operations;
mod rules;
mod store;
mod usecases;

use crate::adapters::{cli, ofrep, pages, portal, refresh, rest, subscribers, tasks};
use crate::domain::{Book, Vocabulary};
use crate::rules::RuleBook;
use crate::store::{AdminStore, CONSTRAINTS};
use crate::usecases::Places;
use ::store::{FeedOptions, Outbox, Store};
use futures::future::BoxFuture;
use kernel::{Caller, Clock, DecisionPoint, EventLog, Fault, Ids, KeepRefusals, Late, UseCase};
use runtime::{Context, Migrate, Module, ModuleSpec, Pipeline, StartError, Worker};
use std::sync::Arc;
use taskmill::Mill;

/// Admin before it runs.
pub static SPEC: ModuleSpec = ModuleSpec {
    name: "admin",
    about: "Communities, people, roles, why a decision came out as it did, and feature flags",
    operations: operations::OPERATIONS,
    schema: include_str!("../policies/admin.cedarschema"),
    policies: include_str!("../policies/admin.cedar"),
    reasons: admin_contract::reasons::ALL,
    paths: &["/admin", "/api/v1/admin", "/ofrep", "/brand.css"],
    grpc: &[],
    openapi: || rest::router().merge(ofrep::router()).into_openapi(),
    command: Some(cli::command),
    offline: |_| None,
    build,
};

/// Admin's ports.
struct Admin {
    store: AdminStore,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    decisions: Arc<dyn DecisionPoint>,
    pipeline: Pipeline,
    vocabulary: Vocabulary,
    flags: Book,
    rules: RuleBook,
    places: Places,
}

/// Admin, running.
struct Running {
    admin: Arc<Admin>,
    auth: Late<dyn EventLog>,
    feed: FeedOptions,
    mill: Mill<Admin>,
}

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    Box::pin(async move {
        let (clock, ids) = (Arc::clone(&context.clock), Arc::clone(&context.ids));
        let run_migrations = context.migrate == Migrate::Run;
        let store = Store::start::<migrations::Migrator>(
            "admin",
            &context.settings,
            CONSTRAINTS,
            Arc::clone(&clock),
            Arc::clone(&ids),
            run_migrations,
        )
        .await
        .map_err(StartError::of)?;
        let pipeline = Pipeline::new(context.gate.clone(), Arc::clone(&clock), Arc::new(store.clone()));
        let admin = Arc::new(Admin {
            store: AdminStore::new(store),
            clock,
            ids,
            decisions: Arc::clone(&context.decisions),
            pipeline,
            vocabulary: Vocabulary::default(),
            flags: Book::default(),
            rules: RuleBook::default(),
            places: Places::new(&context.settings.http.public_url, context.settings.communities.unknown_host),
        });
        admin.read_flags().await.map_err(StartError::of)?;
        admin.read_rules().await.map_err(StartError::of)?;
        context.portals.offer::<dyn admin_contract::AdminPortal>(Arc::new(portal::Portal(Arc::clone(&admin))));
        let auth = context.logs.want("auth");
        let mill = Mill::new(admin.store.base(), tasks::tasks(&admin)?, &context.settings);
        context.desks.offer("admin", Arc::new(mill.desk(context.gate)));
        let feed = FeedOptions::of(&context.settings.feed);
        let module: Arc<dyn Module> = Arc::new(Running { admin, auth, feed, mill });
        Ok(module)
    })
}

impl Admin {
    /// Runs a use case for `caller`.
    async fn execute<U: UseCase<Module = Self>>(&self, caller: &Caller, usecase: U) -> Result<U::Output, Fault> {
        self.pipeline.execute(self, caller, usecase).await
    }

    /// Puts the flags as the database has them into the book.
    async fn read_flags(&self) -> Result<(), Fault> {
        self.flags.replace(self.store.every_flag().await?);
        Ok(())
    }
}

#[async_trait::async_trait]
impl Module for Running {
    fn routes(&self) -> axum::Router {
        let (rest, _) = rest::router().merge(ofrep::router()).split_for_parts();
        rest.merge(pages::router()).with_state(Arc::clone(&self.admin))
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(Outbox::of(self.admin.store.base()))
    }

    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>> {
        Some(Arc::new(self.admin.store.base().clone()))
    }

    fn data_keys(&self) -> Option<Arc<dyn runtime::DataKeys>> {
        Some(Arc::new(self.admin.store.base().sealer()))
    }

    fn workers(&self) -> Vec<Worker> {
        let mut workers = subscribers::workers(&self.admin, &self.auth, &self.feed);
        workers.push(refresh::worker(&self.admin));
        workers.extend(tasks::workers(&self.mill));
        workers
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.admin.store.base().ping().await
    }

    async fn command(&self, matches: &clap::ArgMatches) -> Result<(), Fault> {
        cli::run(&self.admin, matches).await
    }

    async fn close(&self) {
        self.admin.store.base().close().await;
    }
}
