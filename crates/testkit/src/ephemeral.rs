//! A server of our own for the length of a test, whichever it is: run on a free port, stopped, restarted, frozen.
//!
//! What may not enter: knowledge of one server in particular. Each says in its `Installation` what is its own.

use crate::absent::Absent;
use crate::leash::Leash;
use crate::patience::PATIENCE;
use crate::ports::free_port;
use crate::process::Process;
use crate::signals;
use std::env;
use std::fmt::Debug;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a server may take to make its directory, and again until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A server of our own: its data lives in a temporary directory, and both go with this value or with the test process.
#[derive(Debug)]
pub struct Ephemeral<I: Installation> {
    server: I::Server,
    installation: I,
    port: u16,
    // Before the leash: the server must be gone when its directory is removed.
    process: Option<Process>,
    leash: Arc<Leash>,
}

impl<I: Installation> Deref for Ephemeral<I> {
    type Target = I::Server;

    fn deref(&self) -> &I::Server {
        &self.server
    }
}

impl<I: Installation> Ephemeral<I> {
    /// The server all tests of this process share: the one the environment names, else one started now. It is never
    /// stopped before the process ends.
    ///
    /// # Errors
    /// [`Absent`] when it is not installed and no server is given.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn shared() -> Result<&'static I::Server, Absent> {
        let Shared { given, own } = I::cells();
        if let Ok(url) = env::var(I::GIVEN_URL) {
            return Ok(given.get_or_init(async || I::server(&url)).await);
        }
        let own = own.get_or_try_init(|| Self::launch(I::find())).await?;
        Ok(&own.server)
    }

    /// A server for one test alone, from what was found installed. Skips the test when that is nothing.
    pub(crate) async fn start_on(found: Option<I>) -> Option<Self> {
        Self::launch(found).await.map_or_else(Absent::skip, Some)
    }

    async fn launch(found: Option<I>) -> Result<Self, Absent> {
        let installation = found.ok_or(I::ABSENT)?;
        let leash = Arc::new(Leash::with_directory(I::SIGNAL, I::DIRECTORY));
        initialise(&installation, &leash).await;
        for _ in 0..5 {
            let port = free_port();
            if let Some(process) = run(&installation, &leash, port).await {
                let server = I::server(&I::url(port));
                return Ok(Self { server, installation, port, process: Some(process), leash });
            }
        }
        panic!("five ports in a row were taken before {} could listen on them", I::ABSENT.name);
    }

    /// Where the server keeps its data.
    pub fn directory(&self) -> &Path {
        self.leash.directory()
    }

    /// Stops the server as a crash would. Its data and its port stay reserved for [`Self::restart`].
    ///
    /// # Panics
    /// When it has not stopped after 10 s.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end().await;
        }
    }

    /// Starts the server again after [`Self::stop`], on the same data and the same port: all URLs stay good.
    ///
    /// # Panics
    /// When it does not start, because somebody took the port meanwhile.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.process = run(&self.installation, &self.leash, self.port).await;
        assert!(self.process.is_some(), "somebody took port {} while {} was stopped", self.port, I::ABSENT.name);
    }

    /// Freezes the server: connections stay open, and nobody answers on them.
    ///
    /// # Panics
    /// When it goes on nevertheless for 10 s.
    pub fn pause(&self) {
        if let Some(process) = &self.process {
            I::freeze(process.pid());
        }
    }

    /// Lets a frozen server go on.
    pub fn resume(&self) {
        if let Some(process) = &self.process {
            I::thaw(process.pid());
        }
    }
}

impl<I: Installation> Drop for Ephemeral<I> {
    fn drop(&mut self) {
        // Who is frozen can be killed, but follows no other order to end.
        if I::SIGNAL != "KILL" {
            self.resume();
        }
    }
}

