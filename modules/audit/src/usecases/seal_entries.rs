//! Makes leaves of the entries that wait, a batch at a time, and signs what the tree has become. Nobody who writes waits
//! for it: entries are recorded without it, and it adds to the tree behind them.

use crate::Audit;
use crate::domain::merkle::{Nodes, complete};
use crate::domain::{Digest, Person, SealedEntry, Tree, merkle};
use crate::operations::SEAL_ENTRIES;
use crate::store::{Entry, KeptCheckpoint, Seal};
use audit_contract::reasons::DAMAGED;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase};
use serde::{Deserialize, Serialize};

/// How many entries become leaves in one commit. A rewritten entry is found between two checkpoints, so it is few.
const BATCH: u64 = 500;

/// Whose record: what is to be sealed of it is in the tables. Answers with how many were sealed; none is the end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SealEntries {
    pub(crate) tenant: TenantId,
}

/// What the community's tree is to grow by.
pub(crate) struct Waiting {
    /// How many entries there should be.
    due: usize,
    entries: Vec<Entry>,
    /// Leaves that there are.
    leaves: u64,
    latest: Option<KeptCheckpoint>,
    /// The tree's right edge.
    edge: Nodes,
}

impl UseCase for SealEntries {
    type Module = Audit;
    type Subject = Option<Waiting>;
    type Output = u64;
    const OPERATION: &'static Operation = &SEAL_ENTRIES;

    async fn load(&self, audit: &Audit, _: &Caller) -> Result<Option<Waiting>, Fault> {
        let tenant = self.tenant;
        let ids = audit.store.unsealed(tenant, BATCH).await?;
        if ids.is_empty() {
            return Ok(None);
        }
        let entries = audit.store.entries_of(tenant, &ids).await?;
        // Before the checkpoint: whoever seals in between adds to both.
        let leaves = audit.store.leaves(tenant).await?;
        let latest = audit.store.latest(tenant).await?;
        let size = latest.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let edge = audit.store.nodes(tenant, &complete(0..size)).await?;
        Ok(Some(Waiting { due: ids.len(), entries, leaves, latest, edge }))
    }

    /// The record of every community is one thing to whoever seals: which of them waits is not the caller's choice.
    fn resource(&self, _: &Option<Waiting>, caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, waiting: Option<Waiting>, permit: Permit) -> Result<u64, Fault> {
        let tenant = self.tenant;
        let Some(Waiting { due, entries, leaves: there, latest, edge }) = waiting else { return Ok(0) };
        if entries.len() != due {
            return Err(DAMAGED.fault().detail(format!("Entries of {tenant} that were recorded are gone.")));
        }
        if there > latest.as_ref().map_or(0, |checkpoint| checkpoint.size) {
            return Err(DAMAGED.fault().detail(format!("The latest checkpoint of {tenant} is gone.")));
        }
        latest.iter().try_for_each(|checkpoint| audit.signer.stands_behind(tenant, checkpoint))?;
        let mut tree = grown_so_far(tenant, latest.as_ref(), &edge)?;
        let (mut leaves, mut nodes) = (Vec::with_capacity(entries.len()), Nodes::new());
        for Entry { entry, position, person } in entries {
            let person = person.unwrap_or_else(|| Person::known(&entry, Digest(audit.store.base().ids().secret())));
            let sealed = SealedEntry::new(tree.size(), entry, position, person);
            tree.push(sealed.hash, |place, hash| {
                nodes.insert(place, hash);
            });
            leaves.push(sealed);
        }
        let signed = Tree { size: tree.size(), root: tree.root() };
        let note = audit.signer.sign(tenant, signed);
        let at = audit.store.base().clock().now();
        let checkpoint = KeptCheckpoint { size: signed.size, root: signed.root, note, at };
        let sealed = leaves.len() as u64;
        let seal = Seal { tenant, leaves, nodes, checkpoint };
        audit.store.base().commit(permit, seal, Vec::new(), sealed).await
    }
}

/// The tree under the latest checkpoint. Nothing is signed on top of hashes that are not those that were signed before.
fn grown_so_far(tenant: TenantId, latest: Option<&KeptCheckpoint>, edge: &Nodes) -> Result<merkle::Frontier, Fault> {
    let Some(latest) = latest else { return Ok(merkle::Frontier::default()) };
    let tree = merkle::Frontier::of(latest.size, edge).filter(|tree| tree.root() == latest.root);
    let words =
        || format!("The hashes over the {} sealed entries of {tenant} are not those that were signed.", latest.size);
    tree.ok_or_else(|| DAMAGED.fault().detail(words()))
}
