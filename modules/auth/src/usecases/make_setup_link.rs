//! Makes the one-time link that the first superuser is made with. Older links die.

use super::account::account;
use crate::credentials::OpaqueToken;
use crate::store::ReplaceSetupLinks;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Takes nothing. Answers with the link's token.
#[derive(Serialize)]
pub(crate) struct MakeSetupLink;

impl UseCase for MakeSetupLink {
    type Module = Auth;
    type Subject = bool;
    type Output = String;
    const OPERATION: &'static Operation = &operations::MAKE_SETUP_LINK;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<bool, Fault> {
        module.store.has_founder(caller.actor.tenant).await
    }

    fn resource(&self, _: &bool, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, has_founder: bool, permit: Permit) -> Result<String, Fault> {
        if has_founder {
            return Err(reasons::SETUP_LINK_SPENT.fault());
        }
        let token = OpaqueToken::new(module.ids.as_ref());
        let change = ReplaceSetupLinks {
            id: module.ids.next(),
            tenant: permit.tenant(),
            token_hash: token.hash,
            created_at: module.clock.now(),
        };
        module.store.inner().commit(permit, change, Vec::new(), token.text).await
    }
}
