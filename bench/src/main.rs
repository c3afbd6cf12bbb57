//! Polity beside bare peers, in one run on one machine: `cargo run --release -p bench`. See README.md for what it says.
//!
//! The same program plays every part in processes of their own: Polity itself (`run-all-in-one`), the bare axum server
//! (`bare`), and the driver.
#![expect(clippy::print_stdout, reason = "its table is what it is for")]
#![allow(clippy::disallowed_methods, reason = "a driver has no supervisor and measures real time")]

mod bare;
mod calls;
mod driver;
mod http;
mod limits;
mod log_ins;
mod stage;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("bare") => report(bare::main()),
        Some(command) if command.starts_with("run-") => polity::main(),
        _ => report(measure()),
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn measure() -> anyhow::Result<()> {
    println!("{:<44} {:>12} {:>12} {:>8}", "what", "polity", "peer", "ratio");
    calls::measure().await?;
    limits::measure().await?;
    let stage = stage::Stage::set().await?;
    http::measure(&stage).await?;
    log_ins::measure(&stage).await
}

fn report(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One line of the table.
fn row(what: &str, polity: &str, peer: &str, ratio: Option<f64>) {
    let ratio = ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
    println!("{what:<44} {polity:>12} {peer:>12} {ratio:>8}");
}
