//! Begins a session for a browser. Always a new one: a session that somebody else may know is never taken over.

use super::account::account;
use super::challenge::{LogInStep, challenged};
use super::password_proof::{Proven, admitted, claimed, proven};
use crate::credentials::OpaqueToken;
use crate::domain::{Amr, TypedSecret};
use crate::store::{Proof, StartSession, User};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, SessionId, UseCase};
use serde::Serialize;

/// What somebody knows who has an account. Answers with the session's token, or with what the second factor is to be shown
/// with.
#[derive(Serialize)]
pub(crate) struct LogIn {
    pub(crate) email: String,
    pub(crate) password: TypedSecret,
}

impl UseCase for LogIn {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = LogInStep<String>;
    const OPERATION: &'static Operation = &operations::LOG_IN;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        claimed(module, caller, &self.email).await
    }

    fn resource(&self, claimed: &Option<User>, caller: &Caller) -> Resource {
        account(claimed.as_ref().map(User::user_id), caller)
    }

    async fn run(&self, module: &Auth, claimed: Option<User>, permit: Permit) -> Result<LogInStep<String>, Fault> {
        let proven = proven(module, permit, claimed, &self.email, &self.password).await?;
        let proven = admitted(module, proven).await?;
        let Proven { user, permit, proof } = match challenged(module, proven).await? {
            Ok(proven) => proven,
            Err(challenge) => return Ok(LogInStep::SecondFactor(challenge)),
        };
        let (session, token) = new_session(module, permit.caller(), &user, proof, Amr::Password);
        module.store.inner().commit(permit, session, Vec::new(), LogInStep::Done(token)).await
    }
}

/// A new session of that user, and its token.
pub(super) fn new_session(
    module: &Auth,
    caller: &Caller,
    user: &User,
    proof: Proof,
    amr: Amr,
) -> (StartSession, String) {
    let (token, now) = (OpaqueToken::new(module.ids.as_ref()), module.clock.now());
    let session = StartSession {
        id: SessionId(module.ids.next()),
        tenant: caller.actor.tenant,
        user: user.user_id(),
        token_hash: token.hash,
        created_at: now,
        expires_at: now + module.lifetimes.session_absolute,
        origin: caller.origin.clone(),
        amr,
        proof,
    };
    (session, token.text)
}
