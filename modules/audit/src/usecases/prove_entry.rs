//! The proof that an entry is in the record that was signed last. It is checked before it is given.

use crate::Audit;
use crate::domain::{Digest, SealedEntry, is_included, merkle};
use crate::operations::PROVE_ENTRY;
use crate::store::KeptCheckpoint;
use audit_contract::reasons::{DAMAGED, NO_CHECKPOINT, NO_SUCH_ENTRY, NOT_SEALED};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which entry.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ProveEntry {
    /// Its id.
    pub(crate) id: Uuid,
}

/// That the entry is a leaf of the tree under a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inclusion {
    /// The entry, with its leaf's number and hash.
    pub(crate) sealed: SealedEntry,
    /// The latest checkpoint.
    pub(crate) checkpoint: KeptCheckpoint,
    /// The hashes from the leaf to the root.
    pub(crate) path: Vec<Digest>,
}

impl UseCase for ProveEntry {
    type Module = Audit;
    type Subject = SealedEntry;
    type Output = Inclusion;
    const OPERATION: &'static Operation = &PROVE_ENTRY;

    async fn load(&self, audit: &Audit, caller: &Caller) -> Result<SealedEntry, Fault> {
        let tenant = caller.actor.tenant;
        // One commit takes it from those that wait to those that are sealed: it may do so between two looks.
        for _ in 0..2 {
            if let Some(sealed) = audit.store.sealed_entry(tenant, self.id).await? {
                return Ok(sealed);
            }
            if audit.store.waits(tenant, self.id).await? {
                return Err(NOT_SEALED.fault());
            }
        }
        if let Some(archived) = audit.archives.entry(&audit.store, tenant, self.id).await? {
            return Ok(archived);
        }
        match audit.store.entry(tenant, self.id).await? {
            Some(_) => Err(DAMAGED.fault().detail("The entry is neither sealed nor does it wait to be.")),
            None => Err(NO_SUCH_ENTRY.fault()),
        }
    }

    fn resource(&self, sealed: &SealedEntry, _: &Caller) -> Resource {
        let module = Attribute::Text(sealed.module.clone());
        Resource::new("Entry", self.id, sealed.tenant).with("module", module)
    }

    async fn run(&self, audit: &Audit, sealed: SealedEntry, permit: Permit) -> Result<Inclusion, Fault> {
        let tenant = permit.tenant();
        if sealed.leaf_hash() != sealed.hash {
            return Err(DAMAGED.fault().detail("The entry was changed after it was sealed."));
        }
        let checkpoint = audit.store.latest(tenant).await?.ok_or_else(|| NO_CHECKPOINT.fault())?;
        audit.signer.stands_behind(tenant, &checkpoint)?;
        let subtrees = merkle::inclusion(sealed.leaf, checkpoint.size);
        let nodes = audit.store.nodes(tenant, &merkle::needed(&subtrees)).await?;
        match merkle::hashes(&subtrees, &nodes) {
            Some(path) if is_included(&sealed.hash, sealed.leaf, checkpoint.tree(), &path) => {
                Ok(Inclusion { sealed, checkpoint, path })
            }
            _ => Err(DAMAGED.fault().detail("The hashes of the record are not those that were signed.")),
        }
    }
}
