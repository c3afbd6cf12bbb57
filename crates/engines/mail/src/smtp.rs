//! Mail over SMTP.

use crate::Sender;
use kernel::{Fault, Mail, Mailer, reasons};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// How the connection to the server is secured (RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Implicit,
    /// TLS by STARTTLS, or no mail.
    Starttls,
    /// None.
    Plain,
}

impl Security {
    /// The port that servers listen on for it.
    const fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::Starttls => 587,
            Self::Plain => 25,
        }
    }
}

/// Where mail is handed over.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// Its name, which its certificate must carry, or its address.
    pub host: String,
    /// Its port; none is the usual one.
    pub port: Option<u16>,
    /// How the connection is secured.
    pub security: Security,
    /// User and password, where it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// A file with a certificate, in PEM form, that is trusted beside the public ones.
    pub authority: Option<PathBuf>,
    /// How long sending one mail may take.
    pub timeout: Duration,
}

/// Hands mail to a server.
pub struct SmtpMailer {
    sender: Sender,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl SmtpMailer {
    /// Connects when the first mail is sent.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up for that host, or the trusted certificate cannot be read.
    pub fn new(server: SmtpServer, sender: Sender) -> Result<Self, Fault> {
        let parameters = || tls_parameters(&server);
        let tls = match server.security {
            Security::Implicit => Tls::Wrapper(parameters()?),
            Security::Starttls => Tls::Required(parameters()?),
            Security::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port.unwrap_or(server.security.usual_port()))
            .tls(tls)
            .timeout(Some(server.timeout));
        if let Some((user, password)) = server.credentials {
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        Ok(Self { sender, transport: builder.build(), timeout: server.timeout })
    }
}

fn tls_parameters(server: &SmtpServer) -> Result<TlsParameters, Fault> {
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.authority {
        let unreadable = |error| Fault::internal(format!("{}: {error}", file.display()));
        let pem = std::fs::read(file).map_err(unreadable)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(Fault::internal)?);
    }
    builder.build_rustls().map_err(Fault::internal)
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        let message = self.sender.message(mail)?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            // 5xx: the server will say the same tomorrow (RFC 5321 section 4.2.1). That it does not believe who we are
            // can be mended, and no mail is lost over it.
            Ok(Err(error)) if error.is_permanent() && !is_about_us(&error) => {
                Err(reasons::MAIL_REFUSED.fault().because(error))
            }
            Ok(Err(error)) => Err(reasons::MAIL_DOWN.fault().because(error)),
            Err(_) => Err(reasons::MAIL_DOWN.fault().detail("The mail server takes too long.")),
        }
    }
}

/// Whether the server refused us, and not the mail: 530, 534, 535 and 538 speak of authentication (RFC 4954 section 6).
fn is_about_us(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}
