//! Failures of `audit` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// There is no entry of that id in this community's record.
pub const NO_SUCH_ENTRY: Reason =
    Reason::new(FaultCode::NotFound, "audit.no_such_entry", "There is no such entry in the record.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_ENTRY];
