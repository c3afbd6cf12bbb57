//! Makes an account for a program: a principal of its own, with a name and, once it is given one, a role. Nobody logs in to
//! it; what it does, it does with keys.

use crate::domain::{DisplayName, Handle};
use crate::store::{AddServiceAccount, ServiceAccountRow, User};
use crate::{Auth, operations};
use auth_contract::{ServiceAccountMade, UserRegistered};
use kernel::{Caller, Fault, FieldFault, NewEvent, Operation, Permit, Resource, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// What it is called.
#[derive(Serialize)]
pub(crate) struct MakeServiceAccount {
    pub(crate) handle: String,
    pub(crate) display_name: String,
}

/// One as administrators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceAccountView {
    pub(crate) id: UserId,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) created_at: Time,
    pub(crate) keys: i64,
}

impl From<ServiceAccountRow> for ServiceAccountView {
    fn from(row: ServiceAccountRow) -> Self {
        Self {
            id: row.user_id(),
            handle: row.handle,
            display_name: row.display_name,
            created_at: row.created_at,
            keys: row.live_keys,
        }
    }
}

/// The place where service accounts are made, as policies see it.
pub(super) fn service_accounts(caller: &Caller) -> Resource {
    Resource::new("ServiceAccount", "any", caller.actor.tenant)
}

impl UseCase for MakeServiceAccount {
    type Module = Auth;
    type Subject = ();
    type Output = ServiceAccountView;
    const OPERATION: &'static Operation = &operations::MAKE_SERVICE_ACCOUNT;

    async fn load(&self, _: &Auth, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        service_accounts(caller)
    }

    async fn run(&self, module: &Auth, (): (), permit: Permit) -> Result<ServiceAccountView, Fault> {
        let (handle, display_name) = self.read()?;
        let (id, now) = (module.ids.next(), module.clock.now());
        let user = User {
            id,
            tenant_id: permit.tenant().0,
            // No address, so that nobody can be asked for one, or be sent a link to one.
            email: format!("service:{id}"),
            handle: handle.as_str().to_owned(),
            display_name: display_name.as_str().to_owned(),
            // No hash, so that no password is the right one.
            password_hash: String::new(),
            founder: false,
            created_at: now,
            email_proven_at: None,
            version: 1,
        };
        let view = ServiceAccountView {
            id: user.user_id(),
            handle: user.handle.clone(),
            display_name: user.display_name.clone(),
            created_at: now,
            keys: 0,
        };
        let registered = UserRegistered {
            user_id: id.to_string(),
            handle: user.handle.clone(),
            display_name: user.display_name.clone(),
            registered_at_ms: now.timestamp_millis(),
        };
        let made = ServiceAccountMade { user_id: id.to_string(), at_ms: now.timestamp_millis() };
        let events = vec![NewEvent::of(&registered), NewEvent::of(&made)];
        let change = AddServiceAccount { user, made_by: permit.caller().actor.principal.to_string() };
        module.store.inner().commit(permit, change, events, view).await
    }
}

impl MakeServiceAccount {
    fn read(&self) -> Result<(Handle, DisplayName), Fault> {
        let wrong = |field: &str, detail: String| FieldFault { field: field.to_owned(), detail };
        let handle = Handle::parse(&self.handle).map_err(|refused| wrong("handle", refused.to_string()));
        let name = DisplayName::parse(&self.display_name).map_err(|refused| wrong("display_name", refused.to_string()));
        match (handle, name) {
            (Ok(handle), Ok(name)) => Ok((handle, name)),
            (handle, name) => Err(Fault::invalid_fields(handle.err().into_iter().chain(name.err()).collect())),
        }
    }
}
