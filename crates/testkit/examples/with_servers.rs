//! Runs a command, such as the test runner, with one PostgreSQL and one MariaDB for all of it, so that not every test
//! process has to start its own: `cargo run -p testkit --example with_servers -- cargo nextest run --workspace`. A server
//! that is not installed, or that the environment names already, is left to the tests.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it stands where a shell script would")]

use std::env;
use std::process::{Command, ExitCode};
use testkit::{EphemeralMariaDb, EphemeralPostgres};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let Some(program) = words.next() else {
        eprintln!("with_servers: say which command to run");
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(program);
    command.args(words);
    // What `cargo run` says of this program is not so of what the command builds: build scripts that look at it would run
    // again, and everything behind them would be built again.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    if let Ok(server) = EphemeralPostgres::shared().await {
        command.env("POLITY_TEST_POSTGRES_URL", server.url());
    }
    if let Ok(server) = EphemeralMariaDb::shared().await {
        command.env("POLITY_TEST_MARIADB_URL", server.url());
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("with_servers: {}: {error}", command.get_program().display());
            ExitCode::FAILURE
        }
    }
}
