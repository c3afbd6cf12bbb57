//! The portal: who somebody is, for the other modules of the installation.

use crate::Auth;
use crate::domain::{Email, Handle};
use crate::usecases::{identify_bearer, identify_session};
use auth_contract::{
    AuthPortal, FindUserRequest, IdentifyRequest, Identity, NoteUseReply, NoteUseRequest, UserCard, reasons,
};
use kernel::{Caller, Fault, TenantId, UserId};

#[async_trait::async_trait]
impl AuthPortal for Auth {
    async fn identify(&self, _: &Caller, request: IdentifyRequest) -> Result<Identity, Fault> {
        let tenant: TenantId = request.tenant_id.parse().map_err(|_| Fault::invalid("tenant_id", "is not a UUID"))?;
        let recognised = match request.credential_kind.as_str() {
            "session" => identify_session(self, tenant, &request.credential).await?,
            "bearer" => identify_bearer(self, tenant, &request.credential).await?,
            _ => return Err(Fault::invalid("credential_kind", "is neither session nor bearer")),
        };
        let delegation = recognised.delegation.map(|delegation| (delegation.through, delegation.scopes));
        let (through, scopes) = delegation.unwrap_or_default();
        Ok(Identity {
            user_id: recognised.user.to_string(),
            session_id: recognised.log_in.map(|id| id.to_string()).unwrap_or_default(),
            handle: recognised.handle,
            display_name: recognised.display_name,
            authenticated_at_ms: recognised.authenticated_at.timestamp_millis(),
            delegated_through: through,
            scopes: scopes.iter().map(str::to_owned).collect(),
            amr: recognised.amr,
        })
    }

    async fn note_use(&self, _: &Caller, request: NoteUseRequest) -> Result<NoteUseReply, Fault> {
        let id = request.key_id.parse().map_err(|_| Fault::invalid("key_id", "is not a UUID"))?;
        let address = Some(request.address.as_str()).filter(|address| (1..=64).contains(&address.len()));
        self.store.touch_key(id, self.clock.now(), address).await?;
        Ok(NoteUseReply {})
    }

    async fn find_user(&self, caller: &Caller, request: FindUserRequest) -> Result<UserCard, Fault> {
        let tenant = caller.actor.tenant;
        let user = match (&request.user_id, &request.handle, &request.email) {
            (Some(id), None, None) => {
                let id: UserId = id.parse().map_err(|_| Fault::invalid("user_id", "is not a UUID"))?;
                self.store.user_by_id(tenant, id).await?
            }
            (None, Some(handle), None) => match Handle::of_superuser(handle) {
                Ok(handle) => self.store.user_by_handle(tenant, &handle).await?,
                Err(_) => None,
            },
            (None, None, Some(email)) => match Email::parse(email) {
                Ok(email) => self.store.user_by_email(tenant, &email).await?,
                Err(_) => None,
            },
            _ => return Err(Fault::invalid("user_id", "exactly one of user_id, handle and email must be given")),
        };
        let user = user.ok_or_else(|| reasons::NO_SUCH_USER.fault())?;
        Ok(UserCard {
            user_id: user.id.to_string(),
            handle: user.handle,
            display_name: user.display_name,
            email: user.email,
            registered_at_ms: user.created_at.timestamp_millis(),
        })
    }
}
