//! Log-ins of either kind, as their owner sees and ends them; and who shows an access token.

use super::AuthStore;
use ::store::statement;
use kernel::{Fault, SessionId, TenantId, Time, UserId};
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};
use uuid::Uuid;

/// How somebody is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogInKind {
    /// With a browser and its session cookie.
    Browser,
    /// With an API client and its tokens.
    Api,
}

/// One log-in.
#[derive(Debug, Clone)]
pub(crate) struct LogInRow {
    pub(crate) id: SessionId,
    pub(crate) kind: LogInKind,
    pub(crate) user: UserId,
    pub(crate) created_at: Time,
    pub(crate) last_seen_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) ended_at: Option<Time>,
}

/// Whoever an access token speaks of.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Bearer {
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) revoked: bool,
}

const SESSIONS: &str = "SELECT id, 'browser' AS kind, tenant_id, user_id, created_at, last_seen_at, expires_at, \
                        user_agent, address, ended_at FROM sessions";

/// The newest token stands for its family: nothing was given for it yet.
const FAMILIES: &str = "SELECT family_id AS id, 'api' AS kind, tenant_id, user_id, authenticated_at AS created_at, \
                        issued_at AS last_seen_at, expires_at, NULL AS user_agent, NULL AS address, \
                        revoked_at AS ended_at FROM refresh_tokens WHERE used_at IS NULL";

impl AuthStore {
    /// The log-in of that id, ended or not.
    pub(crate) async fn log_in(&self, tenant: TenantId, id: SessionId) -> Result<Option<LogInRow>, Fault> {
        let sql = format!("SELECT * FROM ({SESSIONS} UNION ALL {FAMILIES}) l WHERE l.id = $1 AND l.tenant_id = $2");
        self.one(&sql, [id.0.into(), tenant.0.into()]).await
    }

    /// The log-ins of `user` that hold at `now`, the newest first, after `before`.
    pub(crate) async fn log_ins(
        &self,
        user: UserId,
        now: Time,
        used_since: Time,
        before: Option<SessionId>,
        limit: u64,
    ) -> Result<Vec<LogInRow>, Fault> {
        let older = if before.is_some() { "AND l.id < $5" } else { "" };
        let sql = format!(
            "SELECT * FROM ({SESSIONS} UNION ALL {FAMILIES}) l \
             WHERE l.user_id = $1 AND l.ended_at IS NULL AND l.expires_at > $2 \
             AND (l.kind <> 'browser' OR l.last_seen_at > $3) {older} ORDER BY l.id DESC LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 4] = [user.0.into(), now.into(), used_since.into(), limit.into()];
        let values = values.into_iter().chain(before.map(|id| id.0.into()));
        let query = LogInRow::find_by_statement(statement(self.inner().backend(), sql, values));
        self.inner().read(query.all(self.inner().primary())).await
    }

    /// Who an access token of this log-in speaks of, if they still exist.
    pub(crate) async fn bearer(
        &self,
        tenant: TenantId,
        user: UserId,
        log_in: SessionId,
    ) -> Result<Option<Bearer>, Fault> {
        let sql = "SELECT u.handle, u.display_name, EXISTS (SELECT 1 FROM refresh_tokens t \
                   WHERE t.family_id = $3 AND t.revoked_at IS NOT NULL) AS revoked \
                   FROM users u WHERE u.id = $1 AND u.tenant_id = $2";
        self.one(sql, [user.0.into(), tenant.0.into(), log_in.0.into()]).await
    }
}

impl FromQueryResult for LogInRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let kind: String = row.try_get(prefix, "kind")?;
        let (id, user): (Uuid, Uuid) = (row.try_get(prefix, "id")?, row.try_get(prefix, "user_id")?);
        Ok(Self {
            id: SessionId(id),
            kind: if kind == "browser" { LogInKind::Browser } else { LogInKind::Api },
            user: UserId(user),
            created_at: row.try_get(prefix, "created_at")?,
            last_seen_at: row.try_get(prefix, "last_seen_at")?,
            expires_at: row.try_get(prefix, "expires_at")?,
            user_agent: row.try_get(prefix, "user_agent")?,
            address: row.try_get(prefix, "address")?,
            ended_at: row.try_get(prefix, "ended_at")?,
        })
    }
}
