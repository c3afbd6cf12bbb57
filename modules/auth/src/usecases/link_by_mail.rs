//! Links on their way into a mail. What is kept of one is its hash; its secret goes into the mail and nowhere else.

use crate::Auth;
use crate::credentials::OpaqueToken;
use crate::domain::Purpose;
use crate::store::{AddMailLink, User};
use kernel::{Fault, Permit};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Mail with such links goes to one address this often at most, however often it is asked for.
pub(super) const ONCE_IN: Duration = Duration::from_mins(2);

/// A link, and to whom it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkByMail {
    pub(crate) to: String,
    pub(crate) to_name: String,
    pub(crate) token: String,
}

/// Commits a new link, and gives it to whoever mails it.
pub(super) async fn link_by_mail(
    module: &Auth,
    permit: Permit,
    user: &User,
    email: String,
    purpose: Purpose,
) -> Result<LinkByMail, Fault> {
    let token = OpaqueToken::new(module.ids.as_ref());
    let change = AddMailLink {
        id: module.ids.next(),
        tenant: permit.tenant(),
        user: user.user_id(),
        purpose,
        token_hash: token.hash,
        email: email.clone(),
        created_at: module.clock.now(),
    };
    let link = LinkByMail { to: email, to_name: user.display_name.clone(), token: token.text };
    module.store.inner().commit(permit, change, Vec::new(), link).await
}
