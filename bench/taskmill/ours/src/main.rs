//! Taskmill under one load: prints one line of JSON. See ../../README.md.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its line is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark has no supervisor and measures real time")]

mod mill;

use bench_loads::{Load, run};
use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Arguments {
    /// An empty database of its own.
    #[arg(long)]
    url: String,
    #[command(flatten)]
    load: Load,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match measure(Arguments::parse()).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ours: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Arguments) -> anyhow::Result<String> {
    let Arguments { url, load } = arguments;
    let mill = mill::Mill::connect(&url).await?;
    Ok(serde_json::to_string(&run(&mill, &url, &load).await?)?)
}
