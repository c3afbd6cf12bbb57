//! The accounts that programs have here.

use super::make_service_account::{ServiceAccountView, service_accounts};
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Takes nothing: all of them.
#[derive(Serialize)]
pub(crate) struct ListServiceAccounts;

impl UseCase for ListServiceAccounts {
    type Module = Auth;
    type Subject = ();
    type Output = Vec<ServiceAccountView>;
    const OPERATION: &'static Operation = &operations::LIST_SERVICE_ACCOUNTS;

    async fn load(&self, _: &Auth, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        service_accounts(caller)
    }

    async fn run(&self, module: &Auth, (): (), permit: Permit) -> Result<Vec<ServiceAccountView>, Fault> {
        let accounts = module.store.service_accounts(permit.tenant()).await?;
        Ok(accounts.into_iter().map(ServiceAccountView::from).collect())
    }
}