/// What one kind of server is made of: where its programs are, what they are told, and how the process is treated.
pub trait Installation: Debug + Send + Sync + Sized + 'static {
    /// A running server of this kind, whoever started it.
    type Server: Debug + Send + Sync + 'static;

    /// What a test is told when nothing is installed.
    const ABSENT: Absent;

    /// The variable that names a running server to use instead of one of our own.
    const GIVEN_URL: &'static str;

    /// What the names of the servers' directories begin with.
    const DIRECTORY: &'static str;

    /// The signal that ends the server at once, with all that belongs to it, such as `KILL`.
    const SIGNAL: &'static str;

    /// The system user the directory is given to when we are root, for a server that refuses to run as root.
    const USER: Option<&'static str> = None;

    /// Part of the line the server prints once it accepts connections.
    const READY: &'static str;

    /// Part of what the server prints before it ends because the port is taken.
    const PORT_TAKEN: &'static str;

    /// Looks for the programs; nothing when one is missing.
    fn find() -> Option<Self>;

    /// Where the servers are kept that all tests of this process share. It takes a static for each kind, and one inside
    /// a generic function would be the same for all.
    fn cells() -> &'static Shared<Self>;

    /// The server at this URL.
    fn server(url: &str) -> Self::Server;

    /// The URL of a server of our own.
    fn url(port: u16) -> String;

    /// What makes the server's data in this directory; nothing for a server that makes them itself.
    fn initialise(&self, _directory: &Path) -> Option<CommandLine> {
        None
    }

    /// What runs the server on its data in this directory.
    fn serve(&self, directory: &Path, port: u16) -> CommandLine;

    /// Freezes the server whose first process this is.
    fn freeze(leader: u32) {
        signals::send("STOP", &[leader]);
    }

    /// Lets the server whose first process this is go on.
    fn thaw(leader: u32) {
        signals::send("CONT", &[leader]);
    }
}

/// The servers of one kind that all tests of this process share.
pub struct Shared<I: Installation> {
    given: OnceCell<I::Server>,
    own: OnceCell<Ephemeral<I>>,
}

impl<I: Installation> Shared<I> {
    pub(crate) const fn new() -> Self {
        Self { given: OnceCell::const_new(), own: OnceCell::const_new() }
    }
}

/// A program and its arguments.
#[derive(Debug)]
pub struct CommandLine {
    program: PathBuf,
    args: Vec<String>,
}

impl CommandLine {
    pub(crate) fn new(program: &Path, args: &[&str]) -> Self {
        Self { program: program.to_owned(), args: args.iter().map(|arg| (*arg).to_owned()).collect() }
    }

    fn spawn(&self, leash: &Arc<Leash>) -> Process {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        Process::spawn_on(Arc::clone(leash), &self.program, &args, &[], leash.directory())
    }
}

/// Linux gives a process's directory in `/proc` to its effective user (proc(5)).
pub(crate) fn we_are_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

async fn initialise<I: Installation>(installation: &I, leash: &Arc<Leash>) {
    let name = I::ABSENT.name;
    if let Some(user) = I::USER
        && we_are_root()
    {
        let status = Command::new("chown").arg(user).arg(leash.directory()).status();
        assert!(status.is_ok_and(|status| status.success()), "the user `{user}` must exist to run {name} as root");
    }
    if let Some(command) = installation.initialise(leash.directory()) {
        let process = command.spawn(leash);
        let status = process.exited(START_LIMIT).await;
        assert!(status.success(), "{name} does not make its directory:\n{}", process.output());
    }
}

/// Runs the server until it accepts connections; nothing when the port is taken.
async fn run<I: Installation>(installation: &I, leash: &Arc<Leash>, port: u16) -> Option<Process> {
    let process = installation.serve(leash.directory(), port).spawn(leash);
    if process.find_line(I::READY, START_LIMIT).await.is_some() {
        return Some(process);
    }
    let output = process.output();
    assert!(output.contains(I::PORT_TAKEN), "{} does not start:\n{output}", I::ABSENT.name);
    process.exited(PATIENCE).await;
    None
}
