//! What stands against the use of accounts. Every change of it is a change of the account: it names the version it was
//! decided on.

use super::user_changes::update;
use super::ways_in::{end_ways_in, forget_ways_in};
use super::{AuthStore, User, profiles, run};
use crate::domain::{AccountState, Bar, HANDLE_RETIRED_FOR, Handle};
use ::store::{Change, ChangeError, Changed, destroy_subject, statement};
use auth_contract::reasons;
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, QueryResult};
use serde_json::json;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    bar: String,
    reason: Option<String>,
    decided_by: Option<Uuid>,
    since: Time,
    until: Option<Time>,
}

#[derive(FromQueryResult)]
struct Due {
    user_id: Uuid,
}

impl AuthStore {
    /// What stands against the use of the account, if anything does.
    pub(crate) async fn account_state(&self, user: UserId) -> Result<Option<AccountState>, Fault> {
        let sql = "SELECT bar, reason, decided_by, since, until FROM account_states WHERE user_id = $1";
        let row: Option<Row> = self.one(sql, [user.0.into()]).await?;
        let Some(Row { bar, reason, decided_by, since, until }) = row else { return Ok(None) };
        let bar = Bar::parse(&bar).ok_or_else(|| Fault::internal(format!("no account is `{bar}`")))?;
        Ok(Some(AccountState { bar, reason, decided_by: decided_by.map(UserId), since, until }))
    }

    /// The communities in which some account's suspension is over, or its time to be deleted has come.
    pub(crate) async fn tenants_with_due_accounts(&self, now: Time) -> Result<Vec<TenantId>, Fault> {
        let sql = "SELECT DISTINCT tenant_id FROM account_states WHERE until <= $1 ORDER BY tenant_id";
        let rows = self.inner().primary().query_all_raw(statement(self.inner().backend(), sql, [now.into()]));
        let rows = self.inner().read(rows).await?;
        let tenant = |row: &QueryResult| row.try_get("", "tenant_id").map(TenantId);
        rows.iter().map(tenant).collect::<Result<_, _>>().map_err(Fault::internal)
    }

    /// Such an account of this community.
    pub(crate) async fn due_account(&self, tenant: TenantId, now: Time) -> Result<Option<User>, Fault> {
        let sql = "SELECT user_id FROM account_states WHERE tenant_id = $1 AND until <= $2 ORDER BY until LIMIT 1";
        let due: Option<Due> = self.one(sql, [tenant.0.into(), now.into()]).await?;
        let Some(Due { user_id }) = due else { return Ok(None) };
        self.user_by_id(tenant, UserId(user_id)).await
    }

    /// Whether somebody had that handle until not long ago.
    pub(crate) async fn is_handle_retired(&self, tenant: TenantId, handle: &Handle, now: Time) -> Result<bool, Fault> {
        let query = statement(self.inner().backend(), RETIRED, [tenant.0.into(), handle.as_str().into(), now.into()]);
        Ok(self.inner().read(self.inner().primary().query_one_raw(query)).await?.is_some())
    }
}

const RETIRED: &str = "SELECT id FROM retired_handles WHERE tenant_id = $1 AND handle = $2 AND until > $3 LIMIT 1";

/// Whether nobody may have that handle yet. Asked in the transaction that would give it away.
pub(super) async fn is_retired(
    tx: &DatabaseTransaction,
    tenant: Uuid,
    handle: &str,
    now: Time,
) -> Result<bool, ChangeError> {
    let query = statement(tx.get_database_backend(), RETIRED, [tenant.into(), handle.into(), now.into()]);
    Ok(tx.query_one_raw(query).await?.is_some())
}

/// Refuses what would let somebody in while something stands against that. Their account's row is locked by whoever calls,
/// so that nobody is shut out between this and the commit.
pub(super) async fn refuse_barred(tx: &DatabaseTransaction, user: Uuid, now: Time) -> Result<(), ChangeError> {
    let sql =
        "SELECT bar FROM account_states WHERE user_id = $1 AND (bar <> $2 OR until IS NULL OR until > $3) LIMIT 1";
    let values = [user.into(), Bar::Suspended.name().into(), now.into()];
    match tx.query_one_raw(statement(tx.get_database_backend(), sql, values)).await? {
        Some(_) => Err(reasons::SUSPENDED.fault().detail("This account is suspended, or is being deleted.").into()),
        None => Ok(()),
    }
}

