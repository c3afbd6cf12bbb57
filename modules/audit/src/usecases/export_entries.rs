//! The sealed record, a batch at a time, as `domain/export.rs` writes it.

use crate::Audit;
use crate::domain::{Header, Line, merkle};
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
        let mut lines = Vec::new();
        if self.from == 0 {
            let public_key = audit.signer.verifier_key(tenant);
            lines.push(Line::Header(Header::new(tenant, public_key, &merkle::Frontier::default())));
        }
        let mut archive = audit.store.archive_of(tenant, self.from).await?;
        let to = self.from.saturating_add(BATCH).min(until);
        if archive.is_none() {
            let entries = audit.store.sealed_entries(tenant, self.from, to).await?;
            let whole = entries.len() as u64 == to.saturating_sub(self.from);
            // What is missing may have been archived a moment ago.
            archive = if whole { None } else { audit.store.archive_of(tenant, self.from).await? };
            if archive.is_none() {
                let checkpoints = audit.store.checkpoints_between(tenant, self.from, to).await?;
                lines.extend(Line::interleaved(entries, checkpoints.into_iter().map(|kept| (kept.size, kept.note))));
            }
        }
        let to = match archive {
            Some(archive) => {
                let to = archive.until.min(until);
                lines.extend(audit.archives.lines(&archive).await?.into_iter().filter(within(self.from, to)));
                to
            }
            None => to,
        };
        for line in &mut lines {
            if let Line::Entry(entry) = line {
                **entry = audit.store.known((**entry).clone()).await?;
            }
        }
        let next = (to < until).then_some(Self { from: to, until: Some(until) });
        Ok(Exported { lines, next })
    }
}

/// Whether a line of an archive is one of the leaves from `from` to `to`, or a checkpoint between them. Archives end where a
/// checkpoint does, and are read from where the export came to.
fn within(from: u64, to: u64) -> impl FnMut(&Line) -> bool {
    let mut seen = from;
    move |line| match line {
        Line::Header(_) => false,
        Line::Entry(entry) => {
            seen = entry.leaf + 1;
            entry.leaf >= from && entry.leaf < to
        }
        Line::Checkpoint(_) => seen > from && seen <= to,
    }
}
