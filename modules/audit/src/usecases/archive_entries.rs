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
/// How many bytes they have at most before they are compressed, unless a single checkpoint covers more.
const MOST_BYTES: usize = 64 * 1_024 * 1_024;

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
    entries: Vec<SealedEntry>,
    /// Those over the entries, without `upto`.
    checkpoints: Vec<KeptCheckpoint>,
    upto: KeptCheckpoint,
    /// The tree before `first`.
    edge: merkle::Nodes,
}

impl UseCase for ArchiveEntries {
    type Module = Audit;
    type Subject = Option<Due>;
    type Output = u64;
    const OPERATION: &'static Operation = &ARCHIVE_ENTRIES;

    /// As many checkpoints as fit, with the entries they cover; at least one.
    async fn load(&self, audit: &Audit, _: &Caller) -> Result<Option<Due>, Fault> {
        let first = audit.store.archived(self.tenant).await?;
        let mut within = audit.store.checkpoints_between(self.tenant, first, first + MOST).await?;
        within.truncate(within.iter().rposition(|checkpoint| checkpoint.at < self.before).map_or(0, |last| last + 1));
        let (mut entries, mut checkpoints, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut from = first;
        for checkpoint in within {
            let covered = audit.store.sealed_entries(self.tenant, from, checkpoint.size).await?;
            bytes += length(&covered)?;
            if bytes > MOST_BYTES && !checkpoints.is_empty() {
                break;
            }
            from = checkpoint.size;
            entries.extend(covered);
            checkpoints.push(checkpoint);
        }
        let Some(upto) = checkpoints.pop() else { return Ok(None) };
        let edge = audit.store.nodes(self.tenant, &merkle::complete(0..first)).await?;
        Ok(Some(Due { first, entries, checkpoints, upto, edge }))
    }

    fn resource(&self, due: &Option<Due>, _: &Caller) -> Resource {
        let leaves = due.as_ref().map(|Due { first, upto, .. }| format!("{first}-{}", upto.size));
        Resource::new("Archive", leaves.unwrap_or_else(|| "none".to_owned()), self.tenant)
    }

    async fn run(&self, audit: &Audit, due: Option<Due>, permit: Permit) -> Result<u64, Fault> {
        let tenant = self.tenant;
        let Some(Due { first, entries, mut checkpoints, upto, edge }) = due else { return Ok(0) };
        audit.signer.stands_behind(tenant, &upto)?;
        let before = merkle::Frontier::of(first, &edge).ok_or_else(|| {
            DAMAGED.fault().detail(format!("Hashes over the first {first} entries of {tenant} are gone."))
        })?;
        fits(&before, &entries, upto.tree())?;
        for entry in &entries {
            audit.store.known(entry.clone()).await?;
        }
        let ids = entries.iter().map(|entry| entry.id).collect();
        let until = upto.size;
        checkpoints.push(upto);
        let header = Header::new(tenant, audit.signer.verifier_key(tenant), &before);
        let lines =
            [vec![Line::Header(header)], Line::interleaved(entries, checkpoints.into_iter().map(|c| (c.size, c.note)))];
        let segment = Segment::of(tenant, first, until, &lines.concat())
            .ok_or_else(|| Fault::internal("entries have no form to archive them in, or one that is too long"))?;
        audit.archives.keep(&segment).await?;
        let archive = KeptArchive { first, until, name: segment.name.to_string() };
        let at = audit.store.base().clock().now();
        audit.store.base().commit(permit, MoveOut { tenant, archive, ids, at }, Vec::new(), until - first).await
    }
}

/// How many bytes the entries have in an archive, about.
fn length(entries: &[SealedEntry]) -> Result<usize, Fault> {
    entries.iter().try_fold(0, |sum, entry| {
        let text = serde_json::to_string(entry).map_err(Fault::internal)?;
        Ok(sum + text.len())
    })
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
