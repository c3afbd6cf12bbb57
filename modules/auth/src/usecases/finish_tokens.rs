//! Begins a log-in for an API client that has shown a password and now shows the second factor.

use super::account::account;
use super::challenge::{Challenged, of_token, open};
use super::issue_tokens::{IssuedTokens, prepared};
use super::second_proof::{Shown, proof, shown};
use crate::credentials::Subject;
use crate::domain::{Amr, TypedSecret};
use crate::store::{Answered, Ground};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, SessionId, UseCase};
use serde::Serialize;

/// The challenge, and the code that answers it.
#[derive(Serialize)]
pub(crate) struct FinishTokens {
    pub(crate) challenge: TypedSecret,
    pub(crate) code: TypedSecret,
}

impl UseCase for FinishTokens {
    type Module = Auth;
    type Subject = Option<Challenged>;
    type Output = IssuedTokens;
    const OPERATION: &'static Operation = &operations::FINISH_TOKENS;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<Challenged>, Fault> {
        of_token(module, caller, &self.challenge).await
    }

    fn resource(&self, challenged: &Option<Challenged>, caller: &Caller) -> Resource {
        account(challenged.as_ref().map(|it| it.user.user_id()), caller)
    }

    async fn run(&self, module: &Auth, challenged: Option<Challenged>, permit: Permit) -> Result<IssuedTokens, Fault> {
        let Challenged { challenge, user } = open(module, challenged)?;
        let Shown { permit, code, forgets, notices } = shown(module, permit, &user, &self.code).await?;
        let subject = Subject {
            user: user.user_id(),
            tenant: permit.tenant(),
            log_in: SessionId(module.ids.next()),
            handle: &user.handle,
            display_name: &user.display_name,
            authenticated_at: module.clock.now(),
            amr: Amr::PasswordAndCode,
        };
        let ground = Ground::Proof(proof(challenge.user_version, forgets));
        let (issue, answer) = prepared(module, subject, 1, ground)?;
        let change = Answered { challenge: challenge.id, code, at: issue.issued_at, then: issue };
        module.store.inner().commit(permit, change, (Vec::new(), notices), answer).await
    }
}
