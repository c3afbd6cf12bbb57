//! What happens to a test whose server is not installed: it is skipped loudly, or fails where it was required.
//!
//! What may not enter: looking for one server in particular.

use std::env;
use std::path::{Path, PathBuf};
use std::thread;

/// Names, separated by commas, what must be installed: `postgresql,chromium`, or `all`.
const REQUIRE: &str = "POLITY_REQUIRE";

/// Something a test needs is not installed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    /// What `POLITY_REQUIRE` calls it.
    pub key: &'static str,
    /// What people call it.
    pub name: &'static str,
}

impl Absent {
    /// Says that the running test is skipped, and gives it nothing to run on.
    ///
    /// # Panics
    /// When `POLITY_REQUIRE` lists what is absent.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests must see which ones did not run")]
    pub fn skip<T>(self) -> Option<T> {
        let test = running_test();
        let Self { key, name } = self;
        if lists(&env::var(REQUIRE).unwrap_or_default(), key) {
            panic!("{test} needs {name}, which is not installed, and {REQUIRE} demands it");
        }
        eprintln!("SKIPPED: {test}: {name} is not installed");
        None
    }
}

/// The first of these programs that stands in a directory of `PATH`.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let directories: Vec<_> = env::split_paths(&path).collect();
    names.iter().find_map(|name| directories.iter().map(|dir| dir.join(name)).find(|file| Path::is_file(file)))
}

fn lists(required: &str, key: &str) -> bool {
    required.split(',').map(str::trim).any(|word| word == key || word == "all")
}

fn running_test() -> String {
    let thread = thread::current();
    env::var("NEXTEST_TEST_NAME")
        .ok()
        .or_else(|| thread.name().map(str::to_owned))
        .unwrap_or_else(|| "a test".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_required() {
        assert!(lists("chromium, postgresql", "postgresql"));
        assert!(lists("all", "postgresql"));
        assert!(!lists("chromium", "postgresql"));
        assert!(!lists("", "postgresql"));
    }

    #[test]
    fn programs_are_found_by_the_first_name_that_exists() {
        assert_eq!(program(&["no-such-program", "sh"]).unwrap().file_name().unwrap(), "sh");
        assert_eq!(program(&["no-such-program"]), None);
    }
}
