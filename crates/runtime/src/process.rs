//! A process from start to drain: modules are built, seats filled, ports opened, workers kept; and all of it backwards.

use crate::connect::{connect, keys, token};
use crate::heralds::{herald, listener};
use crate::http::{ErrorPage, Health, ServerOptions, Web, docs_router, guarded, health_router, layered, serve};
use crate::{
    Context, Desks, Logs, Migrate, Module, ModuleSpec, Portals, RefusalLog, Role, StartError, Supervisor, Worker,
};
use axum::Router;
use axum::http::Uri;
use kernel::{
    Batch, Clock, DecisionPoint, EventLog, Fault, Files, Gate, Identify, Ids, Mailer, Position, PubSub, RateLimiter,
    Refusals, reasons,
};
use keys::DataKeys;
use settings::Settings;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the composition root brings to every process.
#[derive(Clone)]
pub struct Shell {
    /// Every module there is.
    pub specs: &'static [&'static ModuleSpec],
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// The policy engine.
    pub decisions: Arc<dyn DecisionPoint>,
    /// What sends mail; none where mail is off.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where files are kept.
    pub files: Arc<dyn Files>,
    /// Recognises callers through the portals of the modules that know them.
    pub identify: fn(&Portals, &Settings) -> Arc<dyn Identify>,
    /// The modules whose commits may change who somebody is or what role they hold.
    pub tells: &'static [&'static str],
    /// What runs in every process besides its modules' work.
    pub workers: fn(&Portals, &Arc<dyn DecisionPoint>) -> Vec<Worker>,
    /// Draws refusals for people.
    pub error_page: ErrorPage,
    /// Draws the browsable API description.
    pub docs_page: fn(&serde_json::Value) -> String,
    /// Style sheets, scripts, icons, and what else belongs to no module.
    pub assets: fn(&Settings) -> Router,
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Tells every process something at once.
    pub pub_sub: Arc<dyn PubSub>,
    /// Renders the metrics.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
}

/// What a process is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Which of its modules' roles it plays.
    pub role: Role,
    /// Whether due migrations are run at start.
    pub migrate: Migrate,
}

/// A process whose modules are built and whose seats are filled.
pub struct Process {
    shell: Shell,
    modules: Vec<(&'static ModuleSpec, Arc<dyn Module>)>,
    portals: Portals,
    desks: Desks,
    identify: Arc<dyn Identify>,
    refusals: Arc<RefusalLog>,
    plan: Plan,
}

impl Process {
    /// Builds the modules named `local` and connects them to the others.
    ///
    /// # Errors
    /// When a module cannot start, or needs one that runs in no known place.
    pub async fn build(shell: Shell, local: &[&str], plan: Plan) -> Result<Self, StartError> {
        let (portals, logs) = (Portals::default(), Logs::default());
        let desks = Desks::among(shell.specs.iter().map(|spec| spec.name));
        let refusals = Arc::new(RefusalLog::new(Arc::clone(&shell.clock)));
        let context = Context {
            settings: Arc::clone(&shell.settings),
            clock: Arc::clone(&shell.clock),
            ids: Arc::clone(&shell.ids),
            gate: gate(&shell, &refusals),
            decisions: Arc::clone(&shell.decisions),
            portals: portals.clone(),
            logs: logs.clone(),
            desks: desks.clone(),
            mailer: shell.mailer.clone(),
            files: Some(Arc::clone(&shell.files)),
            migrate: plan.migrate,
        };
        let mut modules = Vec::new();
        for spec in shell.specs.iter().filter(|spec| local.contains(&spec.name)) {
            let module = (spec.build)(context.clone()).await?;
            logs.want(spec.name).fill(module.log());
            if let Some(keeper) = module.refusals() {
                refusals.kept_by(spec.name, keeper);
            }
            modules.push((*spec, module));
        }
        let identify = (shell.identify)(&portals, &shell.settings);
        connect(&shell, local, &portals, &logs, &desks)?;
        Ok(Self { shell, modules, portals, desks, identify, refusals, plan })
    }

    /// A module of this process.
    pub fn module(&self, name: &str) -> Option<&Arc<dyn Module>> {
        self.modules.iter().find(|(spec, _)| spec.name == name).map(|(_, module)| module)
    }

