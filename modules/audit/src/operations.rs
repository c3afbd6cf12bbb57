//! Everything that can be done in audit. What may not enter: a way to change an entry, or to remove one for
//! good.

use kernel::Operation;

pub(crate) static LIST_ENTRIES: Operation = Operation::query("audit.list_entries", "Record").sensitive();
pub(crate) static READ_ENTRY: Operation = Operation::query("audit.read_entry", "Entry").sensitive();
pub(crate) static EXPORT_ENTRIES: Operation = Operation::query("audit.export_entries", "Record").sensitive();
pub(crate) static LIST_CHECKPOINTS: Operation = Operation::query("audit.list_checkpoints", "Record");
pub(crate) static READ_CHECKPOINT: Operation = Operation::query("audit.read_checkpoint", "Record");
pub(crate) static PROVE_ENTRY: Operation = Operation::query("audit.prove_entry", "Entry");
pub(crate) static PROVE_CONSISTENCY: Operation = Operation::query("audit.prove_consistency", "Record");
/// Leaves no entry of its own: it would describe itself, without end.
pub(crate) static RECORD_ENTRY: Operation = Operation::command("audit.record_entry", "Entry").unaudited();
/// Leaves no entry either: each would have to be sealed in its turn.
pub(crate) static SEAL_ENTRIES: Operation = Operation::command("audit.seal_entries", "Record").unaudited().unreplayed();
/// Leaves an entry for each archive that was made.
pub(crate) static ARCHIVE_ENTRIES: Operation = Operation::command("audit.archive_entries", "Archive").unreplayed();
/// What cannot be undone.
pub(crate) static FORGET_PERSON: Operation =
    Operation::command("audit.forget_person", "Person").sensitive().in_person();

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[
    &LIST_ENTRIES,
    &READ_ENTRY,
    &EXPORT_ENTRIES,
    &LIST_CHECKPOINTS,
    &READ_CHECKPOINT,
    &PROVE_ENTRY,
    &PROVE_CONSISTENCY,
    &RECORD_ENTRY,
    &SEAL_ENTRIES,
    &ARCHIVE_ENTRIES,
    &FORGET_PERSON,
];
