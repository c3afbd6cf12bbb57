//! A mail server for the length of a test: aiosmtpd, which keeps what it takes in a Maildir.
//!
//! What may not enter: a client, and what mail says.

use crate::absent::{Absent, program};
use crate::ephemeral::{CommandLine, Ephemeral, Installation, Shared};
use std::fs;
use std::path::{Path, PathBuf};

/// What it takes at most, in bytes: more is refused for good (RFC 1870).
pub const SMTP_SIZE_LIMIT: usize = 64 * 1_024;

/// A running mail server.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    port: u16,
}

impl SmtpServer {
    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A mail server of our own.
pub type EphemeralSmtp = Ephemeral<SmtpInstallation>;

impl EphemeralSmtp {
    /// A server for one test alone. `tls` are the words that name its certificate and key. Skips the test when aiosmtpd
    /// is not installed.
    ///
    /// # Panics
    /// When it does not start, or is absent though `POLITY_REQUIRE` lists `aiosmtpd`.
    pub async fn start(tls: Vec<String>) -> Option<Self> {
        Self::start_on(SmtpInstallation::find().map(|found| SmtpInstallation { tls, ..found })).await
    }

    /// Every mail it has taken, as it came, the first one first.
    ///
    /// # Panics
    /// When its folder cannot be read.
    pub fn taken(&self) -> Vec<Vec<u8>> {
        let folder = self.directory().join("mail").join("new");
        let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
        files.sort();
        files.iter().map(|file| fs::read(file).expect("a mail can be read")).collect()
    }
}

/// Where the server's program is, and what it is told of TLS.
#[derive(Debug)]
pub struct SmtpInstallation {
    binary: PathBuf,
    tls: Vec<String>,
}

impl Installation for SmtpInstallation {
    type Server = SmtpServer;

    const ABSENT: Absent = Absent { key: "aiosmtpd", name: "aiosmtpd" };
    /// As `smtp://host:port`.
    const GIVEN_URL: &'static str = "POLITY_TEST_SMTP_URL";
    const DIRECTORY: &'static str = "polity-smtp-";
    const SIGNAL: &'static str = "KILL";
    const READY: &'static str = "Server is listening";
    const PORT_TAKEN: &'static str = "address already in use";

    fn find() -> Option<Self> {
        Some(Self { binary: program(&["aiosmtpd"])?, tls: Vec::new() })
    }

    fn cells() -> &'static Shared<Self> {
        static CELLS: Shared<SmtpInstallation> = Shared::new();
        &CELLS
    }

    fn server(url: &str) -> SmtpServer {
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        SmtpServer { port: port.expect("the URL of a mail server ends with its port") }
    }

    fn url(port: u16) -> String {
        format!("smtp://127.0.0.1:{port}")
    }

    fn serve(&self, directory: &Path, port: u16) -> CommandLine {
        let (listen, size) = (format!("127.0.0.1:{port}"), SMTP_SIZE_LIMIT.to_string());
        let mailbox = directory.join("mail");
        let mut args = vec!["-n", "-d", "-l", &listen, "-s", &size, "-c", "aiosmtpd.handlers.Mailbox"];
        args.extend(self.tls.iter().map(String::as_str));
        let mailbox = mailbox.to_string_lossy();
        args.push(&mailbox);
        CommandLine::new(&self.binary, &args)
    }
}