    /// Every route of this process with its layers: what tests talk to without a socket.
    ///
    /// # Errors
    /// When two modules offer the same gRPC service.
    pub fn router(&self, health: &Health) -> Result<Router, StartError> {
        let mut routes = Router::new();
        if self.plan.role.serves() {
            for (_, module) in &self.modules {
                routes = routes.merge(module.routes());
            }
            routes = routes
                .merge(docs_router(self.shell.specs, self.shell.docs_page))
                .merge((self.shell.assets)(&self.shell.settings));
        }
        let metrics = self.shell.metrics.clone().filter(|_| self.shell.settings.telemetry.metrics_enabled);
        let routes = routes.merge(health_router(health.clone(), metrics));
        let web = self.web(Arc::clone(&self.identify));
        let layered = layered(routes, Arc::clone(&web));
        if !self.plan.role.serves() {
            return Ok(layered);
        }
        let public = self.portals.services();
        let (clock, ids) = (Arc::clone(&self.shell.clock), Arc::clone(&self.shell.ids));
        let access = wire::Access::clients(Arc::clone(&self.identify), clock, ids);
        let grpc = wire::router(public, access).map_err(StartError::of)?;
        Ok(layered.merge(guarded(grpc, web)))
    }

    fn web(&self, identify: Arc<dyn Identify>) -> Arc<Web> {
        let gate = gate(&self.shell, &self.refusals);
        let http = self.shell.settings.http.clone();
        let (clock, ids) = (Arc::clone(&self.shell.clock), Arc::clone(&self.shell.ids));
        let web = Web::new(http, gate, identify, clock, ids, self.shell.error_page);
        Arc::new(web.counted_by(Arc::clone(&self.shell.limiter)))
    }

    /// Serves until `stop`, then drains. `ready` is told the public address once everything is up.
    ///
    /// # Errors
    /// When a port cannot be opened, or a server ended by itself.
    pub async fn run(
        self,
        stop: CancellationToken,
        ready: impl FnOnce(SocketAddr, Vec<String>),
    ) -> Result<(), StartError> {
        let settings = Arc::clone(&self.shell.settings);
        let public = bind(SocketAddr::new(settings.http.address, settings.http.port), "http").await?;
        let address = public.local_addr().map_err(StartError::of)?;
        let health = Health::new(self.modules.iter().map(|(spec, module)| (spec.name, Arc::clone(module))).collect());
        let (serving, working) = (CancellationToken::new(), CancellationToken::new());
        let mut servers = Supervisor::new(serving.clone());
        let mut workers = Supervisor::new(working.clone());
        let mut millers = Supervisor::default();
        servers.serve("http", serve(public, self.router(&health)?, server_options(&settings), serving.clone()));
        if settings.internal.port != 0 && self.plan.role.serves() {
            let internal = bind(SocketAddr::new(settings.internal.address, settings.internal.port), "internal").await?;
            let router = self.internal_router(&serving)?;
            servers.serve("internal", serve(internal, router, server_options(&settings), serving.clone()));
        }
        if self.plan.role.serves() {
            self.keep_told(&mut workers);
        }
        for worker in self.workers() {
            let group = if is_miller(worker.role) { &mut millers } else { &mut workers };
            group.keep(worker.name, worker.work);
        }
        let mut greetings = Vec::new();
        // What a greeting leads to is answered where there are pages, and a second one may make the first one void.
        for (_, module) in self.modules.iter().filter(|_| self.plan.role.serves()) {
            greetings.extend(module.greeting().await);
        }
        health.started();
        ready(address, greetings);
        let outcome = told_to_stop(&stop, &serving).await;
        self.drain(&health, servers, workers, millers).await;
        outcome
    }

    /// Readiness turns red, tasks are handed back, live pages are let go, requests finish, workers stop, databases
    /// close: in that order.
    async fn drain(&self, health: &Health, servers: Supervisor, workers: Supervisor, millers: Supervisor) {
        tracing::info!("draining");
        health.drain();
        let grace = Duration::from_millis(self.shell.settings.shutdown.grace_ms);
        let rest = async {
            // Whoever sends traffic here sees the red light before the door closes.
            tokio::time::sleep(Duration::from_millis(self.shell.settings.shutdown.pause_ms)).await;
            // Workers hold the live tails that open pages hang on, so both must end together.
            tokio::join!(servers.drain(grace), workers.drain(grace))
        };
        // Nobody waits for this process to do a task: others may have it at once.
        let (milled, (served, worked)) = tokio::join!(millers.drain(grace), rest);
        if !served || !worked || !milled {
            tracing::warn!(grace_ms = grace.as_millis(), "not everything ended in time; it is cut off");
        }
        self.close().await;
        tracing::info!("drained");
    }

