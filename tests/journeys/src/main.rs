//! The shipped binary under another name, for the journeys to start.

use std::process::ExitCode;

fn main() -> ExitCode {
    polity::main()
}
