//! Recognising callers: auth says who somebody is, admin what role they hold. Each answer is believed for a second, so
//! that a revoked session or role is gone everywhere a second later; what ends at an instant is gone at that instant.

use admin_contract::{AdminPortal, RoleOfRequest};
use auth_contract::{AuthPortal, IdentifyRequest};
use kernel::{Actor, Belonging, Caller, Clock, Credential, Fault, Identify, Late, Role, SessionId, SystemClock};
use kernel::{TenantId, Time, UserId};
use moka::future::Cache;
use runtime::Portals;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How many answers are kept.
const KEPT: u64 = 20_000;

/// Asks the portals of the modules that know, wherever they run.
pub(crate) fn identify(portals: &Portals) -> Arc<dyn Identify> {
    Arc::new(PortalIdentity {
        auth: portals.want(),
        admin: portals.want(),
        known: Cache::builder().time_to_live(BELIEVED).max_capacity(KEPT).build(),
    })
}

struct PortalIdentity {
    auth: Late<dyn AuthPortal>,
    admin: Late<dyn AdminPortal>,
    known: Cache<Credential, Known>,
}

/// An answer, and the instant from which it is not true any more.
#[derive(Clone)]
struct Known {
    actor: Actor,
    ends_at: Option<Time>,
}

/// What somebody holds.
struct Standing {
    role: Role,
    belongs: Belonging,
    ends_at: Option<Time>,
}

#[async_trait::async_trait]
impl Identify for PortalIdentity {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let asked = self.known.try_get_with(credential.clone(), self.ask(credential, tenant)).await;
        let known = asked.map_err(|fault| fault.as_ref().clone())?;
        if known.ends_at.is_some_and(|ends_at| ends_at <= SystemClock.now()) {
            self.known.invalidate(credential).await;
            return Ok(self.ask(credential, tenant).await?.actor);
        }
        Ok(known.actor)
    }
}

impl PortalIdentity {
    async fn ask(&self, credential: &Credential, tenant: TenantId) -> Result<Known, Fault> {
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
        let Standing { role, belongs, ends_at } = self.standing(&caller, user_id, tenant).await;
        let mut actor = Actor::user(tenant, user_id, role, &identity.display_name);
        actor.belongs = belongs;
        actor.session = identity.session_id.parse().ok().map(SessionId);
        Ok(Known { actor, ends_at })
    }

    /// While nobody can tell, everybody is a mere member: the safe side.
    async fn standing(&self, caller: &Caller, user_id: UserId, tenant: TenantId) -> Standing {
        let request = RoleOfRequest { user_id: user_id.to_string(), tenant_id: tenant.to_string() };
        match self.admin.get().role_of(caller, request).await {
            Ok(reply) => Standing {
                role: Role::parse(&reply.role).unwrap_or(Role::Member),
                belongs: Belonging { groups: reply.groups, roles: reply.roles, emergency_until: None },
                ends_at: (reply.ends_at_ms != 0).then(|| Time::from_timestamp_millis(reply.ends_at_ms)).flatten(),
            },
            Err(fault) => {
                tracing::warn!(%fault, "roles cannot be told; everybody is a member for now");
                Standing { role: Role::Member, belongs: Belonging::default(), ends_at: None }
            }
        }
    }
}
