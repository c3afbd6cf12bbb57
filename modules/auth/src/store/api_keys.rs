//! Keys for programs. A key is made once and revoked once: two versions in history. Being used is not a version.

use super::{AuthStore, account_states, run};
use crate::domain::KeyState;
use ::store::{Change, ChangeError, Changed, statement};
use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Fault, Revision, Scopes, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

/// How many keys of one owner may hold at a time.
const MOST_LIVE: i64 = 50;

/// How long a key that has ended stays where it can be looked at. History keeps it longer.
const ENDED_STAY: TimeDelta = TimeDelta::days(30);

const SELECT: &str = "SELECT k.id, k.user_id, k.name, k.hint, k.scopes, k.created_at, k.expires_at, k.revoked_at, \
                      k.last_used_at, k.last_used_from, u.handle, u.display_name, s.user_id AS service_id \
                      FROM api_keys k JOIN users u ON u.id = k.user_id \
                      LEFT JOIN service_accounts s ON s.user_id = k.user_id";

/// A key together with its owner's names.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct KeyRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    pub(crate) hint: String,
    scopes: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) last_used_from: Option<String>,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    service_id: Option<Uuid>,
}

impl KeyRow {
    pub(crate) fn state(&self) -> KeyState {
        KeyState { expires_at: self.expires_at, revoked_at: self.revoked_at }
    }

    pub(crate) fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scopes)
    }

    /// Whether its owner is a service account.
    pub(crate) fn is_of_a_service(&self) -> bool {
        self.service_id.is_some()
    }
}

impl AuthStore {
    pub(crate) async fn key_by_token(&self, tenant: TenantId, hash: &str) -> Result<Option<KeyRow>, Fault> {
        let sql = format!("{SELECT} WHERE k.token_hash = $1 AND k.tenant_id = $2");
        self.one(&sql, [hash.into(), tenant.0.into()]).await
    }

    pub(crate) async fn key(&self, tenant: TenantId, id: Uuid) -> Result<Option<KeyRow>, Fault> {
        self.one(&format!("{SELECT} WHERE k.id = $1 AND k.tenant_id = $2"), [id.into(), tenant.0.into()]).await
    }

    /// The keys of an owner that were not revoked, those that live longest first; expired ones behind them for as long as
    /// there are not too many.
    pub(crate) async fn keys_of(&self, tenant: TenantId, owner: UserId) -> Result<Vec<KeyRow>, Fault> {
        let sql = format!(
            "{SELECT} WHERE k.user_id = $1 AND k.tenant_id = $2 AND k.revoked_at IS NULL \
             ORDER BY k.expires_at DESC, k.id DESC LIMIT 200"
        );
        let query = statement(self.inner().backend(), sql, [owner.0.into(), tenant.0.into()]);
        self.inner().read(KeyRow::find_by_statement(query).all(self.inner().primary())).await
    }

    /// Notes that a key was used. Like that of a session, a write without a permit: the instant and the place decide
    /// nothing.
    pub(crate) async fn touch_key(&self, id: Uuid, at: Time, from: Option<&str>) -> Result<(), Fault> {
        let from = from.map(str::to_owned);
        let sql = "UPDATE api_keys SET last_used_at = $1, last_used_from = $2 \
                   WHERE id = $3 AND (last_used_at IS NULL OR last_used_at < $1)";
        let update = statement(self.inner().backend(), sql, [at.into(), from.into(), id.into()]);
        self.inner().note(update).await.map(drop)
    }
}

/// A new key. Refused when its owner has too many.
pub(crate) struct AddKey {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) owner: UserId,
    pub(crate) name: String,
    pub(crate) token_hash: String,
    pub(crate) hint: String,
    pub(crate) scopes: Scopes,
    pub(crate) made_by: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

#[async_trait::async_trait]
impl Change for AddKey {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let backend = tx.get_database_backend();
        // Whoever makes another one for the same owner waits, and counts this one.
        let lock = if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT id FROM users WHERE id = $1{lock}");
        if tx.query_one_raw(statement(backend, sql, [self.owner.0.into()])).await?.is_none() {
            return Err(ChangeError::Stale);
        }
        account_states::refuse_barred(tx, self.owner.0, self.created_at).await?;
        // Nothing else comes by to clear away what has ended.
        let clear = "DELETE FROM api_keys WHERE user_id = $1 AND (revoked_at < $2 OR expires_at < $2)";
        run(tx, clear, [self.owner.0.into(), (self.created_at - ENDED_STAY).into()]).await?;
        let sql = "SELECT COUNT(*) AS live FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2";
        let live = tx.query_one_raw(statement(backend, sql, [self.owner.0.into(), self.created_at.into()])).await?;
        let live: i64 = live.map(|row| row.try_get("", "live")).transpose()?.unwrap_or_default();
        if live >= MOST_LIVE {
            return Err(reasons::TOO_MANY_KEYS.fault().into());
        }
        let sql = "INSERT INTO api_keys (id, tenant_id, user_id, name, token_hash, hint, scopes, made_by, created_at, \
                   expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = [
            self.id.into(),
            self.tenant.0.into(),
            self.owner.0.into(),
            self.name.as_str().into(),
            self.token_hash.as_str().into(),
            self.hint.as_str().into(),
            self.scopes.to_string().into(),
            self.made_by.as_str().into(),
            self.created_at.into(),
            self.expires_at.into(),
        ];
        run(tx, sql, values).await?;
        let state = json!({
            "user_id": self.owner, "name": self.name, "scopes": self.scopes, "expires_at": self.expires_at,
            "revoked_at": null,
        });
        Ok(vec![Revision { kind: "api_key", id: self.id, version: 1, state: Some(state) }])
    }
}

/// Ends every key of somebody.
pub(super) async fn end_all_of(tx: &DatabaseTransaction, owner: UserId, at: Time) -> Result<Changed, ChangeError> {
    let sql = format!("{SELECT} WHERE k.user_id = $1 AND k.revoked_at IS NULL ORDER BY k.id");
    let live = KeyRow::find_by_statement(statement(tx.get_database_backend(), sql, [owner.0.into()]));
    let mut changed = Vec::new();
    for key in live.all(tx).await? {
        changed.extend(EndKey { key, at }.apply(tx).await?);
    }
    Ok(changed)
}

/// The end of a key. Stale when it has ended already.
pub(crate) struct EndKey {
    pub(crate) key: KeyRow,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for EndKey {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let key = &self.key;
        let sql = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        if run(tx, sql, [self.at.into(), key.id.into()]).await? == 0 {
            return Err(ChangeError::Stale);
        }
        let state = json!({
            "user_id": key.user_id, "name": key.name, "scopes": key.scopes(), "expires_at": key.expires_at,
            "revoked_at": self.at,
        });
        Ok(vec![Revision { kind: "api_key", id: key.id, version: 2, state: Some(state) }])
    }
}