/// Something new stands against the use of the account. Whatever let its owner in has ended.
pub(crate) struct BarAccount {
    /// The account as it was.
    pub(crate) user: User,
    /// What stood against it.
    pub(crate) before: Option<Bar>,
    pub(crate) state: AccountState,
}

#[async_trait::async_trait]
impl Change for BarAccount {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let (user, at) = (self.user.user_id(), self.state.since);
        let mut changed = vec![update(tx, self.user.clone()).await?];
        leave_state(tx, user, self.before).await?;
        changed.push(enter_state(tx, &self.user, &self.state).await?);
        changed.extend(end_ways_in(tx, user, at).await?);
        Ok(changed)
    }
}

/// Nothing stands against the use of the account any more.
pub(crate) struct UnbarAccount {
    pub(crate) user: User,
    pub(crate) before: Bar,
}

#[async_trait::async_trait]
impl Change for UnbarAccount {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let next = update(tx, self.user.clone()).await?;
        leave_state(tx, self.user.user_id(), Some(self.before)).await?;
        Ok(vec![next, unbarred(&self.user)])
    }
}

/// The end of an account: nothing is left by which anybody could tell whose it was, and nobody gets its handle for a while.
pub(crate) struct EraseAccount {
    /// The account as it was.
    pub(crate) user: User,
    /// Its names from now on.
    pub(crate) email: String,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    /// The row that keeps its handle from others.
    pub(crate) retired: Uuid,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for EraseAccount {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let user = User {
            email: self.email.clone(),
            handle: self.handle.clone(),
            display_name: self.display_name.clone(),
            // No password fits it.
            password_hash: String::new(),
            email_proven_at: None,
            ..self.user.clone()
        };
        let mut changed = vec![update(tx, user).await?];
        leave_state(tx, self.user.user_id(), Some(Bar::Leaving)).await?;
        let gone = AccountState { bar: Bar::Gone, reason: None, decided_by: None, since: self.at, until: None };
        changed.push(enter_state(tx, &self.user, &gone).await?);
        changed.extend(end_ways_in(tx, self.user.user_id(), self.at).await?);
        forget_ways_in(tx, self.user.user_id()).await?;
        profiles::forget(tx, self.user.user_id()).await?;
        destroy_subject(tx, self.user.id, self.at).await?;
        run(tx, "DELETE FROM retired_handles WHERE until <= $1", [self.at.into()]).await?;
        let sql = "INSERT INTO retired_handles (id, tenant_id, handle, until) VALUES ($1, $2, $3, $4)";
        let values = [
            self.retired.into(),
            self.user.tenant_id.into(),
            self.user.handle.as_str().into(),
            (self.at + HANDLE_RETIRED_FOR).into(),
        ];
        run(tx, sql, values).await?;
        Ok(changed)
    }
}

/// Whoever wanted to leave stays: they have logged in. Their account's row is locked by whoever calls.
pub(super) async fn come_back(tx: &DatabaseTransaction, user: UserId) -> Result<(), ChangeError> {
    let sql = "DELETE FROM account_states WHERE user_id = $1 AND bar = $2 AND decided_by = $1";
    run(tx, sql, [user.0.into(), Bar::Leaving.name().into()]).await.map(drop)
}

async fn leave_state(tx: &DatabaseTransaction, user: UserId, before: Option<Bar>) -> Result<(), ChangeError> {
    let Some(before) = before else { return Ok(()) };
    let sql = "DELETE FROM account_states WHERE user_id = $1 AND bar = $2";
    match run(tx, sql, [user.0.into(), before.name().into()]).await? {
        0 => Err(ChangeError::Stale),
        _ => Ok(()),
    }
}

/// The account's version has moved on before, and stands for that of its state.
async fn enter_state(tx: &DatabaseTransaction, user: &User, state: &AccountState) -> Result<Revision, ChangeError> {
    let sql = "INSERT INTO account_states (user_id, tenant_id, bar, reason, decided_by, since, until) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        user.id.into(),
        user.tenant_id.into(),
        state.bar.name().into(),
        state.reason.clone().into(),
        state.decided_by.map(|id| id.0).into(),
        state.since.into(),
        state.until.into(),
    ];
    run(tx, sql, values).await?;
    let told = json!({ "bar": state.bar.name(), "decided_by": state.decided_by, "until": state.until });
    Ok(Revision { kind: "account_state", id: user.id, version: user.version + 1, state: Some(told) })
}

fn unbarred(user: &User) -> Revision {
    Revision { kind: "account_state", id: user.id, version: user.version + 1, state: Some(json!({ "bar": null })) }
}
