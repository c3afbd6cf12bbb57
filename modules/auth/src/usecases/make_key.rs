//! Makes a key for a program: for the caller's own account, or for a service account. The key is answered once and kept as
//! a hash.

use super::notice::{Notice, What};
use crate::credentials::ApiKey;
use crate::domain::{Bar, KeyForm};
use crate::store::{AddKey, KeyRow, User};
use crate::{Auth, operations};
use auth_contract::{KeyMade, reasons};
use kernel::{Attribute, Caller, Fault, NewEvent, Operation, Permit, Resource, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// For whom, and what it is to be.
#[derive(Serialize)]
pub(crate) struct MakeKey {
    /// The caller when it says nobody.
    pub(crate) owner: Option<UserId>,
    pub(crate) form: KeyForm,
}

/// A key as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyView {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// Its last four characters.
    pub(crate) hint: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) last_used_from: Option<String>,
}

impl From<KeyRow> for KeyView {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            scopes: row.scopes().iter().map(str::to_owned).collect(),
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            last_used_from: row.last_used_from,
        }
    }
}

/// A key that was just made.
#[derive(Serialize, Deserialize)]
pub(crate) struct MadeKey {
    /// What nobody will see again.
    pub(crate) key: String,
    pub(crate) view: KeyView,
}

/// Whose keys they are.
pub(crate) struct KeyOwner {
    pub(crate) user: User,
    pub(crate) is_service: bool,
}

impl KeyOwner {
    /// The account of that id, or the caller's.
    ///
    /// # Errors
    /// `access.log_in` when nobody is meant; `auth.no_such_user`.
    pub(super) async fn find(module: &Auth, caller: &Caller, owner: Option<UserId>) -> Result<Self, Fault> {
        let id = owner.or_else(|| caller.actor.user_id()).ok_or_else(|| kernel::reasons::LOG_IN.fault())?;
        let user = module.store.user_by_id(caller.actor.tenant, id).await?;
        let is_service = module.store.service_account(caller.actor.tenant, id).await?.is_some();
        let gone = module.store.account_state(id).await?.is_some_and(|state| state.bar == Bar::Gone);
        let user = user.filter(|_| !gone).ok_or_else(|| reasons::NO_SUCH_USER.fault())?;
        Ok(Self { user, is_service })
    }

    /// The owner's keys as policies see them.
    pub(super) fn keys(&self, caller: &Caller) -> Resource {
        key("any", self.user.user_id(), self.is_service, caller)
    }
}

/// A key as policies see it.
pub(super) fn key(id: impl ToString, owner: UserId, is_service: bool, caller: &Caller) -> Resource {
    let key = Resource::new("Key", id, caller.actor.tenant);
    key.with("owner", Attribute::User(owner)).with("service", Attribute::Flag(is_service))
}

impl UseCase for MakeKey {
    type Module = Auth;
    type Subject = KeyOwner;
    type Output = MadeKey;
    const OPERATION: &'static Operation = &operations::MAKE_KEY;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<KeyOwner, Fault> {
        KeyOwner::find(module, caller, self.owner).await
    }

    fn resource(&self, owner: &KeyOwner, caller: &Caller) -> Resource {
        owner.keys(caller)
    }

    async fn run(&self, module: &Auth, owner: KeyOwner, permit: Permit) -> Result<MadeKey, Fault> {
        let new = self.form.read(&module.scopes, module.settings.auth.api_key_max_life_s)?;
        let (key, id, now) = (ApiKey::new(module.ids.as_ref()), module.ids.next(), module.clock.now());
        let expires_at = now + new.life;
        let view = KeyView {
            id,
            name: new.name.clone(),
            hint: key.hint.clone(),
            scopes: new.scopes.iter().map(str::to_owned).collect(),
            created_at: now,
            expires_at,
            last_used_at: None,
            last_used_from: None,
        };
        let told = KeyMade {
            user_id: owner.user.id.to_string(),
            key_id: id.to_string(),
            expires_at_ms: expires_at.timestamp_millis(),
            at_ms: now.timestamp_millis(),
        };
        // Nobody reads the mail of a service account.
        let notice = Notice::to(&owner.user, What::KeyMade, permit.caller());
        let tasks = if owner.is_service { Vec::new() } else { module.notices(notice) };
        let change = AddKey {
            id,
            tenant: permit.tenant(),
            owner: owner.user.user_id(),
            name: new.name,
            token_hash: key.hash,
            hint: key.hint,
            scopes: new.scopes,
            made_by: permit.caller().actor.principal.to_string(),
            created_at: now,
            expires_at,
        };
        let made = MadeKey { key: key.text, view };
        module.store.inner().commit(permit, change, (vec![NewEvent::of(&told)], tasks), made).await
    }
}
