//! Between password and second factor: the challenge that a log-in waits with.

use super::password_proof::Proven;
use super::second_proof::factor;
use crate::Auth;
use crate::credentials::{OpaqueToken, token_hash};
use crate::domain::{CHALLENGE_LIFETIME, TypedSecret};
use crate::store::{BeginChallenge, Challenge, User};
use auth_contract::reasons;
use kernel::{Caller, Fault, UserId};
use serde::{Deserialize, Serialize};

/// How far a log-in has come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogInStep<T> {
    /// It is there.
    Done(T),
    /// The second factor is to be shown, with this token.
    SecondFactor(String),
}

/// The challenge of that token, with its account.
pub(crate) struct Challenged {
    pub(super) challenge: Challenge,
    pub(super) user: User,
}

/// Begins a challenge where the account has a second factor, which uses the permit up. Gives back who has none.
pub(super) async fn challenged(module: &Auth, proven: Proven) -> Result<Result<Proven, String>, Fault> {
    if factor(module, &proven.user).await?.is_none() {
        return Ok(Ok(proven));
    }
    let Proven { user, permit, proof } = proven;
    let (token, now) = (OpaqueToken::new(module.ids.as_ref()), module.clock.now());
    let change = BeginChallenge {
        id: module.ids.next(),
        tenant: permit.tenant(),
        user: user.user_id(),
        token_hash: token.hash,
        proof,
        created_at: now,
        expires_at: now + CHALLENGE_LIFETIME,
    };
    module.store.inner().commit(permit, change, Vec::new(), token.text).await.map(Err)
}

/// The challenge that is answered, if there is one.
pub(super) async fn of_token(module: &Auth, caller: &Caller, token: &TypedSecret) -> Result<Option<Challenged>, Fault> {
    let tenant = caller.actor.tenant;
    let Some(challenge) = module.store.challenge(tenant, &token_hash(token.expose())).await? else { return Ok(None) };
    let user = module.store.user_by_id(tenant, UserId(challenge.user_id)).await?;
    Ok(user.map(|user| Challenged { challenge, user }))
}

/// The same, if it may be answered now.
///
/// # Errors
/// `auth.challenge_over`.
pub(super) fn open(module: &Auth, challenged: Option<Challenged>) -> Result<Challenged, Fault> {
    let open = challenged.filter(|it| it.challenge.is_open(it.user.version, module.clock.now()));
    open.ok_or_else(|| reasons::CHALLENGE_OVER.fault())
}
