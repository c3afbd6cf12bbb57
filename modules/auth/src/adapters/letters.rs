//! What mail says: each letter in plain text and in HTML, from one template.
//!
//! What may not enter: who gets one.

use crate::Auth;
use crate::usecases::{LinkByMail, MailedInvitation, Notice, What};
use kernel::Mail;
use maud::{DOCTYPE, html};
use uuid::Uuid;

/// A letter before it has a form.
struct Letter<'a> {
    subject: &'a str,
    to_name: &'a str,
    paragraphs: Vec<String>,
    /// What to press, and where it leads.
    button: Option<(&'a str, String)>,
    /// What to do when it was somebody else.
    last: &'a str,
}

/// The letter with the link that sets a new password. Its id is the task's, so that one sent twice is known for one.
pub(super) fn reset(auth: &Auth, id: Uuid, link: &LinkByMail) -> Mail {
    let letter = Letter {
        subject: "Set a new password",
        to_name: &link.to_name,
        paragraphs: vec![
            "Somebody, probably you, asked for a new password for your account.".to_owned(),
            "The link works once, and for one hour. Setting a new password logs you out everywhere.".to_owned(),
        ],
        button: Some(("Set a new password", place(auth, "reset-password", &link.token))),
        last: "If it was not you, do nothing: your password stays as it is.",
    };
    letter.mail(id, &link.to)
}

/// The letter with the link that proves an address.
pub(super) fn proof(auth: &Auth, id: Uuid, link: &LinkByMail) -> Mail {
    let letter = Letter {
        subject: "Is this your e-mail address?",
        to_name: &link.to_name,
        paragraphs: vec![
            format!("This address was given for the account of {} at {}.", link.to_name, auth.settings.http.public_url),
            "Follow the link only if that account is yours. It works once, and for one day.".to_owned(),
        ],
        button: Some(("Yes, the account is mine", place(auth, "prove-email", &link.token))),
        last: "If you know nothing of it, do nothing, and nobody can use your address here.",
    };
    letter.mail(id, &link.to)
}

/// The letter that invites somebody. What its sender wrote is marked as theirs: it goes out in our name.
pub(super) fn invitation(auth: &Auth, id: Uuid, mailed: &MailedInvitation) -> Mail {
    let place_here = &auth.settings.http.public_url;
    let mut paragraphs = vec![match &mailed.from {
        Some(from) => format!("{from} invites you to make an account at {place_here}."),
        None => format!("You are invited to make an account at {place_here}."),
    }];
    paragraphs.extend(mailed.note.as_ref().map(|note| format!("They write: “{note}”")));
    let until = mailed.expires_at.format("%-d %B %Y, %H:%M UTC");
    paragraphs.push(format!("The link is for you alone. It works once, until {until}."));
    let letter = Letter {
        subject: "You are invited",
        to_name: "",
        paragraphs,
        button: Some(("Make an account", place(auth, "register", &mailed.token))),
        last: "If you do not want an account, do nothing: there is none of yours.",
    };
    letter.mail(id, &mailed.to)
}

