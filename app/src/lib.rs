//! The composition root: alone in knowing every module. It reads the configuration, builds the policy engine from the
//! modules' declarations, recognises callers through their portals, and runs what the command line asks for.

mod access;
mod chrome;
mod cli;
mod commands;
mod identity;
mod mail;
mod secrets;
mod shared;
mod shell;

pub use shell::{MODULES, decisions};

use clap::ArgMatches;
use settings::{Inputs, Loaded};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// glibc's allocator keeps a password hash's 19 MiB in every thread that ever made one; this one gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The last words of a process that could not do what it was asked for.
            let _gone = writeln!(std::io::stderr(), "polity: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    // One TLS provider for the whole process, chosen before anything opens a connection.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let (name, arguments) = matches.subcommand().unwrap_or(("", matches));
    let file = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
    let modules: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
    if commands::without_settings(name, arguments)? {
        return Ok(());
    }
    let inputs = Inputs::from_process(file, &modules)?;
    if name == "config" {
        return commands::config(arguments, &inputs);
    }
    let loaded: Loaded = settings::load(&inputs)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::with_settings(name, arguments, loaded.settings))
}

/// Says something to whoever started the process.
fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