    /// Keeps what is believed of callers true: this process tells of what its modules commit, and hears of all others.
    fn keep_told(&self, workers: &mut Supervisor) {
        let pub_sub = &self.shell.pub_sub;
        workers.keep("identity".to_owned(), listener(Arc::clone(&self.identify), Arc::clone(pub_sub)));
        for (spec, module) in self.modules.iter().filter(|(spec, _)| self.shell.tells.contains(&spec.name)) {
            workers.keep(format!("{}.herald", spec.name), herald(module.log(), Arc::clone(pub_sub)));
        }
    }

    fn workers(&self) -> Vec<Worker> {
        let wanted = |worker: &Worker| match (self.plan.role, worker.role) {
            (Role::All, _) | (_, Role::All) => true,
            (role, of) => role == of,
        };
        let refusals = Arc::clone(&self.refusals);
        let writer = Worker::new("refusals", Role::All, move |stop| {
            let refusals = Arc::clone(&refusals);
            async move { refusals.write(stop).await }
        });
        let own = (self.shell.workers)(&self.portals, &self.shell.decisions);
        let modules = self.modules.iter().flat_map(|(_, module)| module.workers());
        modules.chain(own).filter(wanted).chain([writer]).collect()
    }

    fn internal_router(&self, stop: &CancellationToken) -> Result<Router, StartError> {
        let ending = |log| Arc::new(EndingLog { log, stop: stop.clone() }) as Arc<dyn EventLog>;
        let logs: BTreeMap<String, Arc<dyn EventLog>> =
            self.modules.iter().map(|(spec, module)| (spec.name.to_owned(), ending(module.log()))).collect();
        let mut services = self.portals.services();
        services.push(wire::feed_service(logs));
        services.push(wire::desk_service(self.desks.offered()));
        let token = token(&self.shell.settings);
        let access = wire::Access::installation(token.as_ref(), Arc::clone(&self.shell.clock))
            .in_region(self.shell.settings.communities.region.as_deref().unwrap_or_default());
        wire::router(services, access).map_err(StartError::of)
    }

    /// Runs a one-off command of `module`, then lets go of everything.
    ///
    /// # Errors
    /// Whatever the command refuses with.
    pub async fn command(self, module: &str, matches: &clap::ArgMatches) -> Result<(), StartError> {
        let Some(target) = self.module(module) else {
            return Err(StartError(format!("there is no module {module} in this process")));
        };
        let outcome = target.command(matches).await;
        self.refusals.write_due(true).await;
        self.close().await;
        outcome.map_err(|fault| {
            let chain = fault.chain();
            StartError(if chain.is_empty() { fault.to_string() } else { format!("{fault}: {chain}") })
        })
    }

    /// The data keys of every module that keeps some, by its name.
    pub fn data_keys(&self) -> Vec<(&'static str, Arc<dyn DataKeys>)> {
        self.modules.iter().filter_map(|(spec, module)| Some((spec.name, module.data_keys()?))).collect()
    }

    /// Lets go of every module.
    pub async fn close(&self) {
        for (_, module) in &self.modules {
            module.close().await;
        }
    }

    /// Serves the one public address in front of many processes until `stop`.
    ///
    /// # Errors
    /// When no module's address is known, the port cannot be opened, or the server ended by itself.
    pub async fn gateway(
        shell: Shell,
        stop: CancellationToken,
        ready: impl FnOnce(SocketAddr),
    ) -> Result<(), StartError> {
        let settings = Arc::clone(&shell.settings);
        let routes = gateway_routes(&shell)?;
        let none = Self {
            identify: Arc::new(Nobody),
            modules: Vec::new(),
            portals: Portals::default(),
            desks: Desks::default(),
            refusals: Arc::new(RefusalLog::new(Arc::clone(&shell.clock))),
            plan: Plan { role: Role::Http, migrate: Migrate::Refuse },
            shell: shell.clone(),
        };
        let health = Health::new(Vec::new());
        let metrics = shell.metrics.clone().filter(|_| settings.telemetry.metrics_enabled);
        let own = docs_router(shell.specs, shell.docs_page)
            .merge((shell.assets)(&shell.settings))
            .merge(health_router(health.clone(), metrics));
        let own = layered(own, none.web(Arc::clone(&none.identify)));
        let proxied = gateway::router(routes, gateway_options(&settings)).map_err(StartError::of)?;
        let router = own.fallback_service(proxied);
        let listener = bind(SocketAddr::new(settings.http.address, settings.http.port), "http").await?;
        let address = listener.local_addr().map_err(StartError::of)?;
        let serving = CancellationToken::new();
        let mut servers = Supervisor::new(serving.clone());
        servers.serve("gateway", serve(listener, router, server_options(&settings), serving.clone()));
        health.started();
        ready(address);
        let outcome = told_to_stop(&stop, &serving).await;
        health.drain();
        tokio::time::sleep(Duration::from_millis(settings.shutdown.pause_ms)).await;
        servers.drain(Duration::from_millis(settings.shutdown.grace_ms)).await;
        outcome
    }
}

/// Waits for the end: the one that was asked for, or that of a server nobody can reach any more.
async fn told_to_stop(stop: &CancellationToken, serving: &CancellationToken) -> Result<(), StartError> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = serving.cancelled() => Err(StartError("a server ended by itself; its log line says why".to_owned())),
    }
}

