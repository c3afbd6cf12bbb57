//! Refusals of sensitive operations, on their way to the record.

use crate::{Caller, Fault, Operation, Time};

/// One attempt at a sensitive operation that came to nothing.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What was attempted.
    pub operation: &'static Operation,
    /// Whoever attempted it.
    pub caller: Caller,
    /// To what, as `Kind/id`; the kind alone where the refusal came before the thing was known.
    pub resource: String,
    /// The reason, such as `access.forbidden`.
    pub reason: String,
    /// The policies that forbade it, where some did.
    pub policies: Vec<String>,
}

/// Attempts that are alike, as one entry of the record.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The first of them.
    pub refusal: Refusal,
    /// When that was.
    pub at: Time,
    /// How many there were within its minute, itself among them.
    pub times: u64,
}

/// Hears of refusals. Never waits and never fails: whoever is refused must not be able to slow others down by it.
pub trait Refusals: Send + Sync {
    /// Takes note of one.
    fn refused(&self, refusal: Refusal);
}

/// Keeps refusals, where the module's commits are kept.
#[async_trait::async_trait]
pub trait KeepRefusals: Send + Sync {
    /// Keeps all of these, or none.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    async fn keep_refusals(&self, refused: &[Refused]) -> Result<(), Fault>;
}
