//! What an operator may have done to a module's data keys, wherever they are kept.

use kernel::{Fault, Time};

/// The data keys of one purpose, as far as they may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// What it seals, such as `auth.totp`.
    pub purpose: String,
    /// How many keys of that purpose belong to somebody whose erasure destroys them.
    pub of_subjects: u64,
    /// How many do not.
    pub shared: u64,
    /// How many were destroyed.
    pub destroyed: u64,
    /// What the master keys are called that the others are wrapped under, in their order.
    pub masters: Vec<String>,
    /// When the latest was made.
    pub latest_at: Time,
}

impl KeyState {
    /// No key yet of that purpose.
    pub fn of(purpose: String, latest_at: Time) -> Self {
        Self { purpose, of_subjects: 0, shared: 0, destroyed: 0, masters: Vec::new(), latest_at }
    }
}

/// Keeps a module's data keys.
#[async_trait::async_trait]
pub trait DataKeys: Send + Sync {
    /// What there is, by purpose.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn states(&self) -> Result<Vec<KeyState>, Fault>;

    /// Wraps every key under the newest master key. How many were wrapped under another one. May be done while processes
    /// run, and again when it was cut short.
    ///
    /// # Errors
    /// `secrets.master_key_missing` when a key is wrapped under one that is not here; when the database does not answer.
    async fn rewrap(&self) -> Result<u64, Fault>;

    /// Makes a new key for every purpose, but for those that belong to somebody: what is sealed from now on is sealed with
    /// it, and the keys so far go on opening what they sealed. How many were made.
    ///
    /// # Errors
    /// As [`DataKeys::rewrap`].
    async fn renew(&self) -> Result<u64, Fault>;
}
