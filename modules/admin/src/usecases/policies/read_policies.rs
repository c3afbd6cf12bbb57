//! The community's own policies: those in force and every version.

use super::{no_such_version, resource};
use crate::Admin;
use crate::domain::PolicyVersion;
use crate::operations::LIST_POLICIES;
use kernel::{Caller, Fault, Operation, Page, PageRequest, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Some versions, or one.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ListPolicies {
    /// That one alone.
    pub(crate) number: Option<i64>,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

/// Some versions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PoliciesPage {
    /// The one in force.
    pub(crate) active: Option<PolicyVersion>,
    /// The newest first.
    pub(crate) versions: Page<PolicyVersion>,
    /// What is wrong with the one in force as this program reads it: then those before it are.
    pub(crate) unreadable: Option<String>,
}

impl UseCase for ListPolicies {
    type Module = Admin;
    type Subject = ();
    type Output = PoliciesPage;
    const OPERATION: &'static Operation = &LIST_POLICIES;

    async fn load(&self, _: &Admin, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        resource(caller)
    }

    async fn run(&self, admin: &Admin, (): (), permit: Permit) -> Result<PoliciesPage, Fault> {
        let tenant = permit.tenant();
        let active = admin.store.active_policies(tenant).await?;
        let versions = match self.number {
            Some(number) => {
                let version = admin.store.policy_version(tenant, number).await?.ok_or_else(no_such_version)?;
                Page { items: vec![version], next: None }
            }
            None => {
                let size = self.page.size(20, 100)?;
                let before = self.page.cursor.as_ref().map(|cursor| cursor.key::<i64>()).transpose()?;
                let versions = admin.store.policy_versions(tenant, before, size + 1).await?;
                Page::cut(versions, size, |version| version.number)
            }
        };
        Ok(PoliciesPage { active, versions, unreadable: admin.rules.unreadable(tenant) })
    }
}
