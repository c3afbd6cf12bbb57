//! What the operator reads who starts Polity for the first time.
//!
//! What may not enter: the log. The link makes whoever opens it mighty, so only the terminal sees it.

use crate::Auth;
use crate::usecases::MakeSetupLink;
use auth_contract::reasons;
use kernel::{Actor, Caller, TenantId};

/// A new set-up link, while there is nobody who runs the community.
pub(crate) async fn greeting(auth: &Auth) -> Option<String> {
    let caller = Caller::new(Actor::service(TenantId::FIRST, "auth"), auth.ids.next().to_string());
    match auth.execute(&caller, MakeSetupLink).await {
        Ok(token) => Some(format!(
            "Nobody runs this community yet. Open this link to set it up; it works once, and until the next start:\n  \
             {}/welcome/{token}",
            auth.settings.http.public_url
        )),
        Err(fault) if fault.is(&reasons::SETUP_LINK_SPENT) => None,
        Err(fault) => {
            tracing::error!(%fault, cause = fault.chain(), "making the set-up link");
            None
        }
    }
}
