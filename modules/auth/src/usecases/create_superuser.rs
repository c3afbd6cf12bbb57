//! Makes an account that is to run the community, at the operator's shell.

use super::account::{AccountView, account, add_account};
use crate::domain::{AccountForm, Standing};
use crate::store::Spends;
use crate::{Auth, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The form as it was filled in.
#[derive(Serialize)]
pub(crate) struct CreateSuperuser {
    pub(crate) form: AccountForm,
}

impl UseCase for CreateSuperuser {
    type Module = Auth;
    type Subject = ();
    type Output = AccountView;
    const OPERATION: &'static Operation = &operations::CREATE_SUPERUSER;

    async fn load(&self, _: &Auth, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, (): (), permit: Permit) -> Result<AccountView, Fault> {
        add_account(module, permit, &self.form, (Standing::Superuser, Spends::EveryLink), |account| account).await
    }
}
