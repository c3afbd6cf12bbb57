//! Recognising callers: auth says who somebody is, admin what role they hold. Each answer is believed for a second, so
//! that a revoked session or role is gone everywhere a second later.

use admin_contract::{AdminPortal, CommunityCard, FindCommunityRequest, RoleOfReply, RoleOfRequest};
use auth_contract::{AuthPortal, IdentifyRequest};
use kernel::{Actor, Asked, Caller, Community, Credential, Fault, FaultCode, Identify, Late, Role, SessionId};
use kernel::{TenantId, UserId};
use moka::future::Cache;
use runtime::Portals;
use settings::Settings;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long a community is where it was while nobody can tell.
const REMEMBERED: Duration = Duration::from_hours(24);
/// How many answers are kept.
const KEPT: u64 = 20_000;

/// Asks the portals of the modules that know, wherever they run.
pub(crate) fn identify(portals: &Portals, settings: &Settings) -> Arc<dyn Identify> {
    Arc::new(PortalIdentity {
        auth: portals.want(),
        admin: portals.want(),
        known: Cache::builder().time_to_live(BELIEVED).max_capacity(KEPT).build(),
        region: settings.communities.region.clone().unwrap_or_default(),
        communities: Cache::builder().time_to_live(BELIEVED).max_capacity(KEPT).build(),
        last_known: Cache::builder().time_to_idle(REMEMBERED).max_capacity(KEPT).build(),
    })
}

fn community(card: CommunityCard) -> Result<Community, Fault> {
    Ok(Community {
        id: Some(card.tenant_id.parse().map_err(Fault::internal)?),
        slug: card.slug,
        name: card.name,
        address: card.address,
        region: card.region,
        state: card.state.parse()?,
        accent: card.accent,
        member_limit: card.member_limit,
        requests_per_minute: card.requests_per_minute.and_then(|limit| limit.try_into().ok()),
    })
}

struct PortalIdentity {
    auth: Late<dyn AuthPortal>,
    admin: Late<dyn AdminPortal>,
    /// By credential and community: what opens one is nothing in another.
    known: Cache<(Credential, TenantId), Actor>,
    region: String,
    communities: Cache<Asked, Arc<Community>>,
    /// What was true of communities when somebody could last tell.
    last_known: Cache<Asked, Arc<Community>>,
}

#[async_trait::async_trait]
impl Identify for PortalIdentity {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let asked = self.known.try_get_with((credential.clone(), tenant), self.ask(credential, tenant));
        asked.await.map_err(|fault| fault.as_ref().clone())
    }

    async fn community(&self, asked: &Asked) -> Result<Arc<Community>, Fault> {
        let found = self.communities.try_get_with(asked.clone(), self.find(asked)).await;
        let community = match found {
            Ok(community) => community,
            // While nobody can tell, a community stays where it was.
            Err(fault) if fault.code == FaultCode::Unavailable => {
                self.last_known.get(asked).await.ok_or_else(|| fault.as_ref().clone())?
            }
            Err(fault) => return Err(fault.as_ref().clone()),
        };
        community.served_in(&self.region)?;
        Ok(community)
    }
}

impl PortalIdentity {
    async fn ask(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let caller = Caller::new(Actor::service(tenant, "identity"), "identity");
        let (credential_kind, credential) = match credential {
            Credential::Session(token) => ("session", token),
            Credential::Bearer(token) => ("bearer", token),
        };
        let request = IdentifyRequest {
            credential_kind: credential_kind.to_owned(),
            credential: credential.clone(),
            tenant_id: tenant.to_string(),
        };
        let identity = self.auth.get().identify(&caller, request).await?;
        let user_id: UserId = identity.user_id.parse().map_err(Fault::internal)?;
        let (role, operator) = self.role(&caller, user_id, tenant).await;
        let mut actor = Actor::user(tenant, user_id, role, &identity.display_name);
        actor.operator = operator;
        actor.session = identity.session_id.parse().ok().map(SessionId);
        Ok(actor)
    }

    async fn find(&self, asked: &Asked) -> Result<Arc<Community>, Fault> {
        let caller = Caller::new(Actor::service(TenantId::FIRST, "identity"), "identity");
        let request = match asked.clone() {
            Asked::Host(host) => FindCommunityRequest { host: Some(host), name: None },
            Asked::Name(name) => FindCommunityRequest { host: None, name: Some(name) },
        };
        let community = Arc::new(community(self.admin.get().find_community(&caller, request).await?)?);
        self.last_known.insert(asked.clone(), Arc::clone(&community)).await;
        Ok(community)
    }

    /// While nobody can tell, everybody is a mere member: the safe side.
    async fn role(&self, caller: &Caller, user_id: UserId, tenant: TenantId) -> (Role, bool) {
        let request = RoleOfRequest { user_id: user_id.to_string(), tenant_id: tenant.to_string() };
        match self.admin.get().role_of(caller, request).await {
            Ok(RoleOfReply { role, operator }) => (Role::parse(&role).unwrap_or(Role::Member), operator),
            Err(fault) => {
                tracing::warn!(%fault, "roles cannot be told; everybody is a member for now");
                (Role::Member, false)
            }
        }
    }
}
