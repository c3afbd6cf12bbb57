//! What an entry says beyond its first form: who it was done for, through which log-in, what differs, how it ended. As it
//! is stored and exported, and as it enters a leaf. `docs/audit.md` describes both.
//!
//! What may not enter: a personal field. The client's name for itself stands with the actor's name and address.

use super::sealed::{list, text};
use kernel::{AuditDetail, AuditResult, Difference, SessionId};
use serde::{Deserialize, Serialize};

/// The detail of an entry without what is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Impersonal {
    pub(crate) on_behalf_of: Option<String>,
    pub(crate) session: Option<SessionId>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) result: AuditResult,
}

impl Impersonal {
    /// What is not personal of it.
    pub(crate) fn of(detail: &AuditDetail) -> Self {
        let AuditDetail { on_behalf_of, session, user_agent: _, differences, result } = detail.clone();
        Self { on_behalf_of, session, differences, result }
    }

    /// The whole of it again.
    pub(crate) fn with(self, user_agent: Option<String>) -> AuditDetail {
        let Self { on_behalf_of, session, differences, result } = self;
        AuditDetail { on_behalf_of, session, user_agent, differences, result }
    }

    /// Its part of a leaf's bytes.
    pub(crate) fn enter(&self, bytes: &mut Vec<u8>) {
        list(bytes, self.on_behalf_of.as_slice());
        list(bytes, self.session.map(|session| session.to_string()).as_slice());
        bytes.extend((self.differences.len() as u64).to_be_bytes());
        for Difference { of, before, after, fields } in &self.differences {
            text(bytes, of);
            list(bytes, before.as_slice());
            list(bytes, after.as_slice());
            list(bytes, fields);
        }
        match &self.result {
            AuditResult::Done => list(bytes, &[]),
            AuditResult::Refused { reason, times } => list(bytes, &[reason.clone(), times.to_string()]),
        }
    }
}
