//! The forum: categories, threads and posts. Where a community talks.
//!
//! What may not enter: another module's tables, or a rule outside `domain`.

mod adapters;
mod domain;
mod markdown;
mod migrations;
mod operations;
mod store;
mod usecases;

use crate::adapters::{grpc, pages, rest, subscribers, tasks};
use crate::store::{CONSTRAINTS, ForumStore};
use ::store::{FeedOptions, Outbox, Store};
use futures::future::BoxFuture;
use kernel::{Caller, Clock, EventLog, Fault, Ids, KeepRefusals, Late, UseCase};
use runtime::{Context, Live, Migrate, Module, ModuleSpec, Pipeline, Role, StartError, Worker};
use std::sync::Arc;
use taskmill::Mill;

/// The forum before it runs.
pub static SPEC: ModuleSpec = ModuleSpec {
    name: "forum",
    about: "Categories, threads and posts",
    operations: operations::OPERATIONS,
    schema: include_str!("../policies/forum.cedarschema"),
    policies: include_str!("../policies/forum.cedar"),
    reasons: forum_contract::reasons::ALL,
    paths: &["/", "/c", "/t", "/p", "/new", "/preview", "/categories", "/api/v1/forum"],
    grpc: &["polity.forum.v1.ForumApi"],
    openapi: || rest::router().into_openapi(),
    command: None,
    offline: |_| None,
    build,
};

/// The forum's ports.
#[derive(Clone)]
struct Forum {
    store: ForumStore,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pipeline: Pipeline,
    live: Live,
}

/// The forum, running.
struct Running {
    forum: Arc<Forum>,
    members: Late<dyn EventLog>,
    feed: FeedOptions,
    mill: Mill<Forum>,
}

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    Box::pin(async move {
        let (clock, ids) = (Arc::clone(&context.clock), Arc::clone(&context.ids));
        let run_migrations = context.migrate == Migrate::Run;
        let (settings, constraints) = (&context.settings, CONSTRAINTS);
        let store = Store::start::<migrations::Migrator>(
            "forum",
            settings,
            constraints,
            Arc::clone(&clock),
            Arc::clone(&ids),
            run_migrations,
        )
        .await
        .map_err(StartError::of)?;
        let pipeline = Pipeline::new(context.gate.clone(), Arc::clone(&clock), Arc::new(store.clone()));
        let live = Live::new(Late::ready(Arc::new(Outbox::of(&store))));
        let forum = Arc::new(Forum { store: ForumStore(store), clock, ids, pipeline, live });
        context.portals.offer::<dyn forum_contract::ForumApi>(Arc::new(grpc::Api(Arc::clone(&forum))));
        let members = context.logs.want("auth");
        let mill = Mill::new(&forum.store.0, tasks::tasks(&forum)?, settings);
        context.desks.offer("forum", Arc::new(mill.desk(context.gate.clone())));
        let feed = FeedOptions::of(&settings.feed);
        let module: Arc<dyn Module> = Arc::new(Running { forum, members, feed, mill });
        Ok(module)
    })
}

impl Forum {
    /// Runs a use case for `caller`.
    async fn execute<U: UseCase<Module = Self>>(&self, caller: &Caller, usecase: U) -> Result<U::Output, Fault> {
        self.pipeline.execute(self, caller, usecase).await
    }
}

#[async_trait::async_trait]
impl Module for Running {
    fn routes(&self) -> axum::Router {
        let (rest, _) = rest::router().split_for_parts();
        rest.merge(pages::router()).with_state(Arc::clone(&self.forum))
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(Outbox::of(&self.forum.store.0))
    }

    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>> {
        Some(Arc::new(self.forum.store.0.clone()))
    }

    fn data_keys(&self) -> Option<Arc<dyn runtime::DataKeys>> {
        Some(Arc::new(self.forum.store.0.sealer()))
    }

    fn workers(&self) -> Vec<Worker> {
        let live = self.forum.live.clone();
        let tail = Worker::new("forum.live", Role::Http, move |stop| live.clone().run(stop));
        let mut workers = vec![tail, subscribers::members(&self.forum, &self.members, &self.feed)];
        workers.extend(tasks::workers(&self.mill));
        workers
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.forum.store.0.ping().await
    }

    async fn close(&self) {
        self.forum.store.0.close().await;
    }
}
