//! Who is here and what they may do, by handle.

use crate::Admin;
use crate::operations::LIST_PEOPLE;
use crate::store::{PeopleFilter, Person};
use kernel::{Caller, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase};
use serde::Serialize;
use uuid::Uuid;

/// People on a page when nobody says how many.
const USUAL: u32 = 50;
/// People on a page at most.
const MOST: u32 = 200;

/// Which people to list.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListPeople {
    /// Part of a handle or a name, in any case.
    pub(crate) query: Option<String>,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl UseCase for ListPeople {
    type Module = Admin;
    type Subject = ();
    type Output = Page<Person>;
    const OPERATION: &'static Operation = &LIST_PEOPLE;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        Resource::new("Tenant", caller.actor.tenant, caller.actor.tenant)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<Page<Person>, Fault> {
        let size = self.page.size(USUAL, MOST)?;
        let after = self.page.cursor.as_ref().map(|cursor| cursor.key::<(String, Uuid)>()).transpose()?;
        let words = self.query.as_deref().map(|words| words.trim().trim_start_matches('@'));
        let words = words.filter(|words| !words.is_empty()).map(str::to_owned);
        admin.store.people(permit.tenant(), PeopleFilter { words, after, size }).await
    }
}
