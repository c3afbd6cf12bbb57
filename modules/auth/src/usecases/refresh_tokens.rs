//! Gives new tokens for a refresh token. A token shown twice was stolen, so its whole family ends (RFC 9700
//! section 4.14.2).

use super::account::account;
use super::issue_tokens::{IssuedTokens, issue};
use crate::credentials::{Subject, token_hash};
use crate::domain::{Amr, RefreshRefused, TypedSecret};
use crate::store::{Ground, RefreshTokenRow, RevokeFamily};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, SessionId, UseCase, UserId};
use serde::Serialize;

/// The refresh token given out last.
#[derive(Serialize)]
pub(crate) struct RefreshTokens {
    pub(crate) refresh_token: TypedSecret,
}

impl UseCase for RefreshTokens {
    type Module = Auth;
    type Subject = Option<RefreshTokenRow>;
    type Output = IssuedTokens;
    const OPERATION: &'static Operation = &operations::REFRESH_TOKENS;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Option<RefreshTokenRow>, Fault> {
        module.store.refresh_token(caller.actor.tenant, &token_hash(self.refresh_token.expose())).await
    }

    fn resource(&self, known: &Option<RefreshTokenRow>, caller: &Caller) -> Resource {
        account(known.as_ref().map(|token| UserId(token.user_id)), caller)
    }

    async fn run(&self, module: &Auth, known: Option<RefreshTokenRow>, permit: Permit) -> Result<IssuedTokens, Fault> {
        let token = known.ok_or(RefreshRefused::Rejected)?;
        let (user, family) = (UserId(token.user_id), SessionId(token.family_id));
        match token.state().redeem(module.clock.now()) {
            Ok(()) => {
                let subject = Subject {
                    user,
                    tenant: permit.tenant(),
                    log_in: family,
                    handle: &token.handle,
                    display_name: &token.display_name,
                    authenticated_at: token.authenticated_at,
                    amr: Amr::read(token.amr.as_deref()),
                };
                issue(module, permit, subject, token.generation + 1, Ground::Token(token.id)).await
            }
            Err(RefreshRefused::Reused) => {
                // The caller is refused, and the family ends all the same: this commit must stand.
                let change = RevokeFamily { family, user, at: module.clock.now() };
                module.store.inner().commit(permit, change, Vec::new(), ()).await?;
                tracing::warn!(user_id = %user, log_in = %family, "a refresh token was used twice; its log-in has ended");
                Err(RefreshRefused::Reused.into())
            }
            Err(refused) => Err(refused.into()),
        }
    }
}
