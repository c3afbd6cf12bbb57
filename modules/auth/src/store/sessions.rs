//! Log-ins in a browser. A session begins once and ends once: two versions in history. Being used is not a version.

use super::{AuthStore, Proof, account_states, run};
use crate::domain::{Amr, SessionState, network};
use ::store::{Change, ChangeError, Changed, statement};
use kernel::{Fault, Origin, Revision, SessionId, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// A session together with its user's names.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct SessionRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) last_seen_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) ended_at: Option<Time>,
    /// When somebody last showed in it who they are, and how; none where that was kept by nobody yet.
    pub(crate) authenticated_at: Option<Time>,
    pub(crate) amr: Option<String>,
    pub(crate) handle: String,
    pub(crate) display_name: String,
}

impl SessionRow {
    pub(crate) fn state(&self) -> SessionState {
        SessionState { last_seen_at: self.last_seen_at, expires_at: self.expires_at, ended_at: self.ended_at }
    }
}

impl AuthStore {
    pub(crate) async fn session_by_token(&self, tenant: TenantId, hash: &str) -> Result<Option<SessionRow>, Fault> {
        let sql = "SELECT s.id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.ended_at, \
                   s.authenticated_at, s.amr, u.handle, u.display_name FROM sessions s JOIN users u ON u.id = s.user_id \
                   WHERE s.token_hash = $1 AND s.tenant_id = $2";
        self.one(sql, [hash.into(), tenant.0.into()]).await
    }

    /// Whether the user has logged in from this address's network with a browser lately.
    pub(crate) async fn knows_address(&self, user: UserId, address: &str) -> Result<bool, Fault> {
        let sql = "SELECT DISTINCT address FROM sessions WHERE user_id = $1 AND address IS NOT NULL LIMIT 500";
        let query = statement(self.inner().backend(), sql, [user.0.into()]);
        let rows = self.inner().read(self.inner().primary().query_all_raw(query)).await?;
        let known: Vec<String> =
            rows.iter().map(|row| row.try_get("", "address")).collect::<Result<_, _>>().map_err(Fault::internal)?;
        Ok(known.iter().any(|known| network(known) == network(address)))
    }

    /// Notes that a session was used. The one write without a permit: whoever is being recognised is nobody yet, so
    /// there is nobody to permit anything to, and the instant decides nothing but how long the session is kept.
    pub(crate) async fn touch_session(&self, id: SessionId, at: Time) -> Result<(), Fault> {
        let sql = "UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1";
        let update = statement(self.inner().backend(), sql, [at.into(), id.0.into()]);
        self.inner().note(update).await.map(drop)
    }
}

/// A new session.
pub(crate) struct StartSession {
    pub(crate) id: SessionId,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) token_hash: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) origin: Origin,
    pub(crate) amr: Amr,
    pub(crate) proof: Proof,
}

#[async_trait::async_trait]
impl Change for StartSession {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        self.proof.still_holds(tx, self.user).await?;
        account_states::come_back(tx, self.user).await?;
        // What has expired tells nobody anything any more; without this the table would only ever grow.
        let sweep = "DELETE FROM sessions WHERE user_id = $1 AND expires_at < $2";
        run(tx, sweep, [self.user.0.into(), self.created_at.into()]).await?;
        let sql = "INSERT INTO sessions (id, tenant_id, user_id, token_hash, created_at, last_seen_at, expires_at, \
                   user_agent, address, authenticated_at, amr) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $5, $9)";
        let values = [
            self.id.0.into(),
            self.tenant.0.into(),
            self.user.0.into(),
            self.token_hash.as_str().into(),
            self.created_at.into(),
            self.expires_at.into(),
            self.origin.user_agent.clone().into(),
            self.origin.address.clone().into(),
            self.amr.text().into(),
        ];
        run(tx, sql, values).await?;
        Ok(vec![revision(self.id, self.user, 1, None)])
    }
}

/// The end of a session. Stale when it has ended already.
pub(crate) struct EndSession {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for EndSession {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let sql = "UPDATE sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL";
        match run(tx, sql, [self.at.into(), self.id.0.into()]).await? {
            0 => Err(ChangeError::Stale),
            _ => Ok(vec![revision(self.id, self.user, 2, Some(self.at))]),
        }
    }
}

/// Where somebody logged in from stays out of history, which is kept for longer than sessions are.
fn revision(id: SessionId, user: UserId, version: i64, ended_at: Option<Time>) -> Revision {
    let state = json!({ "user_id": user, "ended_at": ended_at });
    Revision { kind: "session", id: id.0, version, state: Some(state) }
}
