//! Answers to idempotent calls, kept in memory.
//!
//! What may not enter: more than the port promises, or tests would pass on the fake alone.

use async_trait::async_trait;
use kernel::{Fault, Replay, Replays, reasons};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Keeps answers for as long as it lives.
#[derive(Debug, Default)]
pub struct InMemoryReplays {
    kept: Mutex<HashMap<String, Replay>>,
}

impl InMemoryReplays {
    /// Keeps an answer under its scope.
    ///
    /// # Errors
    /// `Conflict` when the scope has one already: that one stays.
    pub fn record(&self, replay: Replay) -> Result<(), Fault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.contains_key(&replay.scope) {
            return Err(reasons::STORE_CONSTRAINT.fault());
        }
        kept.insert(replay.scope.clone(), replay);
        Ok(())
    }
}

#[async_trait]
impl Replays for InMemoryReplays {
    async fn recall(&self, scope: &str) -> Result<Option<Replay>, Fault> {
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(scope).cloned())
    }
}
