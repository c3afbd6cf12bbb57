//! One rival under one load: prints one line of JSON. See ../README.md.
#![allow(clippy::disallowed_methods, reason = "a benchmark has no supervisor and measures real time")]

mod apalis;
mod graphile;
mod settings;

use bench_loads::{Load, run};
use clap::{Parser, ValueEnum};
use settings::Settings;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::process::ExitCode;

/// Connections of the pool: eight clients, eight workers, and what listens.
const CONNECTIONS: u32 = 24;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rival {
    Graphile,
    Apalis,
}

#[derive(Debug, Parser)]
struct Arguments {
    rival: Rival,
    /// An empty database of its own.
    #[arg(long)]
    url: String,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    settings: Settings,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match measure(Arguments::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rivals: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Arguments) -> anyhow::Result<String> {
    let Arguments { rival, url, load, settings } = arguments;
    let pool = pool(&url).await?;
    let report = match rival {
        Rival::Graphile => run(&graphile::Graphile::connect(pool, settings.for_graphile()).await?, &url, &load).await?,
        Rival::Apalis => run(&apalis::Apalis::connect(pool, settings.for_apalis()).await?, &url, &load).await?,
    };
    Ok(serde_json::to_string(&report)?)
}

async fn pool(url: &str) -> anyhow::Result<PgPool> {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS).min_connections(CONNECTIONS);
    Ok(options.test_before_acquire(false).connect(url).await?)
}

/// The version of a library as this workspace's lock file has it.
fn locked_version(name: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
    entry.and_then(|(_, rest)| rest.split_once('"')).map_or_else(String::new, |(version, _)| version.to_owned())
}
