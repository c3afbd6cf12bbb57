//! Recognising callers: auth says who somebody is, admin what role they hold. Each answer is believed until somebody tells
//! that its user, log-in or role has changed, and for `portals.identity_ms` at most: a revoked session or role is gone
//! everywhere at once where processes tell each other, and else after that time. What ends at an instant is gone at that
//! instant.

use admin_contract::{AdminPortal, CommunityCard, FindCommunityRequest, RoleOfRequest};
use auth_contract::{AuthPortal, IdentifyRequest, NoteUseRequest};
use kernel::{
    Actor, Asked, Belonging, Caller, Clock, Community, Credential, Delegation, Fault, FaultCode, Identify, Late,
    Origin, Role, Scopes, SessionId, SystemClock, TenantId, Time, UserId, after,
};
use moka::future::Cache;
use runtime::Portals;
use settings::Settings;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How exactly it is known when a key was used last, and from where.
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// How long a community is believed to be what it was said to be, and somebody a mere member for want of an answer.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long a community is where it was while nobody can tell.
const STAYS: Duration = Duration::from_hours(24);
/// How many answers are kept.
const KEPT: u64 = 20_000;
/// How many changes are remembered; with one more, everybody is asked for again.
const REMEMBERED: usize = 50_000;
/// How often an answer is asked for again because of what was told meanwhile.
const TRIES: usize = 3;

/// Asks the portals of the modules that know, wherever they run.
pub(crate) fn identify(portals: &Portals, settings: &Settings) -> Arc<dyn Identify> {
    Arc::new(PortalIdentity::new(portals.want(), portals.want(), settings))
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
    known: Cache<(Credential, TenantId), Known>,
    /// The uses of keys that were noted lately: which key, from where.
    noted: Cache<(String, Option<String>), ()>,
    changes: Mutex<Changes>,
    region: String,
    communities: Cache<Asked, Arc<Community>>,
    /// What was true of communities when somebody could last tell.
    last_known: Cache<Asked, Arc<Community>>,
}

/// An answer, how many changes had been told of when it was asked for, and the instant from which it is not true any more.
#[derive(Clone)]
struct Known {
    actor: Actor,
    asked_after: u64,
    ends_at: Option<Time>,
}

/// What was told to have changed. Answers carry the count from before they were asked for, so one that was under way
/// while a change was told is not believed either.
#[derive(Default)]
struct Changes {
    count: u64,
    of_all: u64,
    of: HashMap<Uuid, u64>,
}

impl Changes {
    fn everything(&mut self) {
        self.count += 1;
        self.of_all = self.count;
        self.of.clear();
    }

    fn these(&mut self, ids: &[Uuid]) {
        if self.of.len() + ids.len() > REMEMBERED {
            return self.everything();
        }
        self.count += 1;
        let count = self.count;
        self.of.extend(ids.iter().map(|id| (*id, count)));
    }

    fn leave_standing(&self, known: &Known) -> bool {
        let user = known.actor.user_id().map(|user| user.0);
        let about = [user, known.actor.session.map(|session| session.0)];
        let latest = about.into_iter().flatten().filter_map(|id| self.of.get(&id).copied()).max();
        known.asked_after >= latest.unwrap_or(0).max(self.of_all)
    }
}

/// What somebody holds.
struct Standing {
    role: Role,
    belongs: Belonging,
    operator: bool,
    ends_at: Option<Time>,
}

#[async_trait::async_trait]
impl Identify for PortalIdentity {
    async fn identify(&self, credential: &Credential, tenant: TenantId) -> Result<Actor, Fault> {
        let mut tries = 1;
        loop {
            let shown = (credential.clone(), tenant);
            let asked = self.known.try_get_with(shown.clone(), self.ask(credential, tenant));
            let known = asked.await.map_err(|fault| fault.as_ref().clone())?;
            let ended = known.ends_at.is_some_and(|ends_at| ends_at <= SystemClock.now());
            if self.changes().leave_standing(&known) && !ended || tries == TRIES {
                return Ok(known.actor);
            }
            self.known.invalidate(&shown).await;
            tries += 1;
        }
    }

