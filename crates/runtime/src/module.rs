//! What a module is to the process that runs it. The whole command line follows from the list of these.

use crate::supervisor::Work;
use crate::{Desks, Logs, Portals};
use futures::future::BoxFuture;
use kernel::{Clock, DecisionPoint, EventLog, Fault, Files, Gate, Ids, KeepRefusals, Mailer, Operation, Reason};
use keys::DataKeys;
use settings::Settings;
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Builds a module.
pub type Build = fn(Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>>;

/// A module before it runs: everything that is known without starting anything.
pub struct ModuleSpec {
    /// Its name in commands, configuration, schemas and routes.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Everything that can be done.
    pub operations: &'static [&'static Operation],
    /// Its Cedar schema.
    pub schema: &'static str,
    /// Its built-in Cedar policies.
    pub policies: &'static str,
    /// The ways it refuses.
    pub reasons: &'static [Reason],
    /// The addresses its pages and REST live under, for the gateway.
    pub paths: &'static [&'static str],
    /// The gRPC services it offers to clients, for the gateway.
    pub grpc: &'static [&'static str],
    /// Its part of the OpenAPI document.
    pub openapi: fn() -> utoipa::openapi::OpenApi,
    /// Its one-off commands.
    pub command: Option<fn() -> clap::Command>,
    /// Runs those of its commands that need no configuration and no database. None if it is not one of them.
    pub offline: fn(&clap::ArgMatches) -> Option<Result<(), Fault>>,
    /// Builds it.
    pub build: Build,
}

/// What a module is given to build itself with.
#[derive(Clone)]
pub struct Context {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// Where permits come from.
    pub gate: Gate,
    /// The engine behind the gate, for explanations.
    pub decisions: Arc<dyn DecisionPoint>,
    /// Portals offered and wanted.
    pub portals: Portals,
    /// Logs listened to.
    pub logs: Logs,
    /// Task desks offered and wanted.
    pub desks: Desks,
    /// What sends mail; none where mail is off.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where files are kept; none only where a test needs none.
    pub files: Option<Arc<dyn Files>>,
    /// What to do about due migrations.
    pub migrate: Migrate,
}

/// What to do about due migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Run them.
    Run,
    /// Refuse to start while any is due.
    Refuse,
}

/// A module that runs.
#[async_trait::async_trait]
pub trait Module: Send + Sync {
    /// Its REST routes under their full paths, and its pages.
    fn routes(&self) -> axum::Router;

    /// Its log.
    fn log(&self) -> Arc<dyn EventLog>;

    /// What keeps refused attempts at its sensitive operations; none where it has no such operations.
    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>>;

    /// What runs beside the requests.
    fn workers(&self) -> Vec<Worker>;

    /// The keys that its secrets at rest are sealed with, where it keeps any.
    fn data_keys(&self) -> Option<Arc<dyn DataKeys>> {
        None
    }

    /// Whether it can serve now.
    ///
    /// # Errors
    /// The fault that says what is missing.
    async fn ready(&self) -> Result<(), Fault>;

    /// Says something to whoever just started the process at a terminal, such as a set-up link.
    async fn greeting(&self) -> Option<String> {
        None
    }

    /// Runs one of its one-off commands.
    ///
    /// # Errors
    /// Whatever the command refuses with.
    async fn command(&self, matches: &clap::ArgMatches) -> Result<(), Fault> {
        let _no_commands = matches;
        Err(kernel::reasons::NO_ROUTE.fault())
    }

    /// Lets go of everything it holds.
    async fn close(&self);
}

/// Which of a module's roles a process plays, or a worker belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All of them. A worker that belongs to all runs in every process of its module.
    All,
    /// Pages, REST, portals and the log.
    Http,
    /// Subscriptions.
    Feed,
    /// Doing tasks.
    TaskmillWorker,
    /// Enqueueing what schedules say.
    TaskmillScheduler,
}

impl Role {
    /// Whether somebody may ask it something: the other roles answer for their health alone.
    pub const fn serves(self) -> bool {
        matches!(self, Self::All | Self::Http)
    }
}

/// A piece of background work.
pub struct Worker {
    /// Its name, such as `forum.members`.
    pub name: String,
    /// The role that runs it.
    pub role: Role,
    /// The work.
    pub work: Work,
}

impl Worker {
    /// A worker made from a function that is called again after every death.
    pub fn new<F, W>(name: impl Into<String>, role: Role, work: W) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        W: Fn(CancellationToken) -> F + Send + Sync + 'static,
    {
        Self { name: name.into(), role, work: Box::new(move |stop| Box::pin(work(stop))) }
    }

    /// What every module that keeps tasks runs: whoever does them, keeps the database in order, fires the schedules, and
    /// passes signals between processes.
    pub fn of_mill(module: &str, tasks: Work, housekeeping: Work, schedules: Work, wake: Work) -> Vec<Self> {
        let worker = |what: &str, role, work| Self { name: format!("{module}.{what}"), role, work };
        vec![
            worker("tasks", Role::TaskmillWorker, tasks),
            worker("housekeeping", Role::TaskmillWorker, housekeeping),
            worker("schedules", Role::TaskmillScheduler, schedules),
            worker("wake", Role::All, wake),
        ]
    }
}

/// Why a process could not start: words for the operator, saying what to do.
#[derive(Debug, thiserror::Error)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StartError {
    /// Whatever the error says.
    pub fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}
