//! Tells whether a set-up link is still good, before anybody fills in a form.

use super::account::account;
use crate::credentials::token_hash;
use crate::domain::TypedSecret;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, TenantId, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// The link's token.
#[derive(Serialize)]
pub(crate) struct ReadSetupLink {
    pub(crate) token: TypedSecret,
}

impl UseCase for ReadSetupLink {
    type Module = Auth;
    type Subject = Option<Uuid>;
    type Output = ();
    const OPERATION: &'static Operation = &operations::READ_SETUP_LINK;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Uuid>, Fault> {
        open_link(module, caller.actor.tenant, &self.token).await
    }

    fn resource(&self, _: &Option<Uuid>, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, _: &Auth, open: Option<Uuid>, _: Permit) -> Result<(), Fault> {
        open.map(drop).ok_or_else(|| reasons::SETUP_LINK_SPENT.fault())
    }
}

/// The link of that token, as long as it can be used: known, unspent, and nobody runs the community yet.
pub(super) async fn open_link(module: &Auth, tenant: TenantId, token: &TypedSecret) -> Result<Option<Uuid>, Fault> {
    let link = module.store.setup_link(tenant, &token_hash(token.expose())).await?;
    let Some(link) = link.filter(|link| link.spent_at.is_none()) else { return Ok(None) };
    Ok((!module.store.has_founder(tenant).await?).then_some(link.id))
}
