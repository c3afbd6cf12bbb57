//! Begins a session for a browser. Always a new one: a session that somebody else may know is never taken over.

use super::account::account;
use super::password_proof::{Proven, admitted, claimed, proven};
use crate::credentials::OpaqueToken;
use crate::domain::TypedSecret;
use crate::store::{StartSession, User};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, SessionId, UseCase};
use serde::Serialize;

/// What somebody knows who has an account. Answers with the session's token.
#[derive(Serialize)]
pub(crate) struct LogIn {
    pub(crate) email: String,
    pub(crate) password: TypedSecret,
}

impl UseCase for LogIn {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = String;
    const OPERATION: &'static Operation = &operations::LOG_IN;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        claimed(module, caller, &self.email).await
    }

    fn resource(&self, claimed: &Option<User>, caller: &Caller) -> Resource {
        account(claimed.as_ref().map(User::user_id), caller)
    }

    async fn run(&self, module: &Auth, claimed: Option<User>, permit: Permit) -> Result<String, Fault> {
        let Proven { user, permit, proof } = proven(module, permit, claimed, &self.email, &self.password).await?;
        let permit = admitted(module, permit, &user).await?;
        let (token, now) = (OpaqueToken::new(module.ids.as_ref()), module.clock.now());
        let change = StartSession {
            id: SessionId(module.ids.next()),
            tenant: permit.tenant(),
            user: user.user_id(),
            token_hash: token.hash,
            created_at: now,
            expires_at: now + module.lifetimes.session_absolute,
            origin: permit.caller().origin.clone(),
            proof,
        };
        module.store.inner().commit(permit, change, Vec::new(), token.text).await
    }
}
