//! Auth's database: what decisions and views read here, and the changes that use cases commit.
//!
//! What may not enter: a rule about what is allowed, and a token that is not hashed.

mod account_states;
mod api_keys;
mod challenges;
mod expired;
mod invitations;
mod log_ins;
mod mail_links;
mod profiles;
mod proof;
mod refresh_tokens;
mod second_factors;
mod service_accounts;
mod sessions;
mod setup_links;
mod user_changes;
mod users;
mod ways_in;
mod wrong_guesses;

pub(crate) use account_states::{BarAccount, EraseAccount, UnbarAccount};
pub(crate) use api_keys::{AddKey, EndKey, KeyRow};
pub(crate) use challenges::{Answered, BeginChallenge, Challenge};
pub(crate) use expired::{Expired, ForgetExpired, Forgotten};
pub(crate) use invitations::{AddInvitation, AddInvitationLink, EndInvitation, Invitation, NewLink, Reached};
pub(crate) use log_ins::{LogInKind, LogInRow};
pub(crate) use mail_links::{AddMailLink, MailLink};
pub(crate) use profiles::{ChangeProfile, ProfileRow};
pub(crate) use proof::{Ground, Proof};
pub(crate) use refresh_tokens::{IssueRefreshToken, RefreshTokenRow, RevokeFamily};
pub(crate) use second_factors::{
    BeginTotp, CodeOf, ConfirmTotp, RemoveTotp, RenewRecoveryCodes, ShownCode, TotpFactor,
};
pub(crate) use service_accounts::{AddServiceAccount, ServiceAccountRow};
pub(crate) use sessions::{EndSession, StartSession};
pub(crate) use setup_links::ReplaceSetupLinks;
pub(crate) use user_changes::{ChangePassword, EndOthers, HoldProof, ProveEmail};
pub(crate) use users::{AddUser, Spends, User};
pub(crate) use wrong_guesses::CountWrongGuess;

use ::store::{ChangeError, Constraints, Store, statement};
use auth_contract::reasons;
use kernel::Fault;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};

/// What a violated constraint means.
pub(crate) const CONSTRAINTS: Constraints = &[
    ("ux_users_tenant_id_email", &reasons::EMAIL_TAKEN),
    ("ux_users_tenant_id_handle", &reasons::HANDLE_TAKEN),
    ("ux_totp_factors_user_id", &reasons::SECOND_FACTOR_EXISTS),
];

/// Auth's database.
#[derive(Clone)]
pub(crate) struct AuthStore(Store);

impl AuthStore {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The store underneath, for commits and the module's life cycle.
    pub(crate) fn inner(&self) -> &Store {
        &self.0
    }

    /// The first row, from where decisions read.
    async fn one<R: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<R>, Fault> {
        let query = R::find_by_statement(statement(self.0.backend(), sql, values));
        self.0.read(query.one(self.0.primary())).await
    }
}

/// Runs one statement of a change, and tells how many rows it touched.
async fn run(tx: &DatabaseTransaction, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, ChangeError> {
    Ok(tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await?.rows_affected())
}
