//! Asks for a link that sets a new password. Answers the same whether there is such an account or not, and does the same:
//! a task looks it up later.

use super::account::account;
use super::prepare_reset::PrepareReset;
use crate::domain::Email;
use crate::{Auth, operations};
use ::store::Nothing;
use auth_contract::reasons;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// Whose password was forgotten.
#[derive(Serialize)]
pub(crate) struct AskForReset {
    pub(crate) email: String,
}

impl UseCase for AskForReset {
    type Module = Auth;
    type Subject = ();
    type Output = ();
    const OPERATION: &'static Operation = &operations::ASK_FOR_RESET;

    async fn load(&self, _: &Auth, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, (): (), permit: Permit) -> Result<(), Fault> {
        if module.mailer.is_none() {
            return Err(reasons::NO_MAIL.fault());
        }
        let email = Email::parse(&self.email).map_err(|refused| Fault::invalid("email", refused.to_string()))?;
        let task = PrepareReset::of(&email).once_in_a_while(permit.tenant());
        module.store.inner().commit(permit, Nothing, (Vec::new(), vec![task]), ()).await
    }
}
