//! What each command does.
#![expect(
    clippy::disallowed_methods,
    reason = "signals and the last flush come before and after the runtime's supervisor"
)]

use crate::{MODULES, cli, decisions, say, secrets, shell};
use anyhow::{Context as _, anyhow, bail};
use clap::ArgMatches;
use demo::DemoPlan;
use indicatif::ProgressBar;
use kernel::reasons;
use runtime::{Migrate, Plan, Process, Role, Shell};
use secrecy::SecretString;
use settings::{Inputs, LogFormat, Settings};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Commands that need no configuration. True if `name` was one.
pub(crate) fn without_settings(name: &str, arguments: &ArgMatches) -> anyhow::Result<bool> {
    match (name, arguments.subcommand_name()) {
        ("openapi", _) => {
            say(&serde_json::to_string_pretty(&runtime::http::api_document(MODULES))?)?;
        }
        ("reasons", _) => {
            let all = reasons::ALL.iter().chain(MODULES.iter().flat_map(|module| module.reasons));
            let mut lines: Vec<_> =
                all.map(|reason| format!("{:<40} {:<16} {}", reason.name, reason.code.name(), reason.text)).collect();
            lines.sort();
            say(&lines.join("\n"))?;
        }
        ("access", _) => say(&decisions()?.matrix().to_string())?,
        ("secrets", Some("new-key")) => say(&secrets::new_key())?,
        ("config", Some("reference")) => say(&settings::reference_markdown())?,
        (module, _) => {
            let offline = MODULES.iter().find(|spec| spec.name == module).and_then(|spec| (spec.offline)(arguments));
            let Some(done) = offline else { return Ok(false) };
            done?;
        }
    }
    Ok(true)
}

/// `polity config …`.
pub(crate) fn config(arguments: &ArgMatches, inputs: &Inputs) -> anyhow::Result<()> {
    match arguments.subcommand_name() {
        Some("check") => {
            let (well, report) = settings::render_check(inputs);
            if !well {
                bail!("{report}");
            }
            say(&report)?;
        }
        Some("print") => say(&settings::render_print(&settings::load(inputs)?))?,
        _ => say(&settings::render_explained(&settings::explain(&settings::load(inputs)?)))?,
    }
    Ok(())
}

/// Everything else.
pub(crate) async fn with_settings(name: &str, arguments: &ArgMatches, settings: Settings) -> anyhow::Result<()> {
    if name == "demo" {
        return fill(arguments).await;
    }
    let guard = Arc::new(telemetry::init(&telemetry_options(&settings, name))?);
    let metrics = Arc::clone(&guard);
    let shell = shell::shell(settings, Arc::new(move || metrics.metrics_text()))?;
    let outcome = dispatch(name, arguments, shell).await;
    let flushed = tokio::task::spawn_blocking(move || guard.shutdown()).await?;
    if let Err(error) = flushed {
        tracing::debug!(%error, "the last telemetry was not delivered");
    }
    outcome
}

async fn dispatch(name: &str, arguments: &ArgMatches, shell: Shell) -> anyhow::Result<()> {
    let all: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
    match name {
        "run-all-in-one" => serve(shell, &all, Role::All).await,
        "run-gateway" => gateway(shell).await,
        "migrate" => migrate(shell, &all).await,
        "secrets" => secrets::run(shell, arguments).await,
        run if run.starts_with("run-") => {
            let (module, role) = cli::module_and_role(run);
            serve(shell, &[module], role).await
        }
        module => one_off(shell, module, arguments).await,
    }
}

pub(crate) fn plan(shell: &Shell, role: Role) -> Plan {
    let migrate = if shell.settings.store.migrate_on_start { Migrate::Run } else { Migrate::Refuse };
    Plan { role, migrate }
}