/// A log whose waiting readers are sent home when the process stops, so that no long poll holds up a drain.
struct EndingLog {
    log: Arc<dyn EventLog>,
    stop: CancellationToken,
}

#[async_trait::async_trait]
impl EventLog for EndingLog {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        tokio::select! {
            batch = self.log.read(after, limit, wait) => batch,
            () = self.stop.cancelled() => Err(reasons::DRAINING.fault()),
        }
    }
}

/// Recognises nobody: the gateway's own pages know no one.
struct Nobody;

#[async_trait::async_trait]
impl Identify for Nobody {
    async fn identify(&self, _: &kernel::Credential, tenant: kernel::TenantId) -> Result<kernel::Actor, Fault> {
        Ok(kernel::Actor::guest(tenant))
    }
}

/// A gate whose refusals are heard of.
fn gate(shell: &Shell, refusals: &Arc<RefusalLog>) -> Gate {
    let gate = Gate::new(Arc::clone(&shell.decisions), Arc::clone(&shell.ids));
    gate.telling(Arc::clone(refusals) as Arc<dyn Refusals>)
}

/// Whether a worker of this role holds tasks that others could do.
fn is_miller(role: Role) -> bool {
    matches!(role, Role::TaskmillWorker | Role::TaskmillScheduler)
}

fn gateway_routes(shell: &Shell) -> Result<Vec<gateway::Route>, StartError> {
    let targets = |name: &str| shell.settings.modules.get(name).map(|module| module.http_address.as_slice());
    let names = shell.specs.iter().map(|spec| spec.name);
    let unknown: Vec<&str> = names.filter(|name| targets(name).unwrap_or_default().is_empty()).collect();
    if !unknown.is_empty() {
        return Err(StartError(format!(
            "the gateway does not know where {} runs: set {}, such as http://127.0.0.1:9001",
            unknown.join(", "),
            keys(&unknown, "http_address")
        )));
    }
    let mut routes = Vec::new();
    for spec in shell.specs {
        let wrong = |error| StartError(format!("modules.{}.http_address: {error}", spec.name));
        let targets = targets(spec.name).unwrap_or_default().iter().map(|address| address.parse().map_err(wrong));
        let targets: Vec<Uri> = targets.collect::<Result<_, _>>()?;
        let grpc = spec.grpc.iter().map(|service| format!("/{service}"));
        for prefix in spec.paths.iter().map(|path| (*path).to_owned()).chain(grpc) {
            let fallback = prefix == "/";
            routes.push(gateway::Route { prefix, targets: targets.clone(), fallback });
        }
    }
    Ok(routes)
}

fn gateway_options(settings: &Settings) -> gateway::Options {
    let trusted = settings.http.trusted_proxies.clone();
    gateway::Options {
        tls: settings.http.public_url.starts_with("https://"),
        trusts: Arc::new(move |address| trusted.iter().any(|network| network.contains(address))),
        ..Default::default()
    }
}

fn server_options(settings: &Settings) -> ServerOptions {
    ServerOptions {
        header_timeout: Duration::from_millis(settings.http.header_timeout_ms),
        idle_timeout: Duration::from_millis(settings.http.idle_timeout_ms),
        max_connections: settings.http.max_connections,
    }
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there: stop it, or choose another port with",
            std::io::ErrorKind::PermissionDenied => "this user may not listen there: choose a port above 1023 with",
            _ => "choose another address with",
        };
        StartError(format!(
            "cannot listen on {address} ({error}); {advice} {key}.port or POLITY_{}_PORT",
            key.to_uppercase()
        ))
    })
}
