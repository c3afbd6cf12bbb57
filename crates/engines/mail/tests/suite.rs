//! Both engines keep the port's promises; and what only a server can do to mail.

#![allow(clippy::unwrap_used, reason = "the lints' exemption for tests does not reach what serves them")]

use engine_mail::{Mailbox, Security, Sender, SmtpMailer, SmtpServer};
use kernel::{Fault, Mail, Mailer, reasons};
use mail_parser::{Addr, MessageParser};
use rstest::rstest;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use testkit::suites::{MailerSubject, Taken, mailer};
use testkit::{EphemeralSmtp, SMTP_SIZE_LIMIT};
use uuid::Uuid;

/// A mail server with a certificate of its own, and a mailer that trusts it.
struct Post {
    server: EphemeralSmtp,
    mailer: SmtpMailer,
    _certificates: TempDir,
}

impl Post {
    async fn with(security: Security) -> Option<Self> {
        let (certificates, authority) = certificates();
        let path = |name: &str| certificates.path().join(name).to_string_lossy().into_owned();
        let words = |option: &str| match option {
            "" => Vec::new(),
            name => vec![format!("--{name}cert"), path("server.pem"), format!("--{name}key"), path("server.key")],
        };
        let tls = match security {
            Security::Implicit => words("smtps"),
            Security::Starttls => words("tls"),
            Security::Plain => words(""),
        };
        let server = EphemeralSmtp::start(tls).await?;
        let mailer = SmtpMailer::new(settings(server.port(), security, Some(authority)), sender()).unwrap();
        Some(Self { server, mailer, _certificates: certificates })
    }
}

#[async_trait::async_trait]
impl MailerSubject for Post {
    fn mailer(&self) -> &dyn Mailer {
        &self.mailer
    }

    async fn taken(&self) -> Vec<Taken> {
        self.server.taken().iter().map(|bytes| read(bytes)).collect()
    }
}

struct Folder {
    mailbox: Mailbox,
    _directory: TempDir,
}

#[async_trait::async_trait]
impl MailerSubject for Folder {
    fn mailer(&self) -> &dyn Mailer {
        &self.mailbox
    }

    async fn taken(&self) -> Vec<Taken> {
        let mails = self.mailbox.list().await.unwrap();
        let taken = |Mail { id, to, to_name, subject, text, html }| Taken { id, to, to_name, subject, text, html };
        mails.into_iter().map(taken).collect()
    }
}

fn sender() -> Sender {
    Sender::parse("Polity <polity@example.org>").unwrap()
}

fn settings(port: u16, security: Security, authority: Option<PathBuf>) -> SmtpServer {
    let timeout = Duration::from_secs(10);
    SmtpServer { host: "localhost".to_owned(), port: Some(port), security, credentials: None, authority, timeout }
}

/// A certificate for this machine, and where whoever is to trust it finds it.
fn certificates() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = directory.path().join("server.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    std::fs::write(directory.path().join("server.key"), made.signing_key.serialize_pem()).unwrap();
    (directory, file)
}

fn read(bytes: &[u8]) -> Taken {
    let message = MessageParser::default().parse(bytes).unwrap();
    let to: &Addr = message.to().unwrap().first().unwrap();
    let id = message.message_id().unwrap().split('@').next().unwrap();
    let body = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap().trim_end().replace("\r\n", "\n");
    Taken {
        id: Uuid::parse_str(id).unwrap(),
        to: to.address().unwrap().to_owned(),
        to_name: to.name().unwrap_or_default().to_owned(),
        subject: message.subject().unwrap().to_owned(),
        text: format!("{} ", body(message.body_text(0))),
        html: body(message.body_html(0)),
    }
}

#[rstest]
#[case::implicit(Security::Implicit)]
#[case::starttls(Security::Starttls)]
#[case::plain(Security::Plain)]
#[tokio::test]
async fn server_gets_mail_as_the_port_promises(#[case] security: Security) {
    if Post::with(security).await.is_some() {
        mailer(async || Post::with(security).await.unwrap()).await;
    }
}

#[tokio::test]
async fn folder_keeps_mail_as_the_port_promises() {
    mailer(async || {
        let directory = TempDir::new().unwrap();
        Folder { mailbox: Mailbox::new(directory.path().join("mailbox")), _directory: directory }
    })
    .await;
}

#[tokio::test]
async fn folder_keeps_the_newest_mails_alone() {
    let directory = TempDir::new().unwrap();
    let mailbox = Mailbox::new(directory.path());
    for number in 1..=210 {
        mailbox.send(&letter(number, "text")).await.unwrap();
    }
    let mails = mailbox.list().await.unwrap();
    assert_eq!((mails.len(), mails[0].id), (200, Uuid::from_u128(210)));
    assert!(mailbox.read(Uuid::from_u128(1)).await.unwrap().is_none());
    assert_eq!(mailbox.read(Uuid::from_u128(11)).await.unwrap(), Some(letter(11, "text")));
}

#[tokio::test]
async fn what_the_server_will_never_take_is_refused_for_good() {
    let Some(post) = Post::with(Security::Plain).await else { return };
    let refused = post.mailer.send(&letter(1, &"x".repeat(SMTP_SIZE_LIMIT))).await.unwrap_err();
    assert!(refused.is(&reasons::MAIL_REFUSED), "{refused}");
    post.mailer.send(&letter(2, "short")).await.unwrap();
}

#[tokio::test]
async fn server_that_comes_back_gets_the_next_mail() {
    let Some(mut post) = Post::with(Security::Plain).await else { return };
    post.mailer.send(&letter(1, "before")).await.unwrap();
    post.server.stop().await;
    assert!(down(&post.mailer.send(&letter(2, "meanwhile")).await));
    post.server.restart().await;
    post.mailer.send(&letter(2, "meanwhile")).await.unwrap();
}

#[tokio::test]
async fn server_that_says_nothing_is_not_waited_for_for_ever() {
    let Some(post) = Post::with(Security::Plain).await else { return };
    post.server.pause();
    let short =
        SmtpServer { timeout: Duration::from_millis(200), ..settings(post.server.port(), Security::Plain, None) };
    let sent = SmtpMailer::new(short, sender()).unwrap().send(&letter(1, "text")).await;
    assert!(down(&sent));
}

#[tokio::test]
async fn mail_goes_to_nobody_whose_certificate_is_not_trusted() {
    let Some(post) = Post::with(Security::Starttls).await else { return };
    let stranger = settings(post.server.port(), Security::Starttls, None);
    assert!(down(&SmtpMailer::new(stranger, sender()).unwrap().send(&letter(1, "text")).await));
    assert!(post.server.taken().is_empty());
}

fn letter(number: u128, text: &str) -> Mail {
    Mail {
        id: Uuid::from_u128(number),
        to: "ada@example.org".to_owned(),
        to_name: "Ada".to_owned(),
        subject: "Hello".to_owned(),
        text: text.to_owned(),
        html: "<p>text</p>".to_owned(),
    }
}

fn down(sent: &Result<(), Fault>) -> bool {
    sent.as_ref().is_err_and(|fault| fault.is(&reasons::MAIL_DOWN))
}
