//! Whatever lets a person in, ended in one place: what is shut is shut for every kind of credential at once.
//!
//! What may not enter: when that is to happen. A new kind of credential adds a line to `end_ways_in`, and where it can be read
//! back, one to `forget_ways_in`.

use super::user_changes::log_out_everywhere;
use super::{api_keys, invitations, mail_links, run};
use ::store::{ChangeError, Changed};
use kernel::{Time, UserId};
use sea_orm::DatabaseTransaction;

/// Ends sessions, refresh tokens and with them their access tokens, API keys, links that were mailed, and invitations to
/// others.
/// Whoever calls has changed the account's row before in this transaction: a log-in that is being made now has either been
/// committed, and is ended here, or finds another version of the account.
pub(super) async fn end_ways_in(tx: &DatabaseTransaction, user: UserId, at: Time) -> Result<Changed, ChangeError> {
    let mut changed = log_out_everywhere(tx, user, None, at).await?;
    changed.extend(api_keys::end_all_of(tx, user, at).await?);
    changed.extend(mail_links::spend_all(tx, user.0, at).await?);
    changed.extend(invitations::end_all_of(tx, user, at).await?);
    Ok(changed)
}

/// Forgets them, for an account that is gone: where somebody logged in from is nobody's business any more.
pub(super) async fn forget_ways_in(tx: &DatabaseTransaction, user: UserId) -> Result<(), ChangeError> {
    for table in [
        "sessions",
        "api_keys",
        "mail_links",
        "totp_factors",
        "recovery_codes",
        "log_in_challenges",
        "service_accounts",
    ] {
        run(tx, &format!("DELETE FROM {table} WHERE user_id = $1"), [user.0.into()]).await?;
    }
    // Revoked refresh tokens stay until they expire: they are what access tokens given out before are held against.
    Ok(())
}
