//! Begins a session for a browser that has shown a password and now shows the second factor.

use super::account::account;
use super::challenge::{Challenged, of_token, open};
use super::log_in::new_session;
use super::second_proof::{Shown, proof, shown};
use crate::domain::{Amr, TypedSecret};
use crate::store::Answered;
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The challenge, and the code that answers it. Answers with the session's token.
#[derive(Serialize)]
pub(crate) struct FinishLogIn {
    pub(crate) challenge: TypedSecret,
    pub(crate) code: TypedSecret,
}

impl UseCase for FinishLogIn {
    type Module = Auth;
    type Subject = Option<Challenged>;
    type Output = String;
    const OPERATION: &'static Operation = &operations::FINISH_LOG_IN;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Challenged>, Fault> {
        of_token(module, caller, &self.challenge).await
    }

    fn resource(&self, challenged: &Option<Challenged>, caller: &Caller) -> Resource {
        account(challenged.as_ref().map(|it| it.user.user_id()), caller)
    }

    async fn run(&self, module: &Auth, challenged: Option<Challenged>, permit: Permit) -> Result<String, Fault> {
        let Challenged { challenge, user } = open(module, challenged)?;
        let Shown { permit, code, forgets, notices } = shown(module, permit, &user, &self.code).await?;
        let proof = proof(challenge.user_version, forgets);
        let (session, token) = new_session(module, permit.caller(), &user, proof, Amr::PasswordAndCode);
        let change = Answered { challenge: challenge.id, code, at: session.created_at, then: session };
        module.store.inner().commit(permit, change, (Vec::new(), notices), token).await
    }
}
