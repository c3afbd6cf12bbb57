//! Recognising callers: auth says who somebody is, admin what role they hold. Each answer is believed for a second, so
//! that a revoked session or role is gone everywhere a second later.

use admin_contract::{AdminPortal, RoleOfRequest};
use auth_contract::{AuthPortal, IdentifyRequest, NoteUseRequest};
use kernel::{
    Actor, Caller, Credential, Delegation, Fault, Identify, Late, Origin, Role, Scopes, SessionId, TenantId, UserId,
};
use moka::future::Cache;
use runtime::Portals;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How exactly it is known when a key was used last, and from where.
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// How many answers are kept.
const KEPT: u64 = 20_000;

/// Asks the portals of the modules that know, wherever they run.
pub(crate) fn identify(portals: &Portals) -> Arc<dyn Identify> {
    Arc::new(PortalIdentity {
        auth: portals.want(),
        admin: portals.want(),
        known: Cache::builder().time_to_live(BELIEVED).max_capacity(KEPT).build(),
        noted: Cache::builder().time_to_live(NOTED_EVERY).max_capacity(KEPT).build(),
    })
}

struct PortalIdentity {
    auth: Late<dyn AuthPortal>,
    admin: Late<dyn AdminPortal>,
    known: Cache<Credential, Actor>,
    /// The uses of keys that were noted lately: which key, from where.
    noted: Cache<(String, Option<String>), ()>,
}

#[async_trait::async_trait]
impl Identify for PortalIdentity {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let asked = self.known.try_get_with(credential.clone(), self.ask(credential, tenant));
        asked.await.map_err(|fault| fault.as_ref().clone())
    }

    async fn seen(&self, actor: &Actor, origin: &Origin) {
        let Some(key) = actor.delegation.as_ref().and_then(|delegation| delegation.through.strip_prefix("key:")) else {
            return;
        };
        let use_of_it = (key.to_owned(), origin.address.clone());
        if self.noted.get(&use_of_it).await.is_some() {
            return;
        }
        let address = origin.address.clone().unwrap_or_default();
        let request = NoteUseRequest { key_id: key.to_owned(), address };
        self.noted.insert(use_of_it, ()).await;
        let caller = Caller::new(Actor::service(actor.tenant, "identity"), "identity");
        if let Err(fault) = self.auth.get().note_use(&caller, request).await {
            // That the call goes on matters more than when the key was seen.
            tracing::debug!(%fault, cause = fault.chain(), "noting that a key was used");
        }
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
        let mut actor = Actor::user(tenant, user_id, self.role(&caller, user_id, tenant).await, &identity.display_name);
        actor.session = identity.session_id.parse().ok().map(SessionId);
        actor.delegation = (!identity.delegated_through.is_empty())
            .then(|| Delegation { through: identity.delegated_through, scopes: Scopes::new(identity.scopes) });
        Ok(actor)
    }

    /// While nobody can tell, everybody is a mere member: the safe side.
    async fn role(&self, caller: &Caller, user_id: UserId, tenant: TenantId) -> Role {
        let request = RoleOfRequest { user_id: user_id.to_string(), tenant_id: tenant.to_string() };
        match self.admin.get().role_of(caller, request).await {
            Ok(reply) => Role::parse(&reply.role).unwrap_or(Role::Member),
            Err(fault) => {
                tracing::warn!(%fault, "roles cannot be told; everybody is a member for now");
                Role::Member
            }
        }
    }
}
