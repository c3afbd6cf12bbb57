//! Makes a category.

use super::{board, both};
use crate::domain::{Category, CategoryId, Description, Name, Slug};
use crate::store::NewCategory;
use crate::{Forum, operations};
use forum_contract::CategoryCreated;
use kernel::{Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// A category as its maker words it.
#[derive(Debug, Serialize)]
pub(crate) struct CreateCategory {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) description: String,
}

/// The category made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CategoryCreatedAs {
    pub(crate) id: CategoryId,
}

impl UseCase for CreateCategory {
    type Module = Forum;
    type Subject = ();
    type Output = CategoryCreatedAs;
    const OPERATION: &'static Operation = &operations::CREATE_CATEGORY;

    async fn load(&self, _: &Forum, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, (): (), permit: Permit) -> Result<CategoryCreatedAs, Fault> {
        let words = both(Name::parse(&self.name), Description::parse(&self.description));
        let (slug, (name, description)) = both(Slug::parse(&self.slug), words)?;
        let category = Category { id: CategoryId(forum.ids.next()), tenant: permit.tenant(), slug, name, description };
        let event = NewEvent::of(&CategoryCreated {
            category_id: category.id.to_string(),
            slug: category.slug.as_str().to_owned(),
            name: category.name.as_str().to_owned(),
        });
        let answer = CategoryCreatedAs { id: category.id };
        forum.store.0.commit(permit, NewCategory { category, at: forum.clock.now() }, vec![event], answer).await
    }
}
