//! What the ways of making an account have in common, and how accounts are shown.
//!
//! What may not enter: who may have one.

use super::prepare_proof::PrepareProof;
use crate::Auth;
use crate::domain::{AccountForm, Email, Standing};
use crate::store::{AddUser, Spends, User};
use auth_contract::{SuperuserCreated, UserRegistered};
use kernel::{Caller, Fault, NewEvent, Permit, Resource, Time, UserId};
use serde::{Deserialize, Serialize};

/// An account as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountView {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) registered_at: Time,
    /// Whether its owner has shown that they read the mail of its address.
    #[serde(default)]
    pub(crate) email_proven: bool,
}

impl From<&User> for AccountView {
    fn from(user: &User) -> Self {
        Self {
            id: user.user_id(),
            email: user.email.clone(),
            handle: user.handle.clone(),
            display_name: user.display_name.clone(),
            registered_at: user.created_at,
            email_proven: user.email_proven_at.is_some(),
        }
    }
}

/// The account with that id, or the place where accounts are made, as policies see it.
pub(super) fn account(id: Option<UserId>, caller: &Caller) -> Resource {
    let id = id.map_or_else(|| "any".to_owned(), |id| id.to_string());
    Resource::new("Account", id, caller.actor.tenant)
}

/// Reads the form, hashes the password, and commits the account with its events.
/// `answer` makes what is answered, and kept for a retry.
pub(super) async fn add_account<T: Serialize>(
    module: &Auth,
    permit: Permit,
    form: &AccountForm,
    (standing, spends): (Standing, Spends),
    answer: impl FnOnce(AccountView) -> T,
) -> Result<T, Fault> {
    let applicant = form.read(standing)?;
    let password_hash = module.passwords.hash(applicant.password.secret()).await?;
    let now = module.clock.now();
    let user = User {
        id: module.ids.next(),
        tenant_id: permit.tenant().0,
        email: applicant.email.to_string(),
        handle: applicant.handle.to_string(),
        display_name: applicant.display_name.as_str().to_owned(),
        password_hash,
        founder: standing == Standing::Superuser,
        created_at: now,
        email_proven_at: is_proven(&applicant.email, standing, &spends).then_some(now),
        version: 1,
    };
    let mut events = vec![NewEvent::of(&UserRegistered {
        user_id: user.id.to_string(),
        handle: user.handle.clone(),
        display_name: user.display_name.clone(),
        registered_at_ms: now.timestamp_millis(),
    })];
    if standing == Standing::Superuser {
        let created = SuperuserCreated { user_id: user.id.to_string(), created_at_ms: now.timestamp_millis() };
        events.push(NewEvent::of(&created));
    }
    let answer = answer(AccountView::from(&user));
    let proves = module.mailer.is_some() && user.email_proven_at.is_none();
    let tasks = if proves { vec![PrepareProof::of(&user, &user.email).once_in_a_while()] } else { Vec::new() };
    let member_limit = permit.caller().actor.community.as_ref().and_then(|community| community.member_limit);
    module.store.inner().commit(permit, AddUser { user, spends, member_limit }, (events, tasks), answer).await
}

/// Whether the address needs no proof: whoever runs the place needs no mail to get in, and whoever followed an invitation that
/// was mailed there reads its mail.
fn is_proven(email: &Email, standing: Standing, spends: &Spends) -> bool {
    let mailed = matches!(spends, Spends::Invitation(_, Some(to)) if to == email.as_str());
    standing == Standing::Superuser || mailed
}

/// What the account's password must not be made of.
pub(super) fn own_words(user: &User) -> [&str; 2] {
    [&user.email, &user.handle]
}
