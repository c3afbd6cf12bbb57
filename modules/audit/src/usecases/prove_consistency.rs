//! The proof that the record under an earlier checkpoint is the beginning of the one under a later checkpoint. It is
//! checked before it is given.

use crate::Audit;
use crate::domain::{Digest, is_consistent, merkle};
use crate::operations::PROVE_CONSISTENCY;
use crate::store::KeptCheckpoint;
use audit_contract::reasons::{DAMAGED, NO_CHECKPOINT};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Between which checkpoints.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ProveConsistency {
    /// How many entries the earlier one covers.
    pub(crate) from: u64,
    /// How many the later one covers; those of the latest when it is not said.
    pub(crate) to: Option<u64>,
}

/// That one checkpoint's tree is the beginning of the other's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Consistency {
    pub(crate) from: KeptCheckpoint,
    pub(crate) to: KeptCheckpoint,
    /// The hashes that show it.
    pub(crate) path: Vec<Digest>,
}

impl UseCase for ProveConsistency {
    type Module = Audit;
    type Subject = ();
    type Output = Consistency;
    const OPERATION: &'static Operation = &PROVE_CONSISTENCY;

    async fn load(&self, _: &Audit, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Record", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, audit: &Audit, (): (), permit: Permit) -> Result<Consistency, Fault> {
        let tenant = permit.tenant();
        let from = audit.store.checkpoint_of(tenant, self.from).await?.ok_or_else(|| NO_CHECKPOINT.fault())?;
        let to = match self.to {
            Some(size) => audit.store.checkpoint_of(tenant, size).await?,
            None => audit.store.latest(tenant).await?,
        };
        let to = to.ok_or_else(|| NO_CHECKPOINT.fault())?;
        if to.size < from.size {
            return Err(Fault::invalid("to", "must not be below from"));
        }
        audit.signer.stands_behind(tenant, &from)?;
        audit.signer.stands_behind(tenant, &to)?;
        let subtrees = merkle::consistency(from.size, to.size);
        let nodes = audit.store.nodes(tenant, &merkle::needed(&subtrees)).await?;
        match merkle::hashes(&subtrees, &nodes) {
            Some(path) if is_consistent(from.tree(), to.tree(), &path) => Ok(Consistency { from, to, path }),
            _ => Err(DAMAGED.fault().detail("The hashes of the record are not those that were signed.")),
        }
    }
}
