//! The mail port on an SMTP server, and on a folder for whoever develops.
//!
//! What may not enter: what mail says.

mod mailbox;
mod message;
mod smtp;

pub use mailbox::Mailbox;
pub use message::Sender;
pub use smtp::{Security, SmtpMailer, SmtpServer};
