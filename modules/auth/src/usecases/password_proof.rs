//! Proving who somebody is with an e-mail address and a password: the beginning of every log-in.
//!
//! What may not enter: anything that tells a wrong address from a wrong password, in words or in time.

use crate::Auth;
use crate::domain::{Email, TypedSecret};
use crate::store::User;
use auth_contract::reasons;
use kernel::{Caller, Fault};

/// The account of that address, if there is one.
pub(super) async fn claimed(module: &Auth, caller: &Caller, email: &str) -> Result<Option<User>, Fault> {
    match Email::parse(email) {
        Ok(email) => module.store.user_by_email(caller.actor.tenant, &email).await,
        Err(_) => Ok(None),
    }
}

/// The account, if the password is its password.
pub(super) async fn proven(module: &Auth, claimed: Option<User>, password: &TypedSecret) -> Result<User, Fault> {
    let hash = claimed.as_ref().map(|user| user.password_hash.as_str());
    let fits = module.passwords.verify(password, hash).await?;
    match claimed {
        Some(user) if fits => Ok(user),
        claimed => {
            let user_id = claimed.map(|user| user.id.to_string());
            tracing::info!(user_id, "a log-in was refused");
            Err(reasons::CREDENTIALS_REJECTED.fault())
        }
    }
}
