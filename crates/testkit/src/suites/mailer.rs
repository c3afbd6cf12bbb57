//! The suite for [`kernel::Mailer`].
//!
//! What may not enter: how mail travels, and where it is kept.

use async_trait::async_trait;
use kernel::{Mail, Mailer, reasons};
use uuid::Uuid;

/// A mail as the other side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id, however it is told.
    pub id: Uuid,
    /// The address it came to.
    pub to: String,
    /// The name of whoever it came to.
    pub to_name: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

/// An engine to be tested, with a way to see what it sent.
#[async_trait]
pub trait MailerSubject: Send + Sync {
    /// The port under test.
    fn mailer(&self) -> &dyn Mailer;

    /// What the other side has taken, in any order.
    async fn taken(&self) -> Vec<Taken>;
}

/// Runs every case, each on a `fresh` engine that has sent nothing.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn mailer<S: MailerSubject>(fresh: impl AsyncFn() -> S) {
    mail_arrives_whole(&fresh().await).await;
    mail_sent_twice_is_known_for_one(&fresh().await).await;
    what_is_no_address_is_refused_for_good(&fresh().await).await;
    mails_do_not_mix(&fresh().await).await;
}

async fn mail_arrives_whole(subject: &impl MailerSubject) {
    let mail = mail(1);
    subject.mailer().send(&mail).await.expect("a mail is taken");
    assert_eq!(subject.taken().await, [taken(&mail)], "a mail arrives as it was sent");
}

async fn mail_sent_twice_is_known_for_one(subject: &impl MailerSubject) {
    for _ in 0..2 {
        subject.mailer().send(&mail(1)).await.expect("a mail is taken again");
    }
    let taken = subject.taken().await;
    assert!(!taken.is_empty() && taken.iter().all(|taken| taken.id == mail(1).id), "both carry one id: {taken:?}");
}

async fn what_is_no_address_is_refused_for_good(subject: &impl MailerSubject) {
    for to in
        ["", "ada", "ada@", "@example.org", "ada@example.org, bo@example.org", "ada@example.org\r\nbo@example.org"]
    {
        let refused =
            subject.mailer().send(&Mail { to: to.to_owned(), ..mail(1) }).await.expect_err("it is no address");
        assert!(refused.is(&reasons::MAIL_REFUSED), "{to}: {refused}");
    }
    assert_eq!(subject.taken().await, [], "nothing of it is sent");
}

async fn mails_do_not_mix(subject: &impl MailerSubject) {
    let mails: Vec<_> = (1..=8).map(mail).collect();
    let sent = futures::future::join_all(mails.iter().map(|mail| subject.mailer().send(mail))).await;
    assert!(sent.iter().all(Result::is_ok), "mails may be sent at once: {sent:?}");
    let mut all = subject.taken().await;
    all.sort_by_key(|taken| taken.id);
    assert_eq!(all, mails.iter().map(taken).collect::<Vec<_>>(), "each arrives as it was sent");
}

fn mail(number: u128) -> Mail {
    Mail {
        id: Uuid::from_u128(number),
        to: format!("ada+{number}@example.org"),
        to_name: "Ada \"the\" Löve, lace".to_owned(),
        subject: format!("Grüße {number} \u{1f600} {}", "long ".repeat(30)).trim_end().to_owned(),
        text: format!("Ein Text.\n\n.\n.. with dots,\nFrom a line {number}\n{}", "long ".repeat(400)),
        html: format!("<p>Ein <b>Text</b> {number} ü = \u{1f600}</p>"),
    }
}

fn taken(mail: &Mail) -> Taken {
    let Mail { id, to, to_name, subject, text, html } = mail.clone();
    Taken { id, to, to_name, subject, text, html }
}
