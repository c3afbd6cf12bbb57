//! Makes an account for whoever asks, while registration is open. Where addresses must be proven, the answer is the same
//! for an address that has an account already: its owner hears of it by mail, and nobody else does.

use super::account::{AccountView, account, add_account};
use super::notice::{Notice, What};
use crate::domain::{AccountForm, Email, Handle, Standing};
use crate::store::{Spends, User};
use crate::{Auth, operations};
use ::store::Nothing;
use auth_contract::reasons;
use kernel::reasons::STALE;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use settings::EmailVerification;

/// Like anybody, with nothing to spend.
const MEMBER: (Standing, Spends) = (Standing::Member, Spends::Nothing);

/// The form as it was filled in. Answers with the account, or with none where its address must be proven first.
#[derive(Serialize)]
pub(crate) struct Register {
    pub(crate) form: AccountForm,
}

/// Whoever has the address or the handle already.
pub(crate) struct Holders {
    of_email: Option<User>,
    of_handle: Option<User>,
}

impl UseCase for Register {
    type Module = Auth;
    type Subject = Holders;
    type Output = Option<AccountView>;
    const OPERATION: &'static Operation = &operations::REGISTER;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Holders, Fault> {
        let tenant = caller.actor.tenant;
        let of_email = match Email::parse(&self.form.email) {
            Ok(email) => module.store.user_by_email(tenant, &email).await?,
            Err(_) => None,
        };
        let of_handle = match Handle::parse(&self.form.handle) {
            Ok(handle) => module.store.user_by_handle(tenant, &handle).await?,
            Err(_) => None,
        };
        Ok(Holders { of_email, of_handle })
    }

    fn resource(&self, _: &Holders, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, holders: Holders, permit: Permit) -> Result<Option<AccountView>, Fault> {
        if !module.is_registration_open() {
            return Err(reasons::REGISTRATION_CLOSED.fault());
        }
        if module.settings.auth.email_verification == EmailVerification::Optional {
            return add_account(module, permit, &self.form, MEMBER, Some).await;
        }
        let Some(owner) = holders.of_email else {
            let added = add_account(module, permit, &self.form, MEMBER, |_| None).await;
            // Somebody was quicker, and is nobody's business: this is decided again, as for a taken address.
            return added.map_err(|fault| if fault.is(&reasons::EMAIL_TAKEN) { STALE.fault() } else { fault });
        };
        // What anybody else would hear, and as late.
        let applicant = self.form.read(Standing::Member)?;
        module.passwords.hash(applicant.password.secret()).await?;
        if holders.of_handle.is_some() {
            return Err(reasons::HANDLE_TAKEN.fault());
        }
        let notice = module.notices(Notice::to(&owner, What::RegisteredAgain, permit.caller()));
        module.store.inner().commit(permit, Nothing, (Vec::new(), notice), None).await
    }
}
