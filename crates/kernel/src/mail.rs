//! Mail to people, as a port.

use crate::Fault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A mail that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Its own id. Sent twice, it carries the same `Message-ID`, by which mail programs know it for one.
    pub id: Uuid,
    /// The address it goes to.
    pub to: String,
    /// The name of whoever it goes to; may be empty.
    pub to_name: String,
    /// The subject, one line.
    pub subject: String,
    /// The whole message for those who read plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// Sends mail.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over. When this returns, somebody else has taken responsibility for it.
    ///
    /// # Errors
    /// `mail.refused` when this mail will never be taken: its address is no address, or the other side said so for good.
    /// `mail.down` when it may be taken later, and perhaps was, because the answer got lost.
    async fn send(&self, mail: &Mail) -> Result<(), Fault>;
}
