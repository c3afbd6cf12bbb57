//! Failures of `platform` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// There is no module of that name, or it keeps no tasks.
pub const NO_SUCH_DESK: Reason =
    Reason::new(FaultCode::NotFound, "platform.no_such_desk", "No module of this name keeps tasks.");

/// The module has no task of that id.
pub const NO_SUCH_TASK: Reason =
    Reason::new(FaultCode::NotFound, "platform.no_such_task", "There is no such task, or it is no longer kept.");

/// The module has no saga of that id.
pub const NO_SUCH_SAGA: Reason =
    Reason::new(FaultCode::NotFound, "platform.no_such_saga", "There is no such saga, or it is no longer kept.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_DESK, NO_SUCH_TASK, NO_SUCH_SAGA];
