//! A program run beside the test, such as the `polity` binary: what it prints is kept, and it ends with the test.
//!
//! What may not enter: knowledge of what the program is.

use crate::leash::Leash;
use crate::patience::PATIENCE;
use crate::signals;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// What a program gets to see of the test's own environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE"];

/// A running program, and everything it has printed. Dropped, it is killed with all its process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    output: watch::Receiver<Vec<String>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    gone: Mutex<Receiver<()>>,
    leash: Arc<Leash>,
}

impl Process {
    /// Runs `binary` in `dir`. It sees `env` and nothing of the test's own environment but `PATH`, `HOME`, `TMPDIR`
    /// and `RUST_BACKTRACE`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn spawn(binary: &Path, args: &[&str], env: &[(&str, &str)], dir: &Path) -> Self {
        Self::spawn_on(Arc::new(Leash::new("KILL")), binary, args, env, dir)
    }

    /// The same on a leash that already exists and holds nothing at the moment.
    pub(crate) fn spawn_on(leash: Arc<Leash>, binary: &Path, args: &[&str], env: &[(&str, &str)], dir: &Path) -> Self {
        let name = binary.file_name().unwrap_or(binary.as_os_str()).to_string_lossy().into_owned();
        let mut command = Command::new(binary);
        command.args(args).current_dir(dir).env_clear();
        command.envs(INHERITED.into_iter().filter_map(|key| Some((key, env::var_os(key)?))));
        command.envs(env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", binary.display()));
        let pid = child.id();
        leash.hold(pid);

        let (lines, output) = watch::channel(Vec::new());
        let lines = Arc::new(lines);
        collect(child.stdout.take().expect("standard output is piped"), Arc::clone(&lines));
        collect(child.stderr.take().expect("standard error is piped"), lines);

        let (ended, exit) = watch::channel(None);
        let (last_word, gone) = mpsc::channel();
        let held = Arc::clone(&leash);
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            // Before anybody learns of the end: they may give the leash another process to hold.
            held.release();
            drop(held);
            ended.send_replace(Some(status));
            drop(last_word);
        });
        Self { name, pid, output, exit, gone: Mutex::new(gone), leash }
    }

    /// The operating system's number for it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything printed so far to standard output and standard error.
    pub fn output(&self) -> String {
        self.output.borrow().join("\n")
    }

    /// The first line that contains this, waiting up to `limit` for it.
    ///
    /// # Panics
    /// With everything printed, when it is not printed in time or no longer can be.
    pub async fn wait_for_line(&self, contains: &str, limit: Duration) -> String {
        let line = self.find_line(contains, limit).await;
        line.unwrap_or_else(|| panic!("{} did not print `{contains}` within {limit:?}:\n{}", self.name, self.output()))
    }

    /// The first line that contains this; nothing when it is not printed in time or no longer can be.
    pub(crate) async fn find_line(&self, contains: &str, limit: Duration) -> Option<String> {
        let mut output = self.output.clone();
        let matches = |line: &&String| line.contains(contains);
        let found = timeout(limit, output.wait_for(|lines| lines.iter().any(|line| matches(&line)))).await;
        found.ok()?.ok()?.iter().find(matches).cloned()
    }

    /// How it ended, waiting up to `limit` for that.
    ///
    /// # Panics
    /// With everything printed, when it is still running then.
    pub async fn exited(&self, limit: Duration) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = timeout(limit, exit.wait_for(Option::is_some)).await;
        let status = ended.ok().and_then(|status| *status.ok()?);
        status.unwrap_or_else(|| panic!("{} still runs after {limit:?}:\n{}", self.name, self.output()))
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// With everything printed, when it still runs after 30 s.
    pub async fn terminate(&self) -> ExitStatus {
        self.signal("TERM");
        self.exited(Duration::from_secs(30)).await
    }

    /// Ends it and all its process group on the spot (SIGKILL), and waits until it has gone.
    pub async fn kill(&self) -> ExitStatus {
        self.signal_group("KILL");
        self.exited(PATIENCE).await
    }

    /// Ends it and all its process group with its leash's signal, and waits until it has gone.
    pub(crate) async fn end(&self) -> ExitStatus {
        self.signal_group(self.leash.signal());
        self.exited(PATIENCE).await
    }

    /// Sends it a signal, such as `HUP`. Nothing happens once it has ended.
    pub fn signal(&self, name: &str) {
        if self.is_running() {
            signals::send(name, &[self.pid]);
        }
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    fn signal_group(&self, name: &str) {
        if self.is_running() {
            signals::send_to_group(name, self.pid);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group(self.leash.signal());
        self.signal_group("CONT");
        let gone = self.gone.get_mut().unwrap_or_else(PoisonError::into_inner);
        let waited = gone.recv_timeout(PATIENCE);
        if waited == Err(RecvTimeoutError::Timeout) {
            self.signal_group("KILL");
        }
    }
}

/// Reads lines on a thread of its own: a server shared by several tests outlives the runtime of the first one.
fn collect(stream: impl Read + Send + 'static, lines: Arc<watch::Sender<Vec<String>>>) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.send_modify(|lines| lines.push(text));
            line.clear();
        }
    });
}
