//! What can be done in audit, one file each. What may not enter: a request, a transaction, a page.

mod archive_entries;
mod export_entries;
mod forget_person;
mod list_checkpoints;
mod list_entries;
mod prove_consistency;
mod prove_entry;
mod read_checkpoint;
mod read_entry;
mod record_entry;
mod seal_entries;

pub(crate) use archive_entries::ArchiveEntries;
pub(crate) use export_entries::{ExportEntries, Exported};
pub(crate) use forget_person::ForgetPerson;
pub(crate) use list_checkpoints::ListCheckpoints;
pub(crate) use list_entries::ListEntries;
pub(crate) use prove_consistency::ProveConsistency;
pub(crate) use prove_entry::{Inclusion, ProveEntry};
pub(crate) use read_checkpoint::ReadCheckpoint;
pub(crate) use read_entry::ReadEntry;
pub(crate) use record_entry::RecordEntry;
pub(crate) use seal_entries::SealEntries;