/// The letter about what was done to an account.
pub(super) fn notice(auth: &Auth, id: Uuid, notice: &Notice) -> Mail {
    let from = notice.address.as_deref().map_or_else(String::new, |address| format!(" It was done from {address}."));
    let forgot = format!("{}/forgot-password", auth.settings.http.public_url);
    let (subject, happened, button, last) = match notice.what {
        What::Suspended => (
            "Your account is suspended",
            "Your account is suspended, and every log-in has ended.",
            None,
            "If you think this is a mistake, write to the people who run this place.",
        ),
        What::Restored => (
            "Your account can be used again",
            "Your account can be used again.",
            Some(("Log in", format!("{}/login", auth.settings.http.public_url))),
            "There is nothing else to do.",
        ),
        What::Leaving => (
            "Your account is about to be deleted",
            "You asked for your account to be deleted, and every log-in has ended. Log in before that day to keep it.",
            Some(("Keep my account", format!("{}/login", auth.settings.http.public_url))),
            "If it was not you, log in, and set another password.",
        ),
        What::DeletedByOthers => (
            "Your account was deleted",
            "The people who run this place deleted your account, and every log-in has ended.",
            None,
            "If you think this is a mistake, write to them before that day.",
        ),
        What::Gone => (
            "Your account is gone",
            "Your account was deleted for good. Nothing more is sent to this address.",
            None,
            "Thank you for having been here.",
        ),
        What::PasswordChanged => (
            "Your password was changed",
            "The password of your account was changed, and every other log-in has ended.",
            Some(("It was not me", forgot)),
            "If it was you, there is nothing to do.",
        ),
        What::PasswordReset => (
            "Your password was set anew",
            "The password of your account was set anew by a link from your mail, and every log-in has ended.",
            Some(("It was not me", forgot)),
            "If it was you, there is nothing to do.",
        ),
        What::EmailToChange => (
            "Your account is to have another e-mail address",
            "Somebody who knows your password gave another e-mail address for your account. It will have that address \
             once it is proven.",
            Some(("It was not me", forgot)),
            "If it was you, there is nothing to do here: look for the mail at the other address.",
        ),
        What::EmailChanged => (
            "Your account has another e-mail address",
            "Your account has another e-mail address from now on. Nothing more is sent to this one.",
            None,
            "If it was not you, write to the people who run this place.",
        ),
        What::KeyMade => (
            "A key was made for your account",
            "A key was made with which programs can act for you. You can revoke it under API keys of your account.",
            Some(("Look at my keys", format!("{}/account/keys", auth.settings.http.public_url))),
            "If it was not you, revoke it and change your password.",
        ),
        What::RegisteredAgain => (
            "You have an account already",
            "Somebody, probably you, tried to register with your e-mail address. You have an account already.",
            Some(("I forgot my password", forgot)),
            "If it was not you, there is nothing to do: they were not told that you have an account.",
        ),
        What::SecondFactorAdded => (
            "An authenticator app protects your account",
            "An authenticator app was set up for your account. Whoever logs in is asked for its code from now on.",
            Some(("It was not me", forgot)),
            "If it was you, keep the recovery codes where you find them without your phone.",
        ),
        What::SecondFactorRemoved => (
            "Your account has no second factor any more",
            "The authenticator app of your account was removed, and its recovery codes with it. The password alone lets \
             people in.",
            Some(("It was not me", forgot)),
            "If it was you, there is nothing to do.",
        ),
        What::RecoveryCodesRenewed => (
            "Your account has new recovery codes",
            "New recovery codes were made for your account. Those so far do not work any more.",
            Some(("It was not me", forgot)),
            "If it was you, there is nothing to do.",
        ),
        What::RecoveryCodeUsed { left } => return code_used(id, notice, left, &from, forgot),
    };
    let mut paragraphs = vec![format!("{happened}{from}")];
    paragraphs.extend(notice.reason.as_ref().map(|reason| format!("The reason: {reason}")));
    if let Some(until) = notice.until {
        let until = until.format("%-d %B %Y, %H:%M UTC");
        paragraphs.push(match notice.what {
            What::Suspended => format!("It lasts until {until}."),
            _ => format!("It will be gone for good on {until}."),
        });
    }
    Letter { subject, to_name: &notice.to_name, paragraphs, button, last }.mail(id, &notice.to)
}

/// Says how many are left, and what to do when there are few.
fn code_used(id: Uuid, notice: &Notice, left: u32, from: &str, forgot: String) -> Mail {
    let mut paragraphs = vec![format!("One of your recovery codes was used.{from}")];
    paragraphs.push(match left {
        0 => "It was the last one. Make new ones on the page about your account's security.".to_owned(),
        1..=3 => format!("Only {left} left. Make new ones on the page about your account's security."),
        _ => format!("There are {left} left."),
    });
    let letter = Letter {
        subject: "A recovery code was used",
        to_name: &notice.to_name,
        paragraphs,
        button: Some(("It was not me", forgot)),
        last: "If it was you, there is nothing else to do.",
    };
    letter.mail(id, &notice.to)
}

/// Where a link with a secret leads.
fn place(auth: &Auth, path: &str, token: &str) -> String {
    format!("{}/{path}/{token}", auth.settings.http.public_url)
}

impl Letter<'_> {
    fn mail(&self, id: Uuid, to: &str) -> Mail {
        Mail {
            id,
            to: to.to_owned(),
            to_name: self.to_name.to_owned(),
            subject: self.subject.to_owned(),
            text: self.text(),
            html: self.html(),
        }
    }

    fn greeting(&self) -> String {
        if self.to_name.is_empty() { "Hello,".to_owned() } else { format!("Hello {},", self.to_name) }
    }

    fn text(&self) -> String {
        let mut parts = vec![self.greeting()];
        parts.extend(self.paragraphs.iter().cloned());
        parts.extend(self.button.as_ref().map(|(label, place)| format!("{label}:\n{place}")));
        parts.push(self.last.to_owned());
        parts.join("\n\n") + "\n"
    }

    fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (self.subject) } }
                body style="margin:0;padding:24px 12px;background:#f4f4f2;color:#1d1d1b;font:16px/1.5 system-ui,sans-serif" {
                    div style="max-width:32rem;margin:0 auto;padding:24px;background:#fff;border-radius:8px" {
                        h1 style="margin:0 0 16px;font-size:20px" { (self.subject) }
                        p { (self.greeting()) }
                        @for paragraph in &self.paragraphs { p { (paragraph) } }
                        @if let Some((label, place)) = &self.button {
                            p style="margin:24px 0" {
                                a href=(place) style="padding:10px 16px;border-radius:6px;background:#1f5fbf;color:#fff;text-decoration:none" {
                                    (label)
                                }
                            }
                            p style="font-size:13px;color:#5b5b57;word-break:break-all" { (place) }
                        }
                        p style="color:#5b5b57" { (self.last) }
                    }
                }
            }
        };
        page.into_string()
    }
}
