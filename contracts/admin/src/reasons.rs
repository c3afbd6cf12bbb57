//! Failures of `admin` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// The role's name is none of the built-in ones.
pub const NO_SUCH_ROLE: Reason = Reason::new(FaultCode::Invalid, "admin.no_such_role", "There is no such role.");
/// Nobody would be left who can give the role back.
pub const LAST_ADMINISTRATOR: Reason = Reason::new(
    FaultCode::Conflict,
    "admin.last_administrator",
    "The last administrator keeps the role. Make somebody else an administrator first.",
);
/// There is no such community.
pub const NO_SUCH_TENANT: Reason =
    Reason::new(FaultCode::NotFound, "admin.no_such_tenant", "There is no such community.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_ROLE, LAST_ADMINISTRATOR, NO_SUCH_TENANT];
