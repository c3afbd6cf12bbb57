//! What ties a server to the test process: however that one ends, the server ends too and its directory is removed.
//!
//! What may not enter: the server itself. A leash only knows a process group and a directory.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads the process group to end, one line for each change, until the pipe closes: that is when the test process drops
/// the leash or dies, be it by SIGKILL. Stopped processes are woken, or they could not act on the signal.
const WATCH: &str = r#"
group=
while read -r line; do group=$line; done
if [ -n "$group" ]; then
    kill -s "$1" -- "-$group"
    kill -s CONT -- "-$group"
    looks=0
    while kill -s 0 -- "-$group" && [ "$looks" -lt 30 ]; do sleep 0.1; looks=$((looks + 1)); done
    kill -s KILL -- "-$group"
fi
[ -z "$2" ] || rm -rf -- "$2"
"#;

/// A shell that outlives the test process by the moment it takes to clean up behind it.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
    directory: Option<PathBuf>,
    signal: &'static str,
}

impl Leash {
    /// A leash that ends processes with `signal`, such as `KILL`, and after 3 s with `KILL`.
    pub(crate) fn new(signal: &'static str) -> Self {
        Self::tie(signal, None)
    }

    /// The same, with a new directory in the system's temporary place that goes when the leash goes.
    pub(crate) fn with_directory(signal: &'static str, prefix: &str) -> Self {
        let directory = tempfile::Builder::new().prefix(prefix).tempdir().expect("a directory can be made");
        Self::tie(signal, Some(directory.keep()))
    }

    fn tie(signal: &'static str, directory: Option<PathBuf>) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "leash", signal]).arg(directory.as_deref().unwrap_or(Path::new("")));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        // In a group of its own it survives a test runner that kills the test's whole group.
        let mut shell = command.process_group(0).spawn().expect("a shell can be started");
        let pipe = Mutex::new(shell.stdin.take());
        Self { shell, pipe, directory, signal }
    }

    /// The signal that ends whatever is held.
    pub(crate) fn signal(&self) -> &'static str {
        self.signal
    }

    /// The directory that goes with the leash.
    ///
    /// # Panics
    /// When it was made without one.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.as_deref().expect("this leash was made with a directory")
    }

    /// From now on the group that `leader` leads ends with the test process. One group at a time.
    pub(crate) fn hold(&self, leader: u32) {
        self.say(&leader.to_string());
    }

    /// Nothing is held any more.
    pub(crate) fn release(&self) {
        self.say("");
    }

    fn say(&self, line: &str) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = pipe.as_mut().expect("the pipe is open for as long as the leash lives");
        writeln!(pipe, "{line}").expect("the shell reads until the pipe closes");
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _status = self.shell.wait();
    }
}
