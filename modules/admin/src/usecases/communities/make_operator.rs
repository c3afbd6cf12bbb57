//! Lets somebody of the first community run the installation.

use super::installation;
use crate::Admin;
use crate::operations::MAKE_OPERATOR;
use crate::store::{KnownPerson, NewOperator};
use auth_contract::reasons::NO_SUCH_USER;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase, UserId};
use serde::Serialize;

/// Whom, by their handle.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MakeOperator {
    /// The handle, without the `@`.
    pub(crate) handle: String,
}

impl UseCase for MakeOperator {
    type Module = Admin;
    type Subject = Option<KnownPerson>;
    type Output = UserId;
    const OPERATION: &'static Operation = &MAKE_OPERATOR;

    async fn load(&self, admin: &Admin, _: &Caller) -> Result<Option<KnownPerson>, Fault> {
        admin.store.person_by_handle(TenantId::FIRST, self.handle.trim_start_matches('@')).await
    }

    fn resource(&self, _: &Option<KnownPerson>, _: &Caller) -> Resource {
        installation()
    }

    async fn run(&self, admin: &Admin, person: Option<KnownPerson>, permit: Permit) -> Result<UserId, Fault> {
        let user = person.ok_or_else(|| NO_SUCH_USER.fault())?.id;
        // Whoever is one already stays one.
        if admin.store.is_operator(TenantId::FIRST, user).await? {
            return Ok(user);
        }
        let granted_by = permit.caller().actor.principal.to_string();
        let change = NewOperator { tenant: TenantId::FIRST, user, granted_by, granted_at: admin.clock.now() };
        admin.store.base().commit(permit, change, Vec::new(), user).await
    }
}
