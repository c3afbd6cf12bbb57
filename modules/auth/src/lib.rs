//! Auth: who you are. Accounts, passwords, sessions, tokens.
//!
//! What may not enter: what somebody may do (that is `admin`), another module's tables, a rule outside `domain`.

mod adapters;
mod credentials;
mod domain;
mod migrations;
mod operations;
mod store;
mod usecases;

use crate::adapters::{cli, greeting, routes, tasks};
use crate::credentials::{AccessTokens, Passwords, SigningKey};
use crate::domain::{KnownScopes, Lifetimes};
use crate::store::{AuthStore, CONSTRAINTS};
use crate::usecases::Notice;
use ::store::{Outbox, Store};
use admin_contract::AdminPortal;
use auth_contract::{AuthApi, AuthPortal};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use kernel::{Caller, Clock, EventLog, Fault, Ids, KeepRefusals, Late, Mailer, NewTask, Role, UseCase};
use runtime::{Context, Migrate, Module, ModuleSpec, Pipeline, StartError, Worker};
use settings::Settings;
use std::sync::Arc;
use taskmill::Mill;

/// Auth before it runs.
pub static SPEC: ModuleSpec = ModuleSpec {
    name: "auth",
    about: "Accounts, passwords, sessions and tokens",
    operations: operations::OPERATIONS,
    schema: include_str!("../policies/auth.cedarschema"),
    policies: include_str!("../policies/auth.cedar"),
    reasons: auth_contract::reasons::ALL,
    paths: &[
        "/login",
        "/register",
        "/logout",
        "/account",
        "/accounts",
        "/invitations",
        "/service-accounts",
        "/forgot-password",
        "/reset-password",
        "/prove-email",
        "/welcome",
        "/u",
        "/api/v1/auth",
        "/.well-known/jwks.json",
    ],
    grpc: &["polity.auth.v1.AuthApi"],
    openapi: || adapters::rest::router().into_openapi(),
    command: Some(cli::command),
    offline: |_| None,
    build,
};

/// Auth's ports.
struct Auth {
    store: AuthStore,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pipeline: Pipeline,
    passwords: Passwords,
    /// Tells who runs the community, and where communities are.
    admin: Late<dyn AdminPortal>,
    tokens: AccessTokens,
    lifetimes: Lifetimes,
    /// What keys can be made for.
    scopes: KnownScopes,
    /// None where mail is off.
    mailer: Option<Arc<dyn Mailer>>,
    settings: Arc<Settings>,
}

impl Auth {
    /// Runs one of its use cases.
    async fn execute<U: UseCase<Module = Self>>(&self, caller: &Caller, usecase: U) -> Result<U::Output, Fault> {
        self.pipeline.execute(self, caller, usecase).await
    }

    /// The task that mails this notice, where mail is sent at all.
    fn notices(&self, notice: Notice) -> Vec<NewTask> {
        // Accounts of programs have no address.
        self.mailer.iter().filter(|_| notice.is_addressed()).map(|_| notice.in_a_mail()).collect()
    }

    /// The installation's public host: what authenticator apps call it.
    fn issuer(&self) -> &str {
        let url = &self.settings.http.public_url;
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        host.split([':', '/']).next().unwrap_or(host)
    }

    fn is_registration_open(&self) -> bool {
        self.settings.auth.registration == settings::Registration::Open
    }

    /// Whether it is worth showing this person where people are invited. Whether they may is a policy.
    fn may_invite(&self, caller: &Caller) -> bool {
        let least = match self.settings.auth.inviters {
            settings::Inviters::Moderators => Role::Moderator,
            settings::Inviters::Members => Role::Member,
        };
        self.settings.auth.registration != settings::Registration::Closed && caller.actor.role >= least
    }
}

/// Auth, running.
struct Running {
    auth: Arc<Auth>,
    mill: Mill<Auth>,
}

fn build(context: Context) -> BoxFuture<'static, Result<Arc<dyn Module>, StartError>> {
    Box::pin(async move {
        let (gate, desks) = (context.gate.clone(), context.desks.clone());
        let auth = start(context).await?;
        let mill = Mill::new(auth.store.inner(), tasks::tasks(&auth)?, &auth.settings);
        desks.offer("auth", Arc::new(mill.desk(gate)));
        Ok(Arc::new(Running { auth, mill }) as Arc<dyn Module>)
    })
}

async fn start(context: Context) -> Result<Arc<Auth>, StartError> {
    let (settings, clock, ids) = (context.settings, context.clock, context.ids);
    let store = Store::start::<migrations::Migrator>(
        "auth",
        &settings,
        CONSTRAINTS,
        Arc::clone(&clock),
        Arc::clone(&ids),
        context.migrate == Migrate::Run,
    );
    let store = store.await.map_err(StartError::of)?;
    let (for_key, key_ids) = (Arc::clone(&settings), Arc::clone(&ids));
    let key = runtime::blocking(move || SigningKey::load(&for_key, key_ids.as_ref())).await;
    let key = key.map_err(StartError::of)??;
    let passwords = Passwords::start(&settings.auth, Arc::clone(&ids)).await;
    let auth = Arc::new(Auth {
        pipeline: Pipeline::new(context.gate, Arc::clone(&clock), Arc::new(store.clone())),
        store: AuthStore::new(store),
        passwords: passwords.map_err(|fault| StartError(format!("auth: {fault}: {}", fault.chain())))?,
        tokens: AccessTokens::new(&settings.http.public_url, &key),
        admin: context.portals.want(),
        lifetimes: lifetimes(&settings.auth),
        scopes: KnownScopes::of(&context.decisions.operations()),
        mailer: context.mailer,
        clock,
        ids,
        settings,
    });
    context.portals.offer::<dyn AuthPortal>(Arc::clone(&auth) as Arc<dyn AuthPortal>);
    context.portals.offer::<dyn AuthApi>(Arc::clone(&auth) as Arc<dyn AuthApi>);
    Ok(auth)
}

fn lifetimes(settings: &settings::Auth) -> Lifetimes {
    // Whatever is longer than a century is for ever.
    let seconds = |s: u64| TimeDelta::seconds(i64::from(u32::try_from(s).unwrap_or(u32::MAX)));
    Lifetimes {
        session_idle: seconds(settings.session_idle_s),
        session_absolute: seconds(settings.session_absolute_s),
        access_token: seconds(settings.access_token_ttl_s),
        refresh_token: seconds(settings.refresh_token_ttl_s),
    }
}

#[async_trait::async_trait]
impl Module for Running {
    fn routes(&self) -> axum::Router {
        routes(&self.auth)
    }

    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(Outbox::of(self.auth.store.inner()))
    }

    fn refusals(&self) -> Option<Arc<dyn KeepRefusals>> {
        Some(Arc::new(self.auth.store.inner().clone()))
    }

    fn data_keys(&self) -> Option<Arc<dyn runtime::DataKeys>> {
        Some(Arc::new(self.auth.store.inner().sealer()))
    }

    fn workers(&self) -> Vec<Worker> {
        tasks::workers(&self.mill)
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.auth.store.inner().ping().await
    }

    async fn greeting(&self) -> Option<String> {
        greeting::greeting(&self.auth).await
    }

    async fn command(&self, matches: &clap::ArgMatches) -> Result<(), Fault> {
        cli::run(&self.auth, matches).await
    }

    async fn close(&self) {
        self.auth.store.inner().close().await;
    }
}
