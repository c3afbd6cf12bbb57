//! What every commit leaves behind for those who hold others to account.

use crate::{SessionId, TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// One aggregate as a commit left it. The store keeps it in the module's history, and the audit entry names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// The kind of aggregate, such as `thread`.
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
    /// Its new version, starting at 1.
    pub version: i64,
    /// Its whole state, without secrets; `None` when it was deleted.
    pub state: Option<Value>,
}

/// The accountable part of one commit. It travels in the module's log as `<module>.audit_entry.v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The entry's own id.
    pub id: Uuid,
    /// The module that committed.
    pub module: String,
    /// What was done, such as `forum.post_reply`.
    pub operation: String,
    /// Whoever did it.
    pub actor: String,
    /// Their name at the time.
    pub actor_name: String,
    /// The community it was done in.
    pub tenant: TenantId,
    /// What it was done to, as `Kind/id`.
    pub resource: String,
    /// The decision that allowed it.
    pub decision_id: Uuid,
    /// The policies that allowed it, then what they looked at, as `reads:resource.author=user:…`.
    pub policies: Vec<String>,
    /// The aggregates it changed, as `kind/id@version`.
    pub changes: Vec<String>,
    /// The events it published.
    pub events: Vec<String>,
    /// The request it came with.
    pub request_id: String,
    /// The address it came from.
    pub address: Option<String>,
    /// When it was committed.
    pub at: Time,
    /// What entries of a program from before it was told do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<AuditDetail>,
}

/// What else an entry says of one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditDetail {
    /// Whoever the actor acted for, such as the person whose request enqueued the task.
    pub on_behalf_of: Option<String>,
    /// The log-in it came through.
    pub session: Option<SessionId>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// What became of each aggregate, in the order of `changes`.
    pub differences: Vec<Difference>,
    /// How it ended.
    pub result: AuditResult,
}

/// What a commit made of one aggregate, without saying what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The aggregate, as `kind/id@version`.
    pub of: String,
    /// The digest of its state before; none where it was made, or where that was not kept.
    pub before: Option<String>,
    /// The digest of its state after; none where it was deleted.
    pub after: Option<String>,
    /// The names of the fields that differ, in alphabetical order.
    pub fields: Vec<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditResult {
    /// It was committed.
    #[default]
    Done,
    /// It was refused.
    Refused {
        /// The reason, such as `access.forbidden`.
        reason: String,
        /// How often within the minute that began with the first one.
        times: u64,
    },
}

impl AuditResult {
    /// The word to look for it by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused { .. } => "refused",
        }
    }
}

impl AuditEntry {
    /// The kind under which `module`'s entries of what was done travel.
    pub fn kind_of(module: &str) -> String {
        format!("{module}{ENTRY}")
    }

    /// The kind under which those of what was refused travel: another one, so that no program from before there were such
    /// takes them for what was done.
    pub fn refusal_kind_of(module: &str) -> String {
        format!("{module}{REFUSAL}")
    }

    /// Whether an event of this kind carries an audit entry.
    pub fn is_kind(kind: &str) -> bool {
        kind.ends_with(ENTRY) || kind.ends_with(REFUSAL)
    }

    /// How it ended. Entries from before refusals were recorded were done.
    pub fn result(&self) -> AuditResult {
        self.detail.as_ref().map_or_else(AuditResult::default, |detail| detail.result.clone())
    }
}

const ENTRY: &str = ".audit_entry.v1";
const REFUSAL: &str = ".audit_refusal.v1";
