//! Begins a log-in for an API client: an access token, and the first refresh token of a family.

use super::account::account;
use super::challenge::{LogInStep, challenged};
use super::password_proof::{Proven, admitted, claimed, proven};
use crate::credentials::{OpaqueToken, Subject};
use crate::domain::{Amr, TypedSecret};
use crate::store::{Ground, IssueRefreshToken, User};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, SessionId, UseCase};
use serde::{Deserialize, Serialize};

/// What somebody knows who has an account.
#[derive(Serialize)]
pub(crate) struct IssueTokens {
    pub(crate) email: String,
    pub(crate) password: TypedSecret,
}

/// What a client acts with.
#[derive(Serialize, Deserialize)]
pub(crate) struct IssuedTokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in_s: i64,
}

impl UseCase for IssueTokens {
    type Module = Auth;
    type Subject = Option<User>;
    type Output = LogInStep<IssuedTokens>;
    const OPERATION: &'static Operation = &operations::ISSUE_TOKENS;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<User>, Fault> {
        claimed(module, caller, &self.email).await
    }

    fn resource(&self, claimed: &Option<User>, caller: &Caller) -> Resource {
        account(claimed.as_ref().map(User::user_id), caller)
    }

    async fn run(
        &self,
        module: &Auth,
        claimed: Option<User>,
        permit: Permit,
    ) -> Result<LogInStep<IssuedTokens>, Fault> {
        let proven = proven(module, permit, claimed, &self.email, &self.password).await?;
        let proven = admitted(module, proven).await?;
        let Proven { user, permit, proof } = match challenged(module, proven).await? {
            Ok(proven) => proven,
            Err(challenge) => return Ok(LogInStep::SecondFactor(challenge)),
        };
        let subject = Subject {
            user: user.user_id(),
            tenant: permit.tenant(),
            log_in: SessionId(module.ids.next()),
            handle: &user.handle,
            display_name: &user.display_name,
            authenticated_at: module.clock.now(),
            amr: Amr::Password,
        };
        issue(module, permit, subject, 1, Ground::Proof(proof)).await.map(LogInStep::Done)
    }
}

/// Signs an access token and commits the refresh token that goes with it.
pub(super) async fn issue(
    module: &Auth,
    permit: Permit,
    subject: Subject<'_>,
    generation: i64,
    ground: Ground,
) -> Result<IssuedTokens, Fault> {
    let (change, answer) = prepared(module, subject, generation, ground)?;
    module.store.inner().commit(permit, change, Vec::new(), answer).await
}

/// A signed access token, and the refresh token that is to be committed with it.
pub(super) fn prepared(
    module: &Auth,
    subject: Subject<'_>,
    generation: i64,
    ground: Ground,
) -> Result<(IssueRefreshToken, IssuedTokens), Fault> {
    let (now, lifetimes) = (module.clock.now(), &module.lifetimes);
    let refresh_token = OpaqueToken::new(module.ids.as_ref());
    let change = IssueRefreshToken {
        id: module.ids.next(),
        tenant: subject.tenant,
        family: subject.log_in,
        generation,
        user: subject.user,
        token_hash: refresh_token.hash,
        authenticated_at: subject.authenticated_at,
        issued_at: now,
        expires_at: now + lifetimes.refresh_token,
        amr: subject.amr,
        ground,
    };
    let answer = IssuedTokens {
        access_token: module.tokens.sign(subject, now, now + lifetimes.access_token, module.ids.as_ref())?,
        refresh_token: refresh_token.text,
        expires_in_s: lifetimes.access_token.num_seconds(),
    };
    Ok((change, answer))
}
