//! Telling every process something at once, as a port. Ephemeral: at most once, and nothing is kept for whoever is not
//! listening. What must not be missed stands in a log; this only says where to look again.

use crate::Fault;

/// The longest message, in bytes: what PostgreSQL's NOTIFY carries (fewer than 8,000), and so what every engine does.
pub const MESSAGE_LIMIT: usize = 7_900;

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// From here on everything is heard, and what was said before may have been missed: look again at whatever the
    /// messages are about. The first thing every subscriber hears, and again after every interruption.
    Gap,
    /// What somebody published.
    Message(String),
}

/// Tells every process something.
#[async_trait::async_trait]
pub trait PubSub: Send + Sync {
    /// Tells whoever listens to `topic` now, in this process and in others. A topic is 1 to 40 characters of `a-z`, `0-9`
    /// and `_`. Messages of one publisher are heard in their order.
    ///
    /// # Errors
    /// `request.invalid` when the topic is none or the message is longer than [`MESSAGE_LIMIT`]; `Unavailable` when nobody
    /// may have heard it.
    async fn publish(&self, topic: &str, message: &str) -> Result<(), Fault>;

    /// Listens to `topic`. It connects when it is first asked for something, and keeps trying.
    ///
    /// # Errors
    /// `request.invalid` when the topic is none.
    fn subscribe(&self, topic: &str) -> Result<Box<dyn Subscription>, Fault>;
}

/// One listener. It holds what it was told while nobody asks, so ask it all the time. Nothing is lost when waiting for the
/// next is given up.
#[async_trait::async_trait]
pub trait Subscription: Send {
    /// What is heard next; waits for as long as it takes.
    async fn next(&mut self) -> Heard;
}

/// Refuses what no engine carries.
///
/// # Errors
/// `request.invalid`, naming the topic or the message.
pub fn sendable(topic: &str, message: &str) -> Result<(), Fault> {
    let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if !(1..=40).contains(&topic.len()) || !topic.bytes().all(fits) {
        return Err(Fault::invalid("topic", "is 1 to 40 characters of a-z, 0-9 and _"));
    }
    if message.len() > MESSAGE_LIMIT {
        let length = message.len();
        return Err(Fault::invalid(
            "message",
            format!("has {length} bytes; the longest that is told has {MESSAGE_LIMIT}"),
        ));
    }
    if message.contains('\0') {
        return Err(Fault::invalid("message", "holds the character U+0000, which PostgreSQL does not carry"));
    }
    Ok(())
}
