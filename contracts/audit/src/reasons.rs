//! Failures of `audit` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// There is no entry of that id in this community's record.
pub const NO_SUCH_ENTRY: Reason =
    Reason::new(FaultCode::NotFound, "audit.no_such_entry", "There is no such entry in the record.");

/// The entry was recorded a moment ago, and nothing was signed since.
pub const NOT_SEALED: Reason =
    Reason::new(FaultCode::Conflict, "audit.not_sealed", "The entry is not sealed yet. Ask again in a minute.");
/// Nothing was signed for that many entries.
pub const NO_CHECKPOINT: Reason =
    Reason::new(FaultCode::NotFound, "audit.no_such_checkpoint", "There is no such checkpoint of the record.");
/// What the database holds is not what was sealed: it was changed behind our back.
pub const DAMAGED: Reason =
    Reason::new(FaultCode::Conflict, "audit.record_damaged", "The record is not the one that was signed.");
/// An exported record is not whole, or not the one that was signed.
pub const EXPORT_BROKEN: Reason =
    Reason::new(FaultCode::Conflict, "audit.export_broken", "The exported record is not the one that was signed.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_ENTRY, NOT_SEALED, NO_CHECKPOINT, DAMAGED, EXPORT_BROKEN];
