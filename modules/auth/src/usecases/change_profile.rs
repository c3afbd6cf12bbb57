//! Changes one's own name and what one tells beside it.

use super::account::account;
use super::change_password::own_account;
use super::read_profile::ProfileView;
use crate::domain::ProfileForm;
use crate::store::{ChangeProfile as Change, ProfileRow, User};
use crate::{Auth, operations};
use auth_contract::ProfileChanged;
use kernel::{Attribute, Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The form as it was filled in.
#[derive(Serialize)]
pub(crate) struct ChangeProfile {
    pub(crate) form: ProfileForm,
}

impl UseCase for ChangeProfile {
    type Module = Auth;
    type Subject = User;
    type Output = ProfileView;
    const OPERATION: &'static Operation = &operations::CHANGE_PROFILE;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<ProfileView, Fault> {
        let wanted = self.form.read()?;
        let display_name = wanted.display_name.as_str().to_owned();
        let profile = ProfileRow { pronouns: wanted.pronouns, about: wanted.about };
        let mut events = Vec::new();
        if display_name != user.display_name {
            events.push(NewEvent::of(&ProfileChanged {
                user_id: user.id.to_string(),
                handle: user.handle.clone(),
                display_name: display_name.clone(),
            }));
        }
        let answer = ProfileView::of(&User { display_name: display_name.clone(), ..user.clone() }, profile.clone());
        module.store.inner().commit(permit, Change { user, display_name, profile }, events, answer).await
    }
}