    fn forget(&self, changed: &[Uuid]) {
        self.changes().these(changed);
    }

    fn forget_all(&self) {
        self.changes().everything();
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
    fn new(auth: Late<dyn AuthPortal>, admin: Late<dyn AdminPortal>, settings: &Settings) -> Self {
        let believed = Duration::from_millis(settings.portals.identity_ms);
        Self {
            auth,
            admin,
            known: Cache::builder().time_to_live(believed).max_capacity(KEPT).build(),
            noted: Cache::builder().time_to_live(NOTED_EVERY).max_capacity(KEPT).build(),
            changes: Mutex::default(),
            region: settings.communities.region.clone().unwrap_or_default(),
            communities: Cache::builder().time_to_live(BELIEVED).max_capacity(KEPT).build(),
            last_known: Cache::builder().time_to_idle(STAYS).max_capacity(KEPT).build(),
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, credential: &Credential, tenant: TenantId) -> Result<Known, Fault> {
        let asked_after = self.changes().count;
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
        let Standing { role, belongs, operator, ends_at } = self.standing(&caller, user_id, tenant).await;
        let mut actor = Actor::user(tenant, user_id, role, &identity.display_name);
        actor.belongs = belongs;
        actor.operator = operator;
        actor.session = identity.session_id.parse().ok().map(SessionId);
        actor.delegation = (!identity.delegated_through.is_empty())
            .then(|| Delegation { through: identity.delegated_through, scopes: Scopes::new(identity.scopes) });
        Ok(Known { actor, asked_after, ends_at })
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
    async fn standing(&self, caller: &Caller, user_id: UserId, tenant: TenantId) -> Standing {
        let request = RoleOfRequest { user_id: user_id.to_string(), tenant_id: tenant.to_string() };
        match self.admin.get().role_of(caller, request).await {
            Ok(reply) => Standing {
                role: Role::parse(&reply.role).unwrap_or(Role::Member),
                belongs: Belonging { groups: reply.groups, roles: reply.roles, emergency_until: None },
                operator: reply.operator,
                ends_at: (reply.ends_at_ms != 0).then(|| Time::from_timestamp_millis(reply.ends_at_ms)).flatten(),
            },
            Err(fault) => {
                tracing::warn!(%fault, "roles cannot be told; everybody is a member for now");
                // Nobody tells when admin answers again, so this is not believed for as long as an answer of its own.
                let ends_at = Some(after(SystemClock.now(), BELIEVED));
                Standing { role: Role::Member, belongs: Belonging::default(), operator: false, ends_at }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(user: u128, session: u128, asked_after: u64) -> Known {
        let mut actor = Actor::user(TenantId::FIRST, UserId(Uuid::from_u128(user)), Role::Member, "Ada");
        actor.session = Some(SessionId(Uuid::from_u128(session)));
        Known { actor, asked_after, ends_at: None }
    }

    #[test]
    fn answer_falls_with_its_user_or_its_log_in_and_with_nothing_else() {
        let mut changes = Changes::default();
        changes.these(&[Uuid::from_u128(1), Uuid::from_u128(20)]);
        assert!(!changes.leave_standing(&known(1, 10, 0)), "the user has changed");
        assert!(!changes.leave_standing(&known(2, 20, 0)), "the log-in has ended");
        assert!(changes.leave_standing(&known(3, 30, 0)), "others stand");
        assert!(changes.leave_standing(&known(1, 10, 1)), "asked for afterwards it is as good as any");
        changes.everything();
        assert!(!changes.leave_standing(&known(3, 30, 1)), "after a gap nothing is known");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut changes = Changes::default();
        for number in 0..(REMEMBERED as u128 * 3) {
            changes.these(&[Uuid::from_u128(number)]);
            assert!(changes.of.len() <= REMEMBERED);
        }
        assert!(!changes.leave_standing(&known(1, 2, 5)), "what was forgotten for want of room counts as changed");
    }
}
