//! Taskmill beside graphile_worker and apalis, in one run on one PostgreSQL: `cargo run --release -p bench-taskmill`. See
//! README.md for what it says.
#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a driver has no supervisor and measures real time")]

mod contestants;
mod engines;
mod mariadb;
mod plan;
mod server;
mod table;

use anyhow::Result;
use bench_loads::Scenario;
use clap::Parser;
use contestants::Contestant;
use engines::Engines;
use std::path::PathBuf;
use std::process::ExitCode;
use table::Outcomes;

#[derive(Debug, Parser)]
struct Arguments {
    /// Multiplies every number of tasks: 0.01 for a smoke run.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// How often each measurement is repeated; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only this scenario.
    #[arg(long)]
    only: Option<Scenario>,
    /// The built `ours`; without it, it is built now.
    #[arg(long)]
    ours: Option<PathBuf>,
    /// The built `rivals`; without it, it is built now.
    #[arg(long)]
    rivals: Option<PathBuf>,
    /// Where `initdb` and `postgres` are; without it, where Debian puts them.
    #[arg(long)]
    postgres: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench-taskmill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Arguments) -> Result<()> {
    let Arguments { scale, rounds, only, ours, rivals, postgres } = arguments;
    let contestants = contestants::all(ours, rivals).await?;
    let engines = Engines::start(postgres).await?;
    println!("{}", table::head(&contestants));
    for row in plan::rows(scale, only) {
        let mut outcomes = Outcomes::new(&contestants);
        // In turns, so that whatever else the machine does meanwhile falls on all of them.
        for _ in 0..rounds.max(1) {
            for contestant in contestants.iter().filter(|contestant| row.is_for(contestant.engine)) {
                outcomes.add(contestant, one(&engines, contestant, &row).await);
            }
        }
        println!("{}", outcomes.line(&row));
    }
    engines.stop().await
}

async fn one(engines: &Engines, contestant: &Contestant, row: &plan::Row) -> Result<bench_loads::Report> {
    let database = engines.database(contestant.engine).await?;
    let report = contestant.run(&database.url, row).await;
    database.drop().await?;
    report
}
