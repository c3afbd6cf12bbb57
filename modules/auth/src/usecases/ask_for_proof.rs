//! Asks for another mail with the link that proves one's own address.

use super::account::account;
use super::change_password::own_account;
use super::prepare_proof::PrepareProof;
use crate::store::User;
use crate::{Auth, operations};
use ::store::Nothing;
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Takes nothing: it is the caller's address.
#[derive(Serialize)]
pub(crate) struct AskForProof;

impl UseCase for AskForProof {
    type Module = Auth;
    type Subject = User;
    type Output = ();
    const OPERATION: &'static Operation = &operations::ASK_FOR_PROOF;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<(), Fault> {
        if module.mailer.is_none() {
            return Err(reasons::NO_MAIL.fault());
        }
        if user.email_proven_at.is_some() {
            return Ok(());
        }
        let task = PrepareProof::of(&user, &user.email).once_in_a_while();
        module.store.inner().commit(permit, Nothing, (Vec::new(), vec![task]), ()).await
    }
}
