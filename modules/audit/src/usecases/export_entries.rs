//! The sealed record, a batch at a time, as `domain/export.rs` writes it.

use crate::Audit;
use crate::domain::{FORMAT, Header, Line};
use crate::operations::EXPORT_ENTRIES;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// How many entries are read at a time.
const BATCH: u64 = 500;

/// Which part of it. The default is the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportEntries {
    /// The first leaf.
    from: u64,
    /// Where the record ended when the export began.
    until: Option<u64>,
}

/// Some consecutive lines, and what to ask for next; nothing at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Exported {
    pub(crate) lines: Vec<Line>,
    pub(crate) next: Option<ExportEntries>,
}

impl UseCase for ExportEntries {
    type Module = Audit;
    type Subject = ();
    type Output = Exported;
    const OPERATION: &'static Operation = &EXPORT_ENTRIES;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<Exported, Fault> {
        let tenant = permit.tenant();
        let until = match self.until {
            Some(until) => until,
            None => audit.store.latest(tenant).await?.map_or(0, |checkpoint| checkpoint.size),
        };
        let to = self.from.saturating_add(BATCH).min(until);
        let mut lines = Vec::new();
        if self.from == 0 {
            let public_key = audit.signer.verifier_key(tenant);
            lines.push(Line::Header(Header { format: FORMAT.to_owned(), tenant, public_key }));
        }
        let entries = audit.store.sealed_entries(tenant, self.from, to).await?;
        let checkpoints = audit.store.checkpoints_between(tenant, self.from, to).await?;
        let mut checkpoints = checkpoints.into_iter().peekable();
        for entry in entries {
            // An entry that is gone leaves its place empty, and the checkpoints where they are.
            while let Some(checkpoint) = checkpoints.next_if(|checkpoint| checkpoint.size <= entry.leaf) {
                lines.push(Line::Checkpoint(checkpoint.note));
            }
            lines.push(Line::Entry(Box::new(entry)));
        }
        lines.extend(checkpoints.map(|checkpoint| Line::Checkpoint(checkpoint.note)));
        let next = (to < until).then_some(Self { from: to, until: Some(until) });
        Ok(Exported { lines, next })
    }
}
