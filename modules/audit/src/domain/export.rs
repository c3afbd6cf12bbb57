//! The lines of an exported record, one JSON document each: a header; then every sealed entry by its number, with each
//! checkpoint behind the last entry that it covers.
//!
//! What may not enter: how they are found, and how they are sent.

use super::merkle::Frontier;
use super::{Digest, SealedEntry};
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

impl Line {
    /// The entries with each checkpoint, by how many entries it covers, behind the last of them. An entry that is gone leaves
    /// its place empty, and the checkpoints where they are.
    pub(crate) fn interleaved(
        entries: Vec<SealedEntry>,
        checkpoints: impl Iterator<Item = (u64, String)>,
    ) -> Vec<Self> {
        let (mut lines, mut checkpoints) = (Vec::with_capacity(entries.len() + 1), checkpoints.peekable());
        for entry in entries {
            while let Some((_, note)) = checkpoints.next_if(|(size, _)| *size <= entry.leaf) {
                lines.push(Self::Checkpoint(note));
            }
            lines.push(Self::Entry(Box::new(entry)));
        }
        lines.extend(checkpoints.map(|(_, note)| Self::Checkpoint(note)));
        lines
    }
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
    /// What stands before the first entry here, when this is a part of the record from its middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<Start>,
}

/// The tree over the entries before a part of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// How many entries those are.
    pub(crate) size: u64,
    /// The hashes of the largest complete subtrees that make it up, from the left.
    pub(crate) edge: Vec<Digest>,
}

impl Header {
    /// The header of this community's record, from its beginning or behind `before`.
    pub(crate) fn new(tenant: TenantId, public_key: String, before: &Frontier) -> Self {
        let start = Start { size: before.size(), edge: before.edge().to_vec() };
        Self { format: FORMAT.to_owned(), tenant, public_key, start: Some(start).filter(|start| start.size > 0) }
    }

    /// The tree that the first entry here is added to. None when that has another number of subtrees than it must.
    pub(crate) fn tree(&self) -> Option<Frontier> {
        match &self.start {
            None => Some(Frontier::default()),
            Some(Start { size, edge }) => Frontier::with_edge(*size, edge.clone()),
        }
    }
}
