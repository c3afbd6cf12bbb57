//! Log-ins, links and invitations that nobody can use any more because their time is over, and wrong guesses that do not
//! count any more.

use super::{AuthStore, run, wrong_guesses};
use ::store::{Change, ChangeError, Changed, placeholders, statement};
use kernel::{Fault, Time};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Rows whose time is over.
#[derive(Debug)]
pub(crate) struct Expired {
    sessions: Vec<Uuid>,
    refresh_tokens: Vec<Uuid>,
    mail_links: Vec<Uuid>,
    wrong_guesses: Vec<String>,
    invitations: Vec<Uuid>,
}

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    pub(crate) sessions: usize,
    pub(crate) refresh_tokens: usize,
    #[serde(default)]
    pub(crate) mail_links: usize,
    #[serde(default)]
    pub(crate) wrong_guesses: usize,
    #[serde(default)]
    pub(crate) invitations: usize,
}

impl AddAssign for Forgotten {
    fn add_assign(&mut self, more: Self) {
        self.sessions += more.sessions;
        self.refresh_tokens += more.refresh_tokens;
        self.mail_links += more.mail_links;
        self.wrong_guesses += more.wrong_guesses;
        self.invitations += more.invitations;
    }
}

impl Expired {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.sessions, &self.refresh_tokens, &self.mail_links, &self.invitations].iter().all(|ids| ids.is_empty())
            && self.wrong_guesses.is_empty()
    }
}

impl AuthStore {
    /// At most so many of each that have expired by `now`.
    pub(crate) async fn expired(&self, now: Time, at_most: u64) -> Result<Expired, Fault> {
        Ok(Expired {
            sessions: self.expired_in("sessions", now, at_most).await?,
            refresh_tokens: self.expired_in("refresh_tokens", now, at_most).await?,
            mail_links: self.expired_in("mail_links", now, at_most).await?,
            wrong_guesses: self.stale_guesses(now, at_most).await?,
            invitations: self.expired_in("invitations", now, at_most).await?,
        })
    }

    async fn expired_in(&self, table: &'static str, now: Time, at_most: u64) -> Result<Vec<Uuid>, Fault> {
        let sql = format!("SELECT id FROM {table} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2");
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let query = statement(self.inner().backend(), sql, [now.into(), at_most.into()]);
        let rows = self.inner().read(self.inner().primary().query_all_raw(query)).await?;
        rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

/// Their end. That they expired is no version in history: everybody could tell it from when they began.
pub(crate) struct ForgetExpired {
    expired: Expired,
    forgotten: Arc<Mutex<Forgotten>>,
}

impl ForgetExpired {
    /// Forgets these, and says in `forgotten` how many were still there.
    pub(crate) fn new(expired: Expired, forgotten: &Arc<Mutex<Forgotten>>) -> Self {
        Self { expired, forgotten: Arc::clone(forgotten) }
    }
}

#[async_trait::async_trait]
impl Change for ForgetExpired {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Expired { sessions, refresh_tokens, mail_links, wrong_guesses, invitations } = &self.expired;
        let sessions = delete(tx, "sessions", "id", sessions).await?;
        let refresh_tokens = delete(tx, "refresh_tokens", "id", refresh_tokens).await?;
        let mail_links = delete(tx, "mail_links", "id", mail_links).await?;
        let wrong_guesses = wrong_guesses::forget(tx, wrong_guesses).await?;
        delete(tx, "invitation_links", "invitation_id", invitations).await?;
        let invitations = delete(tx, "invitations", "id", invitations).await?;
        *self.forgotten.lock().unwrap_or_else(PoisonError::into_inner) =
            Forgotten { sessions, refresh_tokens, mail_links, wrong_guesses, invitations };
        Ok(Vec::new())
    }
}

/// How many of them were still there.
async fn delete(tx: &DatabaseTransaction, table: &str, column: &str, ids: &[Uuid]) -> Result<usize, ChangeError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let sql = format!("DELETE FROM {table} WHERE {column} IN {}", placeholders(1, ids.len()));
    let deleted = run(tx, &sql, ids.iter().map(|id| Value::from(*id))).await?;
    Ok(usize::try_from(deleted).unwrap_or(ids.len()))
}
