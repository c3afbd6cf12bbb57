//! Everything that can be done in audit. What may not enter: a way to change or remove an entry.

use kernel::Operation;

pub(crate) static LIST_ENTRIES: Operation = Operation::query("audit.list_entries", "Record");
pub(crate) static READ_ENTRY: Operation = Operation::query("audit.read_entry", "Entry");
/// Leaves no entry of its own: it would describe itself, without end.
pub(crate) static RECORD_ENTRY: Operation = Operation::command("audit.record_entry", "Entry").unaudited();

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[&LIST_ENTRIES, &READ_ENTRY, &RECORD_ENTRY];
