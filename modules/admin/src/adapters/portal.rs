//! What other modules ask admin.

use crate::Admin;
use crate::usecases::ReadRole;
use admin_contract::{AdminPortal, RoleOfReply, RoleOfRequest};
use kernel::{Caller, Fault};
use std::str::FromStr;
use std::sync::Arc;

/// Tells which role somebody holds.
pub(crate) struct Roles(pub(crate) Arc<Admin>);

#[async_trait::async_trait]
impl AdminPortal for Roles {
    async fn role_of(&self, caller: &Caller, request: RoleOfRequest) -> Result<RoleOfReply, Fault> {
        let usecase = ReadRole { user: id("user_id", &request.user_id)?, tenant: id("tenant_id", &request.tenant_id)? };
        let role = self.0.execute(caller, usecase).await?;
        Ok(RoleOfReply { role: role.name().to_owned() })
    }
}

fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::invalid(field, "must be a UUID"))
}
