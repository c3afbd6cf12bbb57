//! The lines of an exported record, one JSON document each: a header; then every sealed entry by its number, with each
//! checkpoint behind the last entry that it covers.
//!
//! What may not enter: how they are found, and how they are sent.

use super::SealedEntry;
use kernel::TenantId;
use serde::{Deserialize, Serialize};

/// The name of this format.
pub(crate) const FORMAT: &str = "polity-audit-export/1";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first one.
    Header(Header),
    /// An entry.
    Entry(Box<SealedEntry>),
    /// A signed checkpoint over every entry above it.
    Checkpoint(String),
}

/// Whose record it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The name of the format.
    pub(crate) format: String,
    /// The community.
    pub(crate) tenant: TenantId,
    /// The verifier key of whoever signs the checkpoints.
    pub(crate) public_key: String,
}
