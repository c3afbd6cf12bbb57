//! Proves an address by a link that was mailed there. It becomes the account's, if the account had another one and whoever
//! follows the link is logged in to it.

use super::account::account;
use super::linked::{Linked, linked};
use super::notice::{Notice, What};
use crate::domain::{Purpose, TypedSecret};
use crate::store::ProveEmail as Change;
use crate::{Auth, operations};
use auth_contract::EmailProven;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase, reasons};
use serde::Serialize;

/// What the mail brought. Answers with the address.
#[derive(Serialize)]
pub(crate) struct ProveEmail {
    pub(crate) token: TypedSecret,
}

impl UseCase for ProveEmail {
    type Module = Auth;
    type Subject = Option<Linked>;
    type Output = String;
    const OPERATION: &'static Operation = &operations::PROVE_EMAIL;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Linked>, Fault> {
        linked(module, caller, Purpose::ProveEmail, &self.token).await
    }

    fn resource(&self, linked: &Option<Linked>, caller: &Caller) -> Resource {
        account(linked.as_ref().map(|linked| linked.user.user_id()), caller)
    }

    async fn run(&self, module: &Auth, linked: Option<Linked>, permit: Permit) -> Result<String, Fault> {
        let at = module.clock.now();
        let Linked { link, user } = Linked::good(linked, at)?;
        let (email, is_new) = (link.email.clone(), link.email != user.email);
        if is_new && permit.caller().actor.user_id() != Some(user.user_id()) {
            // Whoever reads that address may be anybody: its owner may have mistyped it, or never asked.
            return Err(reasons::LOG_IN.fault().detail("Log in to the account that is to have this address."));
        }
        let told = EmailProven { user_id: user.id.to_string(), is_new, at_ms: at.timestamp_millis() };
        let tasks = if is_new && user.email_proven_at.is_some() {
            module.notices(Notice::to(&user, What::EmailChanged, permit.caller()))
        } else {
            Vec::new()
        };
        let effects = (vec![NewEvent::of(&told)], tasks);
        module.store.inner().commit(permit, Change { user, link, at }, effects, email).await
    }
}
