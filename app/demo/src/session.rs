//! An account that acts: it logs in when it first needs to, and again when its token runs out. It does not know what
//! it is used for.

use crate::api::{Answer, Api, Bearer, Creation, ListedCategory, Made};
use crate::error::DemoError;
use tokio::sync::Mutex;

/// How often one call may find its token expired: tokens that are refused as soon as they are issued stop the run.
const RENEWALS: u32 = 5;

/// Whose account it is: what an unsuccessful log-in means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// The administrator's, named by whoever runs the command.
    Administrator,
    /// A demo member's.
    Member,
}

/// An account with its password and, once logged in, its token.
pub(crate) struct Session<'a> {
    api: &'a Api,
    account: Account,
    email: &'a str,
    password: &'a str,
    token: Mutex<Option<String>>,
}

impl<'a> Session<'a> {
    /// An account that has not logged in yet.
    pub(crate) fn new(api: &'a Api, account: Account, email: &'a str, password: &'a str) -> Self {
        Self { api, account, email, password, token: Mutex::new(None) }
    }

    /// The categories there are.
    ///
    /// # Errors
    /// Whatever keeps the account from logging in, or the call from being answered.
    pub(crate) async fn categories(&self) -> Result<Vec<ListedCategory>, DemoError> {
        let token = self.token(None).await?;
        self.api.categories(Bearer(&token)).await
    }

    /// Makes what `creation` describes, or finds what an earlier run made of it.
    ///
    /// # Errors
    /// Whatever keeps the account from logging in, or the call from being answered or allowed.
    pub(crate) async fn create(&self, creation: &Creation<'_>) -> Result<Made, DemoError> {
        let (mut expired, mut renewals) = (None, 0);
        loop {
            let token = self.token(expired.as_deref()).await?;
            match self.api.create(&creation.by(Bearer(&token))).await? {
                Answer::Done(made) => return Ok(made),
                Answer::Forbidden(_) if self.account == Account::Administrator => {
                    return Err(DemoError::NotAdministrator { email: self.email.to_owned() });
                }
                Answer::Forbidden(refused) => return Err(refused),
                Answer::TokenExpired(refused) if renewals == RENEWALS => return Err(refused),
                Answer::TokenExpired(_) => expired = Some(token),
            }
            renewals += 1;
        }
    }

    /// The current token: a new one if there is none, or if the current one is `expired`.
    async fn token(&self, expired: Option<&str>) -> Result<String, DemoError> {
        let mut token = self.token.lock().await;
        if let Some(current) = token.as_deref().filter(|current| Some(*current) != expired) {
            return Ok(current.to_owned());
        }
        let fresh = self.api.access_token(self.email, self.password).await?.ok_or_else(|| self.not_let_in())?;
        *token = Some(fresh.clone());
        Ok(fresh)
    }

    fn not_let_in(&self) -> DemoError {
        let email = self.email.to_owned();
        match self.account {
            Account::Administrator => DemoError::AdminPassword { email },
            Account::Member => DemoError::MemberTaken { email },
        }
    }
}
