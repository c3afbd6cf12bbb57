//! What can be done in audit, one file each. What may not enter: a request, a transaction, a page.

mod list_entries;
mod read_entry;
mod record_entry;

pub(crate) use list_entries::ListEntries;
pub(crate) use read_entry::ReadEntry;
pub(crate) use record_entry::RecordEntry;
