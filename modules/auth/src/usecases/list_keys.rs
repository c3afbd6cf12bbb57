//! The keys of the caller's own account, or of a service account, the newest first.

use super::make_key::{KeyOwner, KeyView};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase, UserId};
use serde::{Deserialize, Serialize};

/// Whose.
#[derive(Serialize)]
pub(crate) struct ListKeys {
    /// The caller when it says nobody.
    pub(crate) owner: Option<UserId>,
}

/// Somebody's keys.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyList {
    pub(crate) owner: UserId,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) items: Vec<KeyView>,
}

impl UseCase for ListKeys {
    type Module = Auth;
    type Subject = KeyOwner;
    type Output = KeyList;
    const OPERATION: &'static Operation = &operations::LIST_KEYS;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<KeyOwner, Fault> {
        KeyOwner::find(module, caller, self.owner).await
    }

    fn resource(&self, owner: &KeyOwner, caller: &Caller) -> Resource {
        owner.keys(caller)
    }

    async fn run(&self, module: &Auth, owner: KeyOwner, permit: Permit) -> Result<KeyList, Fault> {
        let user = owner.user;
        let keys = module.store.keys_of(permit.tenant(), user.user_id()).await?;
        let mut items: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
        items.sort_by_key(|key| std::cmp::Reverse(key.id));
        Ok(KeyList { owner: user.user_id(), handle: user.handle, display_name: user.display_name, items })
    }
}
