//! Makes an account for whoever asks, while registration is open, or for whoever was invited. Where addresses must be
//! proven, the answer is the same for an address that has an account already: its owner hears of it by mail, and nobody
//! else does.

use super::account::{AccountView, account, add_account};
use super::notice::{Notice, What};
use crate::credentials::token_hash;
use crate::domain::{AccountForm, Email, Handle, Standing, TypedSecret};
use crate::store::{Reached, Spends, User};
use crate::{Auth, operations};
use ::store::Nothing;
use auth_contract::reasons;
use kernel::reasons::STALE;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;
use settings::{EmailVerification, Registration};

/// The form as it was filled in, and the secret of an invitation, which may be empty. Answers with the account, or with none
/// where its address must be proven first.
#[derive(Serialize)]
pub(crate) struct Register {
    pub(crate) form: AccountForm,
    pub(crate) invitation: TypedSecret,
}

/// Whoever has the address or the handle already, and the invitation.
pub(crate) struct Known {
    of_email: Option<User>,
    /// Also when somebody had it until not long ago.
    is_handle_taken: bool,
    invitation: Option<Reached>,
}

impl UseCase for Register {
    type Module = Auth;
    type Subject = Known;
    type Output = Option<AccountView>;
    const OPERATION: &'static Operation = &operations::REGISTER;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<Known, Fault> {
        let tenant = caller.actor.tenant;
        let of_email = match Email::parse(&self.form.email) {
            Ok(email) => module.store.user_by_email(tenant, &email).await?,
            Err(_) => None,
        };
        let is_handle_taken = match Handle::parse(&self.form.handle) {
            Ok(handle) => {
                module.store.user_by_handle(tenant, &handle).await?.is_some()
                    || module.store.is_handle_retired(tenant, &handle, module.clock.now()).await?
            }
            Err(_) => false,
        };
        let invitation = match self.invitation.expose() {
            "" => None,
            token => module.store.reached_invitation(tenant, &token_hash(token)).await?,
        };
        Ok(Known { of_email, is_handle_taken, invitation })
    }

    fn resource(&self, _: &Known, caller: &Caller) -> Resource {
        account(None, caller)
    }

    async fn run(&self, module: &Auth, known: Known, permit: Permit) -> Result<Option<AccountView>, Fault> {
        let spends = self.spends(module, known.invitation)?;
        if module.settings.auth.email_verification == EmailVerification::Optional {
            return add_account(module, permit, &self.form, (Standing::Member, spends), Some).await;
        }
        let Some(owner) = known.of_email else {
            // Whoever followed an invitation that was mailed there has proven the address.
            let shown = |account: AccountView| account.email_proven.then_some(account);
            let added = add_account(module, permit, &self.form, (Standing::Member, spends), shown).await;
            // Somebody was quicker, and is nobody's business: this is decided again, as for a taken address.
            return added.map_err(|fault| if fault.is(&reasons::EMAIL_TAKEN) { STALE.fault() } else { fault });
        };
        // What anybody else would hear, and as late.
        let applicant = self.form.read(Standing::Member)?;
        module.passwords.hash(applicant.password.secret()).await?;
        if known.is_handle_taken {
            return Err(reasons::HANDLE_TAKEN.fault());
        }
        let notice = module.notices(Notice::to(&owner, What::RegisteredAgain, permit.caller()));
        module.store.inner().commit(permit, Nothing, (Vec::new(), notice), None).await
    }
}

impl Register {
    /// What the account is made with, where it may be made at all.
    fn spends(&self, module: &Auth, reached: Option<Reached>) -> Result<Spends, Fault> {
        let is_given = !self.invitation.expose().is_empty();
        match module.settings.auth.registration {
            Registration::Closed => return Err(reasons::REGISTRATION_CLOSED.fault()),
            Registration::Invitation if !is_given => return Err(reasons::INVITATION_NEEDED.fault()),
            Registration::Open if !is_given => return Ok(Spends::Nothing),
            Registration::Open | Registration::Invitation => {}
        }
        let Reached { invitation, mailed } = reached.ok_or_else(|| reasons::INVITATION_SPENT.fault())?;
        invitation.state().good(module.clock.now())?;
        if let (Some(invited), Ok(email)) = (&invitation.email, Email::parse(&self.form.email))
            && invited != email.as_str()
        {
            return Err(Fault::invalid("email", "is not the address that was invited"));
        }
        Ok(Spends::Invitation(invitation.id, invitation.email.filter(|_| mailed)))
    }
}
