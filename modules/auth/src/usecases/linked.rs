//! The account behind a link that was mailed.

use crate::Auth;
use crate::credentials::token_hash;
use crate::domain::{Purpose, TypedSecret};
use crate::store::{MailLink, User};
use auth_contract::reasons;
use kernel::{Caller, Fault, Time, UserId};

/// A link, and whose it is.
#[derive(Clone)]
pub(crate) struct Linked {
    pub(super) link: MailLink,
    pub(super) user: User,
}

/// The link of that token, good or not, if there ever was one.
pub(super) async fn linked(
    module: &Auth,
    caller: &Caller,
    purpose: Purpose,
    token: &TypedSecret,
) -> Result<Option<Linked>, Fault> {
    let tenant = caller.actor.tenant;
    let Some(link) = module.store.mail_link(tenant, purpose, &token_hash(token.expose())).await? else {
        return Ok(None);
    };
    let user = module.store.user_by_id(tenant, UserId(link.user_id)).await?;
    Ok(user.map(|user| Linked { link, user }))
}

impl Linked {
    /// The link, if it is good at `now`.
    ///
    /// # Errors
    /// `auth.link_spent`.
    pub(super) fn good(linked: Option<Self>, now: Time) -> Result<Self, Fault> {
        let linked = linked.ok_or_else(|| reasons::LINK_SPENT.fault())?;
        linked.link.state().good(now)?;
        Ok(linked)
    }
}
