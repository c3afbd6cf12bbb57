//! Who shows a credential. Not a use case: it is asked before there is anybody whose permission could be asked for, on
//! every request, and it changes nothing but the instant a session was last used.
//!
//! What may not enter: what they may do.

use crate::Auth;
use crate::credentials::{claims_to_be_a_key, key_hash, token_hash};
use crate::domain::{Amr, Bar};
use kernel::{Delegation, Fault, SessionId, TenantId, Time, UserId, reasons};

/// Whoever was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) user: UserId,
    /// None for a key, which belongs to no log-in.
    pub(crate) log_in: Option<SessionId>,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) authenticated_at: Time,
    /// What narrows what they may do.
    pub(crate) delegation: Option<Delegation>,
    /// What was shown (RFC 8176).
    pub(crate) amr: Vec<String>,
}

/// Who shows this session cookie.
pub(crate) async fn identify_session(module: &Auth, tenant: TenantId, token: &str) -> Result<Recognised, Fault> {
    let now = module.clock.now();
    let session = module.store.session_by_token(tenant, &token_hash(token)).await?;
    let session = session.filter(|session| session.state().is_live(now, &module.lifetimes));
    let session = session.ok_or_else(|| reasons::CREDENTIAL.fault())?;
    if session.state().wants_touch(now, &module.lifetimes)
        && let Err(fault) = module.store.touch_session(SessionId(session.id), now).await
    {
        // Being recognised matters more than when somebody was seen last.
        tracing::debug!(%fault, cause = fault.chain(), "noting that a session was used");
    }
    Ok(Recognised {
        user: UserId(session.user_id),
        log_in: Some(SessionId(session.id)),
        handle: session.handle,
        display_name: session.display_name,
        delegation: None,
        authenticated_at: session.authenticated_at.unwrap_or(session.created_at),
        amr: Amr::read(session.amr.as_deref()).words(),
    })
}

/// Who shows this bearer token: a key, or an access token. The signature says who it was, the store whether they still are.
pub(crate) async fn identify_bearer(module: &Auth, tenant: TenantId, token: &str) -> Result<Recognised, Fault> {
    if claims_to_be_a_key(token) {
        return identify_key(module, tenant, token).await;
    }
    let claims = module.tokens.read(token, module.clock.now())?;
    let bearer = module.store.bearer(tenant, claims.sub, claims.sid).await?;
    let bearer = bearer.filter(|bearer| !bearer.revoked).ok_or_else(|| reasons::CREDENTIAL.fault())?;
    Ok(Recognised {
        user: claims.sub,
        log_in: Some(claims.sid),
        handle: bearer.handle,
        display_name: bearer.display_name,
        authenticated_at: Time::from_timestamp(claims.auth_time, 0).unwrap_or_default(),
        delegation: None,
        amr: claims.amr,
    })
}

/// Whose key this is. They have proven nothing since it was made.
async fn identify_key(module: &Auth, tenant: TenantId, token: &str) -> Result<Recognised, Fault> {
    let refused = |words: &str| reasons::CREDENTIAL.fault().detail(words);
    let hash = key_hash(token).ok_or_else(|| refused("This is no API key: it was mistyped or cut off."))?;
    let key = module.store.key_by_token(tenant, &hash).await?;
    let key = key.filter(|key| key.state().is_live(module.clock.now()));
    let key = key.ok_or_else(|| refused("The API key is unknown, expired or revoked."))?;
    let state = module.store.account_state(UserId(key.user_id)).await?;
    if state.is_some_and(|state| state.bar != Bar::Suspended || !state.is_due(module.clock.now())) {
        return Err(refused("The API key's owner is suspended, or is being deleted."));
    }
    Ok(Recognised {
        user: UserId(key.user_id),
        log_in: None,
        delegation: Some(Delegation { through: format!("key:{}", key.id), scopes: key.scopes() }),
        handle: key.handle,
        display_name: key.display_name,
        authenticated_at: key.created_at,
        amr: Vec::new(),
    })
}
