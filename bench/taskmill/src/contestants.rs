//! Who takes part. Each measurement is a process of its own, so that nobody profits from what ran before.

use crate::engines::Engine;
use crate::plan::Row;
use anyhow::{Context, Result, bail};
use bench_loads::Report;
use clap::ValueEnum;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;

/// A measurement that takes longer is given up: the queue is stuck.
const PATIENCE: Duration = Duration::from_secs(900);

/// A queue and the program that puts it under a load.
#[derive(Debug, Clone)]
pub(crate) struct Contestant {
    /// The name over its column.
    pub(crate) name: &'static str,
    /// What it keeps its tasks in.
    pub(crate) engine: Engine,
    /// Whether it is one of those that ours is compared with.
    pub(crate) is_rival: bool,
    program: PathBuf,
    argument: Option<&'static str>,
}

/// Everyone, in the order of the columns; what is not given is built.
pub(crate) async fn all(ours: Option<PathBuf>, rivals: Option<PathBuf>) -> Result<Vec<Contestant>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = match ours {
        Some(given) => given,
        None => build(&here.join("ours/Cargo.toml")).await?,
    };
    let rivals = match rivals {
        Some(given) => given,
        None => build(&here.join("rivals/Cargo.toml")).await?,
    };
    let our = |name, engine| Contestant { name, engine, is_rival: false, program: ours.clone(), argument: None };
    let rival = |name, argument| Contestant {
        name,
        engine: Engine::Postgres,
        is_rival: true,
        program: rivals.clone(),
        argument: Some(argument),
    };
    Ok(vec![
        our("taskmill", Engine::Postgres),
        rival("graphile_worker", "graphile"),
        rival("apalis", "apalis"),
        our("taskmill on SQLite", Engine::Sqlite),
        our("taskmill on MariaDB", Engine::MariaDb),
    ])
}

impl Contestant {
    /// Runs one measurement on an empty database.
    pub(crate) async fn run(&self, url: &str, row: &Row) -> Result<Report> {
        let scenario = row.scenario.to_possible_value().context("every scenario has a name")?;
        let mut command = Command::new(&self.program);
        command
            .args(self.argument)
            .args(["--url", url, "--scenario", scenario.get_name()])
            .args(["--tasks", &row.tasks_on(self.engine).to_string(), "--workers", &row.workers.to_string()])
            .args(["--churn", &row.churn.to_string(), "--pace", &row.pace.to_string()])
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output()).await.context("stuck")??;
        let line = checked(self.name, &output)?;
        Ok(serde_json::from_str(line.lines().last().unwrap_or_default())?)
    }
}

async fn build(manifest: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--message-format=json-render-diagnostics", "--manifest-path"]);
    let output = cargo.arg(manifest).stderr(Stdio::inherit()).output().await?;
    let messages = checked("building", &output)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    built.context("cargo built no executable")
}

fn checked(what: &str, output: &Output) -> Result<String> {
    if !output.status.success() {
        bail!("{what}: {} {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
