//! Lists the categories.

use super::board;
use crate::store::CategoryView;
use crate::{Forum, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Every category, in the community's order.
#[derive(Debug, Serialize)]
pub(crate) struct ListCategories;

impl UseCase for ListCategories {
    type Module = Forum;
    type Subject = ();
    type Output = Vec<CategoryView>;
    const OPERATION: &'static Operation = &operations::LIST_CATEGORIES;

    async fn load(&self, _: &Forum, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, (): (), permit: Permit) -> Result<Vec<CategoryView>, Fault> {
        forum.store.categories(permit.tenant()).await
    }
}
