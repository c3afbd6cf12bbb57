//! Begins to set up an authenticator app: makes the secret that the app is to share. Nothing is asked of it before it has
//! shown a right code.

use super::account::account;
use super::change_password::own_account;
use super::password_proof::{Proven, proven};
use super::second_proof::factor;
use crate::credentials::TotpSecret;
use crate::domain::TypedSecret;
use crate::store::{BeginTotp as Change, TotpFactor, User};
use crate::{Auth, operations};
use auth_contract::reasons;
use kernel::{Attribute, Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// The account's password.
#[derive(Serialize)]
pub(crate) struct BeginTotp {
    pub(crate) password: TypedSecret,
}

/// What the app is to be told.
#[derive(Serialize, Deserialize)]
pub(crate) struct TotpToSetUp {
    /// To be typed in.
    pub(crate) secret: String,
    /// To be read from a picture.
    pub(crate) address: String,
}

impl UseCase for BeginTotp {
    type Module = Auth;
    type Subject = User;
    type Output = TotpToSetUp;
    const OPERATION: &'static Operation = &operations::BEGIN_TOTP;

    async fn load(&self, module: &Auth, caller: &Caller) -> Result<User, Fault> {
        own_account(module, caller).await
    }

    fn resource(&self, user: &User, caller: &Caller) -> Resource {
        account(Some(user.user_id()), caller).with("owner", Attribute::User(user.user_id()))
    }

    async fn run(&self, module: &Auth, user: User, permit: Permit) -> Result<TotpToSetUp, Fault> {
        let email = user.email.clone();
        let Proven { user, permit, proof } = proven(module, permit, Some(user), &email, &self.password).await?;
        if factor(module, &user).await?.is_some() {
            return Err(reasons::SECOND_FACTOR_EXISTS.fault());
        }
        let secret = TotpSecret::new(module.ids.as_ref());
        let mut factor = TotpFactor {
            id: module.ids.next(),
            user_id: user.id,
            tenant_id: user.tenant_id,
            sealed: String::new(),
            last_step: None,
            created_at: module.clock.now(),
            confirmed_at: None,
        };
        factor.sealed = module.store.inner().sealer().seal(&factor.place(), secret.expose()).await?;
        let answer = TotpToSetUp { secret: secret.in_groups(), address: secret.address(module.issuer(), &user.email)? };
        module.store.inner().commit(permit, Change { factor, proof }, Vec::new(), answer).await
    }
}
