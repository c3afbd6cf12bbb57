//! How mail leaves, as configured; and the page that shows what stayed here, for whoever develops.

use anyhow::anyhow;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use engine_mail::{Mailbox, Security, Sender, SmtpMailer, SmtpServer};
use kernel::{Fault, Mail, Mailer};
use secrecy::SecretString;
use settings::{MailEngine, Settings, SmtpTls};
use std::sync::Arc;
use std::time::Duration;
use ui::{EmptyState, Icon, Page, Width, card, html};
use uuid::Uuid;

/// What sends mail; none where it is off.
pub(crate) fn mailer(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Mailer>>> {
    let mail = &settings.mail;
    let told = |fault: Fault| anyhow!("mail: {}", fault.told());
    match mail.engine {
        MailEngine::Off => Ok(None),
        MailEngine::Mailbox => Ok(Some(Arc::new(mailbox(settings)))),
        MailEngine::Smtp => {
            let user = mail.smtp_user.clone().zip(mail.smtp_password.as_ref());
            let server = SmtpServer {
                host: mail.smtp_host.clone().unwrap_or_default(),
                port: Some(mail.smtp_port).filter(|port| *port > 0),
                security: match mail.smtp_tls {
                    SmtpTls::Implicit => Security::Implicit,
                    SmtpTls::Starttls => Security::Starttls,
                    SmtpTls::None => Security::Plain,
                },
                credentials: user.map(|(user, password)| (user, SecretString::from(password.expose()))),
                authority: mail.smtp_ca_file.clone(),
                timeout: Duration::from_millis(mail.timeout_ms),
            };
            let sender = Sender::parse(&mail.from).map_err(told)?;
            Ok(Some(Arc::new(SmtpMailer::new(server, sender).map_err(told)?)))
        }
    }
}

/// The pages of the mailbox, where mail stays here.
pub(crate) fn pages(settings: &Settings) -> Router {
    if settings.mail.engine != MailEngine::Mailbox {
        return Router::new();
    }
    let routes = Router::new().route("/mailbox", get(list)).route("/mailbox/{id}", get(show));
    routes.with_state(Arc::new(mailbox(settings)))
}

fn mailbox(settings: &Settings) -> Mailbox {
    Mailbox::new(settings.data_dir.join("mailbox"))
}

async fn list(State(mailbox): State<Arc<Mailbox>>) -> Response {
    let mails = match mailbox.list().await {
        Ok(mails) => mails,
        Err(fault) => return unreadable(&fault),
    };
    let body = html! {
        @if mails.is_empty() {
            (EmptyState::new(Icon::Envelope, "No mail yet", "What Polity would send stays here."))
        }
        @if !mails.is_empty() {
            (card("The newest first", html! {
                @for mail in &mails {
                    p { a href={ "/mailbox/" (mail.id) } { (mail.subject) } " to " (mail.to) }
                }
            }))
        }
    };
    private(
        Page::new("Mailbox")
            .width(Width::Text)
            .noindex()
            .lede(html! {
                "Mail of this installation is not sent: it is kept here for whoever develops."
            })
            .render(body),
    )
}

async fn show(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<Uuid>) -> Response {
    match mailbox.read(id).await {
        Ok(Some(mail)) => private(Page::new(mail.subject.as_str()).width(Width::Text).noindex().render(letter(&mail))),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => unreadable(&fault),
    }
}

/// The plain text, its links made to follow.
fn letter(mail: &Mail) -> ui::Markup {
    card(
        &format!("To {} <{}>", mail.to_name, mail.to),
        html! {
            @for line in mail.text.lines().filter(|line| !line.is_empty()) {
                @if line.starts_with("http://") || line.starts_with("https://") {
                    p { a href=(line) { (line) } }
                } @else {
                    p { (line) }
                }
            }
        },
    )
}

fn private(document: String) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Html(document)).into_response()
}

fn unreadable(fault: &Fault) -> Response {
    tracing::warn!(%fault, cause = fault.chain(), "the mailbox cannot be read");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