async fn serve(shell: Shell, modules: &[&str], role: Role) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let (plan, public_url) = (plan(&shell, role), shell.settings.http.public_url.clone());
    let process = Process::build(shell, modules, plan).await?;
    let (what, whole) = (modules.join(", "), modules.len() == MODULES.len());
    let ready = move |address: std::net::SocketAddr, greetings: Vec<String>| {
        tracing::info!(%address, modules = what, "ready");
        let mut lines = if whole {
            vec![format!("Polity is ready: {public_url}"), format!("  API: {public_url}/api/docs")]
        } else {
            vec![format!("Polity's {what} is ready: http://{address}")]
        };
        lines.extend(greetings);
        if let Err(error) = say(&lines.join("\n")) {
            tracing::debug!(%error, "nobody reads the terminal");
        }
    };
    Ok(process.run(stop, ready).await?)
}

async fn gateway(shell: Shell) -> anyhow::Result<()> {
    let (stop, public_url) = (stop_signal()?, shell.settings.http.public_url.clone());
    let ready = move |address: std::net::SocketAddr| {
        tracing::info!(%address, "the gateway is ready");
        if let Err(error) = say(&format!("Polity's gateway is ready: {public_url}")) {
            tracing::debug!(%error, "nobody reads the terminal");
        }
    };
    Ok(Process::gateway(shell, stop, ready).await?)
}

async fn migrate(shell: Shell, modules: &[&str]) -> anyhow::Result<()> {
    let plan = Plan { role: Role::Feed, migrate: Migrate::Run };
    let process = Process::build(shell, modules, plan).await?;
    process.close().await;
    say(&format!("The schemas of {} are up to date.", modules.join(", ")))?;
    Ok(())
}

/// A module's own command, with whatever it uses built into this process unless it runs elsewhere.
async fn one_off(shell: Shell, module: &str, arguments: &ArgMatches) -> anyhow::Result<()> {
    let elsewhere = |name: &str| shell.settings.modules.get(name).is_some_and(|module| !module.address.is_empty());
    let local: Vec<&str> =
        MODULES.iter().map(|spec| spec.name).filter(|name| *name == module || !elsewhere(name)).collect();
    let plan = plan(&shell, Role::Feed);
    let process = Process::build(shell, &local, plan).await?;
    Ok(process.command(module, arguments).await?)
}

async fn fill(arguments: &ArgMatches) -> anyhow::Result<()> {
    let text = |name: &str| arguments.get_one::<String>(name).cloned().ok_or_else(|| anyhow!("--{name} is missing"));
    let number = |name: &str| arguments.get_one::<usize>(name).copied().ok_or_else(|| anyhow!("--{name} is missing"));
    let plan = DemoPlan {
        members: number("members")?,
        threads: number("threads")?,
        posts: number("posts")?,
        seed: arguments.get_one::<u64>("seed").copied().unwrap_or(1),
        ..DemoPlan::new(&text("url")?, &text("email")?, SecretString::from(text("password")?))
    };
    let progress = if arguments.get_flag("quiet") { ProgressBar::hidden() } else { demo::progress_bar() };
    let report = demo::fill(plan, &progress).await.context("the demo was not filled")?;
    say(&report.to_string())?;
    Ok(())
}

fn telemetry_options(settings: &Settings, command: &str) -> telemetry::Options {
    let pretty = settings.log.format == LogFormat::Pretty;
    // A one-off command speaks to a person: only what is wrong is logged beside its answer.
    let level = if command.starts_with("run-") { &settings.log.level } else { "warn" };
    telemetry::Options {
        service_name: settings.telemetry.service_name.clone(),
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        // Each migration says itself that it ran; one that fails is an error of its own.
        log_level: format!("sea_orm_migration=warn,opentelemetry=warn,{level}"),
        log_format: if pretty { telemetry::LogFormat::Pretty } else { telemetry::LogFormat::Json },
        otlp_endpoint: settings.telemetry.otlp_endpoint.clone(),
        sample_ratio: settings.telemetry.sample_ratio,
    }
}

/// Cancelled by SIGTERM or SIGINT; a second one ends the process at once.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            if !first {
                std::process::exit(130);
            }
            told.cancel();
        }
    });
    Ok(stop)
}
