//! Failures of the `forum` that clients may branch on. A name never changes once released.

use kernel::{FaultCode, Reason};

/// There is no such category, or none that the caller may see.
pub const NO_SUCH_CATEGORY: Reason =
    Reason::new(FaultCode::NotFound, "forum.no_such_category", "There is no such category.");
/// There is no such thread, or none that the caller may see.
pub const NO_SUCH_THREAD: Reason = Reason::new(FaultCode::NotFound, "forum.no_such_thread", "There is no such thread.");
/// There is no such post, or none that the caller may see.
pub const NO_SUCH_POST: Reason = Reason::new(FaultCode::NotFound, "forum.no_such_post", "There is no such post.");
/// A moderator has closed the thread to replies and edits.
pub const THREAD_LOCKED: Reason = Reason::new(FaultCode::Conflict, "forum.thread_locked", "This thread is locked.");
/// Another category has that slug.
pub const SLUG_TAKEN: Reason =
    Reason::new(FaultCode::Conflict, "forum.slug_taken", "Another category has this short name already.");

/// Every one of them, for the published list.
pub const ALL: &[Reason] = &[NO_SUCH_CATEGORY, NO_SUCH_THREAD, NO_SUCH_POST, THREAD_LOCKED, SLUG_TAKEN];
