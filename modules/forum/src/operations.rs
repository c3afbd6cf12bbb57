//! Everything that can be done in the forum.

use kernel::Operation;

pub(crate) static LIST_CATEGORIES: Operation = Operation::query("forum.list_categories", "Board");
pub(crate) static CREATE_CATEGORY: Operation = Operation::command("forum.create_category", "Board").sensitive();
pub(crate) static LIST_THREADS: Operation = Operation::query("forum.list_threads", "Board");
pub(crate) static READ_THREAD: Operation = Operation::query("forum.read_thread", "Thread").listed();
pub(crate) static START_THREAD: Operation = Operation::command("forum.start_thread", "Category");
pub(crate) static POST_REPLY: Operation = Operation::command("forum.post_reply", "Thread");
pub(crate) static READ_POST: Operation = Operation::query("forum.read_post", "Post");
pub(crate) static EDIT_POST: Operation = Operation::command("forum.edit_post", "Post");
pub(crate) static READ_POST_HISTORY: Operation = Operation::query("forum.read_post_history", "Post");
pub(crate) static LOCK_THREAD: Operation = Operation::command("forum.lock_thread", "Thread").sensitive();
pub(crate) static UNLOCK_THREAD: Operation = Operation::command("forum.unlock_thread", "Thread").sensitive();
pub(crate) static PREVIEW_TEXT: Operation = Operation::query("forum.preview_text", "Board");
pub(crate) static RECORD_MEMBER: Operation = Operation::command("forum.record_member", "Board");
pub(crate) static RECONCILE_COUNTS: Operation = Operation::command("forum.reconcile_counts", "Board");

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[
    &LIST_CATEGORIES,
    &CREATE_CATEGORY,
    &LIST_THREADS,
    &READ_THREAD,
    &START_THREAD,
    &POST_REPLY,
    &READ_POST,
    &EDIT_POST,
    &READ_POST_HISTORY,
    &LOCK_THREAD,
    &UNLOCK_THREAD,
    &PREVIEW_TEXT,
    &RECORD_MEMBER,
    &RECONCILE_COUNTS,
];
