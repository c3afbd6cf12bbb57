//! The one binary. Everything it can do follows from the list of modules; see `polity --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    polity::main()
}
