//! `polity secrets …`: the keys that secrets at rest are sealed with, in every module at once.
//!
//! What may not enter: a key on the terminal, but for a new one that protects nothing yet.

use crate::{MODULES, commands, say};
use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgMatches, Command};
use kernel::{Ids, SystemIds};
use runtime::{DataKeys, KeyState, Process, Role, Shell};

/// The commands.
pub(crate) fn command() -> Command {
    Command::new("secrets")
        .about("Looks after the keys that secrets at rest are sealed with")
        .subcommand_required(true)
        .subcommand(Command::new("new-key").about("Prints a new master key, for secrets.master_key"))
        .subcommand(Command::new("status").about("Shows every module's data keys: purposes, counts, master keys"))
        .subcommand(Command::new("rotate").about(
            "Wraps every data key under the newest master key; secrets.former_master_keys may be emptied afterwards",
        ))
        .subcommand(Command::new("renew").about("Makes a new data key for every purpose; the old ones still open"))
}

/// 32 random bytes in base64.
pub(crate) fn new_key() -> String {
    STANDARD.encode(SystemIds.secret())
}

/// Runs one that needs the databases.
pub(crate) async fn run(shell: Shell, arguments: &ArgMatches) -> anyhow::Result<()> {
    let all: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
    let plan = commands::plan(&shell, Role::Feed);
    let process = Process::build(shell, &all, plan).await?;
    let mut lines = Vec::new();
    let mut failed = None;
    for (module, keys) in process.data_keys() {
        match report(keys.as_ref(), arguments.subcommand_name().unwrap_or_default()).await {
            Ok(report) => lines.extend(report.into_iter().map(|line| format!("{module}: {line}"))),
            Err(fault) => {
                lines.push(format!("{module}: {}", fault.told()));
                failed.get_or_insert(fault);
            }
        }
    }
    process.close().await;
    say(&lines.join("\n"))?;
    failed.map_or(Ok(()), Err).context("not every module could be dealt with")
}

async fn report(keys: &dyn DataKeys, command: &str) -> Result<Vec<String>, kernel::Fault> {
    Ok(match command {
        "rotate" => vec![format!("{} data keys wrapped anew", keys.rewrap().await?)],
        "renew" => vec![format!("{} data keys made", keys.renew().await?)],
        _ => {
            let states = keys.states().await?;
            if states.is_empty() { vec!["nothing is sealed".to_owned()] } else { states.iter().map(line).collect() }
        }
    })
}

fn line(state: &KeyState) -> String {
    let KeyState { purpose, shared, of_subjects, destroyed, masters, latest_at } = state;
    let latest = latest_at.format("%Y-%m-%d");
    let under = if masters.is_empty() { "none".to_owned() } else { masters.join(", ") };
    format!(
        "{purpose}: {shared} shared, {of_subjects} of people, {destroyed} destroyed; under master key {under}; the latest \
         of {latest}"
    )
}
