//! Running one test of this very program in a process of its own, to see what becomes of it.
//!
//! What may not enter: the tests that are run so; each lives beside the test that watches it.

use std::env;
use std::fs;
use std::path::Path;
use testkit::Process;

const MARK: &str = "POLITY_TESTKIT_RERUN";

/// Starts the test with this full name, with these environment variables on top.
pub(crate) fn start(test: &str, env: &[(&str, &str)]) -> Process {
    let env: Vec<_> = [(MARK, "1")].iter().chain(env).copied().collect();
    let program = env::current_exe().unwrap();
    Process::spawn(&program, &["--exact", test, "--nocapture"], &env, Path::new("/"))
}

/// Whether the running test was started by [`start`] and not by whoever runs all tests.
pub(crate) fn is_rerun() -> bool {
    env::var_os(MARK).is_some()
}

/// Whether a process runs; one that has ended and was not yet waited for does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
