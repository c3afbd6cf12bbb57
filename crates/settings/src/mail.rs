//! How mail leaves, as plain values.

use crate::Secret;
use serde::Deserialize;
use std::path::PathBuf;

/// Mail to people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// How it leaves.
    pub engine: MailEngine,
    /// Whom it comes from, such as `Polity <polity@example.org>`.
    pub from: String,
    /// The mail server.
    pub smtp_host: Option<String>,
    /// Its port; 0 is the usual one.
    pub smtp_port: u16,
    /// How the connection to it is secured.
    pub smtp_tls: SmtpTls,
    /// The user there, when it asks for one.
    pub smtp_user: Option<String>,
    /// The password there.
    pub smtp_password: Option<Secret>,
    /// A file with a certificate that is trusted beside the public ones.
    pub smtp_ca_file: Option<PathBuf>,
    /// How long sending one mail may take.
    pub timeout_ms: u64,
}

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailEngine {
    /// It is kept in `data_dir`, for whoever develops.
    Mailbox,
    /// It is handed to a server (RFC 5321).
    Smtp,
    /// None is sent.
    Off,
}

/// How the connection to a mail server is secured (RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte.
    Implicit,
    /// TLS by STARTTLS, or no mail.
    Starttls,
    /// None.
    None,
}
