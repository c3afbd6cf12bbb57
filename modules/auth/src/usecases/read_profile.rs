//! What somebody tells everybody about themselves.

use super::account::account;
use crate::domain::{Bar, Handle};
use crate::store::{ProfileRow, User};
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, Time, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// Whose, by handle.
#[derive(Serialize)]
pub(crate) struct ReadProfile {
    pub(crate) handle: String,
}

/// A profile as anybody sees it: nothing of how its owner is reached, or gets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProfileView {
    pub(crate) id: UserId,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) pronouns: String,
    pub(crate) about: String,
    pub(crate) registered_at: Time,
}

impl ProfileView {
    pub(super) fn of(user: &User, profile: ProfileRow) -> Self {
        Self {
            id: user.user_id(),
            handle: user.handle.clone(),
            display_name: user.display_name.clone(),
            pronouns: profile.pronouns,
            about: profile.about,
            registered_at: user.created_at,
        }
    }
}

impl UseCase for ReadProfile {
    type Module = Auth;
    type Subject = ProfileView;
    type Output = ProfileView;
    const OPERATION: &'static Operation = &operations::READ_PROFILE;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<ProfileView, Fault> {
        let unknown = || reasons::NO_SUCH_USER.fault();
        let handle = Handle::of_superuser(&self.handle).map_err(|_| unknown())?;
        let user = module.store.user_by_handle(caller.actor.tenant, &handle).await?.ok_or_else(unknown)?;
        let state = module.store.account_state(user.user_id()).await?;
        if state.is_some_and(|state| state.bar == Bar::Gone) {
            return Err(unknown());
        }
        let profile = module.store.profile(user.user_id()).await?;
        Ok(ProfileView::of(&user, profile))
    }

    fn resource(&self, profile: &ProfileView, caller: &Caller) -> Resource {
        account(Some(profile.id), caller)
    }

    async fn run(&self, _: &Auth, profile: ProfileView, _: Permit) -> Result<ProfileView, Fault> {
        Ok(profile)
    }
}
