//! How the caller's own account is protected.

use super::account::account;
use super::change_password::own_account;
use super::second_proof::factor;
use crate::store::User;
use crate::{Auth, operations};
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, Time, UseCase};
use serde::{Deserialize, Serialize};

/// Takes nothing: who asks is all there is to know.
#[derive(Serialize)]
pub(crate) struct ReadSecurity;

/// What is asked for when somebody logs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SecurityView {
    /// Since when an authenticator app is; none where it is not.
    pub(crate) totp_since: Option<Time>,
    /// How many recovery codes are left.
    pub(crate) recovery_codes_left: u32,
}

impl UseCase for ReadSecurity {
    type Module = Auth;
    type Subject = User;
    type Output = SecurityView;
    const OPERATION: &'static Operation = &operations::READ_SECURITY;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, _: Permit) -> Result<SecurityView, Fault> {
        Ok(SecurityView {
            totp_since: factor(module, &user).await?.and_then(|factor| factor.confirmed_at),
            recovery_codes_left: module.store.recovery_codes_left(user.user_id()).await?,
        })
    }
}
