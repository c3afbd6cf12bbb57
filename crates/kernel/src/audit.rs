//! What every commit leaves behind for those who hold others to account.

use crate::{TenantId, Time};
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
}

impl AuditEntry {
    /// The kind under which `module`'s entries travel.
    pub fn kind_of(module: &str) -> String {
        format!("{module}.audit_entry.v1")
    }

    /// Whether an event of this kind carries an audit entry.
    pub fn is_kind(kind: &str) -> bool {
        kind.ends_with(".audit_entry.v1")
    }
}
