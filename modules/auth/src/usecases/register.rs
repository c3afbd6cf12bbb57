//! Makes an account for whoever asks, while registration is open.

use super::account::{AccountView, account, add_account};
use crate::domain::{AccountForm, Standing};
use crate::store::Spends;
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The form as it was filled in.
#[derive(Serialize)]
pub(crate) struct Register {
    pub(crate) form: AccountForm,
}

impl UseCase for Register {
    type Module = Auth;
    type Subject = ();
    type Output = AccountView;
    const OPERATION: &'static Operation = &operations::REGISTER;

    async fn load(&self, _: &Auth, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, (): (), permit: Permit) -> Result<AccountView, Fault> {
        if !module.is_registration_open() {
            return Err(reasons::REGISTRATION_CLOSED.fault());
        }
        add_account(module, permit, &self.form, Standing::Member, Spends::Nothing).await
    }
}
