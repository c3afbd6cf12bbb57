//! Failures of `platform` that clients may branch on. A name never changes once released.

pub use kernel::NO_SUCH_DESK;
use kernel::Reason;

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_DESK];
