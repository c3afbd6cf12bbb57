//! Confirms an authenticator app by a code it shows: from now on it is asked for. Answers with the recovery codes, which
//! are never shown again.

use super::account::account;
use super::change_password::own_account;
use super::notice::{Notice, What};
use super::second_proof::{new_codes, refused, step, target, waited};
use crate::domain::{Amr, ENROLMENT_LIFETIME, TypedSecret};
use crate::store::{ConfirmTotp as Change, User};
use crate::{Auth, operations};
use auth_contract::{SecondFactorChanged, reasons};
use kernel::{Attribute, Caller, Fault, NewEvent, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// A code that the app shows.
#[derive(Serialize)]
pub(crate) struct ConfirmTotp {
    pub(crate) code: TypedSecret,
}

impl UseCase for ConfirmTotp {
    type Module = Auth;
    type Subject = User;
    type Output = Vec<String>;
    const OPERATION: &'static Operation = &operations::CONFIRM_TOTP;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<Vec<String>, Fault> {
        let at = module.clock.now();
        let factor = module.store.totp(user.user_id()).await?.ok_or_else(|| reasons::ENROLMENT_OVER.fault())?;
        if factor.confirmed_at.is_some() {
            return Err(reasons::SECOND_FACTOR_EXISTS.fault());
        }
        if at >= factor.created_at + ENROLMENT_LIFETIME {
            return Err(reasons::ENROLMENT_OVER.fault());
        }
        waited(module, &user).await?;
        let Some(step) = step(module, &factor, &self.code).await? else {
            return Err(refused(module, permit, &user).await?);
        };
        let (codes, code_hashes) = new_codes(module, &user);
        let told = SecondFactorChanged {
            user_id: user.id.to_string(),
            kind: "totp".to_owned(),
            added: true,
            at_ms: at.timestamp_millis(),
        };
        let notices = module.notices(Notice::to(&user, What::SecondFactorAdded, permit.caller()));
        let (session, forgets) = (permit.caller().actor.session, vec![target(&user)]);
        let amr = Amr::PasswordAndCode.text().to_owned();
        let change = Change { user, factor, step, code_hashes, session, amr, forgets, at };
        module.store.inner().commit(permit, change, (vec![NewEvent::of(&told)], notices), codes).await
    }
}
