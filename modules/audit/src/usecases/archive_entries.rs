//! Moves the oldest entries of a record into an archive: first the file, then, in one commit, the note that it is there and
//! the removal. Whoever is cut off in between leaves a file behind that the next attempt finds to be the same.

use crate::Audit;
use crate::domain::{Header, Line, SealedEntry, Segment, Tree, merkle};
use crate::operations::ARCHIVE_ENTRIES;
use crate::store::{KeptArchive, KeptCheckpoint, MoveOut};
use audit_contract::reasons::DAMAGED;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, Time, UseCase};
use serde::{Deserialize, Serialize};

/// How many entries an archive holds at most.
const MOST: u64 = 5_000;

/// Whose record, and how old entries are that may go. Answers with how many went; none is the end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ArchiveEntries {
    pub(crate) tenant: TenantId,
    /// Those that were signed before this instant.
    pub(crate) before: Time,
}

/// What is to go: leaves from `first` up to the checkpoint that covers the last of them.
pub(crate) struct Due {
    first: u64,
    upto: KeptCheckpoint,
    /// The tree before `first`.
    edge: merkle::Nodes,
}

impl UseCase for ArchiveEntries {
    type Module = Audit;
    type Subject = Option<Due>;
    type Output = u64;
    const OPERATION: &'static Operation = &ARCHIVE_ENTRIES;

    async fn load(&self, audit: &Audit, _: &Caller) -> Result<Option<Due>, Fault> {
        let first = audit.store.archived(self.tenant).await?;
        let within = audit.store.checkpoints_between(self.tenant, first, first + MOST).await?;
        let Some(upto) = within.into_iter().rfind(|checkpoint| checkpoint.at < self.before) else { return Ok(None) };
        let edge = audit.store.nodes(self.tenant, &merkle::complete(0..first)).await?;
        Ok(Some(Due { first, upto, edge }))
    }

    /// As with sealing, whose record it is is not the caller's choice.
    fn resource(&self, _: &Option<Due>, caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, due: Option<Due>, permit: Permit) -> Result<u64, Fault> {
        let tenant = self.tenant;
        let Some(Due { first, upto, edge }) = due else { return Ok(0) };
        audit.signer.stands_behind(tenant, &upto)?;
        let before = merkle::Frontier::of(first, &edge).ok_or_else(|| {
            DAMAGED.fault().detail(format!("Hashes over the first {first} entries of {tenant} are gone."))
        })?;
        let entries = audit.store.sealed_entries(tenant, first, upto.size).await?;
        fits(&before, &entries, upto.tree())?;
        let header = Header::new(tenant, audit.signer.verifier_key(tenant), &before);
        let checkpoints = audit.store.checkpoints_between(tenant, first, upto.size).await?;
        let lines =
            [vec![Line::Header(header)], Line::interleaved(entries, checkpoints.into_iter().map(|c| (c.size, c.note)))];
        let segment = Segment::of(tenant, first, upto.size, &lines.concat())
            .ok_or_else(|| Fault::internal("entries have no form to archive them in"))?;
        audit.archives.keep(&segment).await?;
        let archive = KeptArchive { first, until: upto.size, name: segment.name.to_string() };
        let at = audit.store.base().clock().now();
        audit.store.base().commit(permit, MoveOut { tenant, archive, at }, Vec::new(), upto.size - first).await
    }
}

/// Only what was signed is archived: an entry that was changed stays where it can be looked into.
fn fits(before: &merkle::Frontier, entries: &[SealedEntry], signed: Tree) -> Result<(), Fault> {
    let mut tree = before.clone();
    for entry in entries {
        if entry.leaf != tree.size() || entry.leaf_hash() != entry.hash {
            return Err(DAMAGED.fault().detail(format!("Entry {} is not what was sealed.", entry.id)));
        }
        tree.push(entry.hash, |_, _| {});
    }
    if tree.size() == signed.size && tree.root() == signed.root {
        return Ok(());
    }
    Err(DAMAGED.fault().detail(format!("The first {} entries are not those that were signed.", signed.size)))
}
