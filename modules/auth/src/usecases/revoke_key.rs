//! Ends a key. Ending it twice is ending it once.

use super::make_key::key;
use crate::store::{EndKey, KeyRow};
use crate::{Auth, operations};
use auth_contract::KeyRevoked;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase, UserId, reasons};
use serde::Serialize;
use uuid::Uuid;

/// Which key.
#[derive(Serialize)]
pub(crate) struct RevokeKey {
    pub(crate) id: Uuid,
}

impl UseCase for RevokeKey {
    type Module = Auth;
    type Subject = KeyRow;
    type Output = ();
    const OPERATION: &'static Operation = &operations::REVOKE_KEY;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<KeyRow, Fault> {
        let key = module.store.key(caller.actor.tenant, self.id).await?;
        key.ok_or_else(|| reasons::NO_ROUTE.fault().detail("There is no such key."))
    }

    fn resource(&self, row: &KeyRow, caller: &Caller) -> Resource {
        key(row.id, UserId(row.user_id), row.is_of_a_service(), caller)
    }

    async fn run(&self, module: &Auth, key: KeyRow, permit: Permit) -> Result<(), Fault> {
        if key.revoked_at.is_some() {
            return Ok(());
        }
        let at = module.clock.now();
        let told =
            KeyRevoked { user_id: key.user_id.to_string(), key_id: key.id.to_string(), at_ms: at.timestamp_millis() };
        module.store.inner().commit(permit, EndKey { key, at }, vec![NewEvent::of(&told)], ()).await
    }
}
