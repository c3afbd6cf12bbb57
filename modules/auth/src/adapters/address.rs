//! Where a community's pages are: what links that leave the installation, in mail and at a shell, begin with.
//!
//! What may not enter: what a letter says.

use crate::Auth;
use admin_contract::{CommunityCard, FindCommunityRequest};
use kernel::{Actor, Caller, Fault, Mail, TenantId};

/// The community of that short name or id.
pub(super) async fn community(auth: &Auth, name: &str) -> Result<(TenantId, CommunityCard), Fault> {
    let caller = Caller::new(Actor::service(TenantId::FIRST, "auth"), auth.ids.next().to_string());
    let request = FindCommunityRequest { host: None, name: Some(name.to_owned()) };
    let card = auth.admin.get().find_community(&caller, request).await?;
    Ok((card.tenant_id.parse().map_err(Fault::internal)?, card))
}

/// The mail with every link leading to its community's own address. Letters name the installation's, and no letter can
/// forget this.
pub(super) async fn addressed(auth: &Auth, tenant: TenantId, mail: &Mail) -> Result<Mail, Fault> {
    if tenant == TenantId::FIRST {
        return Ok(mail.clone());
    }
    let (_, card) = community(auth, &tenant.to_string()).await?;
    let moved = |text: &str| text.replace(&auth.settings.http.public_url, &card.address);
    Ok(Mail { text: moved(&mail.text), html: moved(&mail.html), ..mail.clone() })
}
