//! Accounts.

use super::{AuthStore, account_states, invitations, run, setup_links};
use crate::domain::{Bar, Email, Handle};
use ::store::{Change, ChangeError, Changed, statement};
use auth_contract::reasons;
use auth_contract::reasons::COMMUNITY_FULL;
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use uuid::Uuid;

const COLUMNS: &str = "id, tenant_id, email, handle, display_name, password_hash, founder, created_at, email_proven_at, \
                       version";

/// An account.
#[derive(Clone, FromQueryResult)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) email: String,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) password_hash: String,
    pub(crate) founder: bool,
    pub(crate) created_at: Time,
    /// When its owner last showed that they read the mail of its address.
    pub(crate) email_proven_at: Option<Time>,
    pub(crate) version: i64,
}

impl User {
    pub(crate) fn user_id(&self) -> UserId {
        UserId(self.id)
    }

    /// The account as history keeps it: without the password's hash.
    pub(super) fn revision(&self) -> Revision {
        let state = json!({
            "tenant_id": self.tenant_id,
            "email": self.email,
            "handle": self.handle,
            "display_name": self.display_name,
            "founder": self.founder,
            "created_at": self.created_at,
            "email_proven_at": self.email_proven_at,
        });
        Revision { kind: "user", id: self.id, version: self.version, state: Some(state) }
    }
}

impl AuthStore {
    pub(crate) async fn user_by_id(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1 AND tenant_id = $2");
        self.one(&sql, [id.0.into(), tenant.0.into()]).await
    }

    pub(crate) async fn user_by_email(&self, tenant: TenantId, email: &Email) -> Result<Option<User>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = $1 AND email = $2");
        self.one(&sql, [tenant.0.into(), email.as_str().into()]).await
    }

    pub(crate) async fn user_by_handle(&self, tenant: TenantId, handle: &Handle) -> Result<Option<User>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = $1 AND handle = $2");
        self.one(&sql, [tenant.0.into(), handle.as_str().into()]).await
    }

    /// Whether somebody was made to run the community already.
    pub(crate) async fn has_founder(&self, tenant: TenantId) -> Result<bool, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = $1 AND founder = $2 LIMIT 1");
        Ok(self.one::<User>(&sql, [tenant.0.into(), true.into()]).await?.is_some())
    }
}

/// What a new account was made with, and spends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spends {
    /// Nothing.
    Nothing,
    /// This set-up link. Stale when somebody else spent it.
    Link(Uuid),
    /// One use of this invitation, and the address it proves: where its link was mailed. Stale when none is left.
    Invitation(Uuid, Option<String>),
    /// Every set-up link: there is nothing left to set up.
    EveryLink,
}

/// A new account.
pub(crate) struct AddUser {
    pub(crate) user: User,
    pub(crate) spends: Spends,
    /// How many accounts the community may have; none is any number.
    pub(crate) member_limit: Option<i64>,
}

#[async_trait::async_trait]
impl Change for AddUser {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let user = &self.user;
        let mut changed = match &self.spends {
            Spends::Nothing => Vec::new(),
            Spends::Link(id) => vec![setup_links::spend(tx, *id, user.created_at).await?],
            Spends::Invitation(id, _) => vec![invitations::spend(tx, *id, user.created_at).await?],
            Spends::EveryLink => setup_links::spend_all(tx, user.tenant_id, user.created_at).await?,
        };
        if account_states::is_retired(tx, user.tenant_id, &user.handle, user.created_at).await? {
            return Err(reasons::HANDLE_TAKEN.fault().into());
        }
        let sql = format!("INSERT INTO users ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        let values = [
            user.id.into(),
            user.tenant_id.into(),
            user.email.as_str().into(),
            user.handle.as_str().into(),
            user.display_name.as_str().into(),
            user.password_hash.as_str().into(),
            user.founder.into(),
            user.created_at.into(),
            user.email_proven_at.into(),
            user.version.into(),
        ];
        run(tx, &sql, values).await?;
        self.within_limit(tx).await?;
        changed.push(user.revision());
        Ok(changed)
    }
}

impl AddUser {
    /// Counted behind the insert. Of two that come at once neither may see the other: then there is one too many.
    async fn within_limit(&self, tx: &DatabaseTransaction) -> Result<(), ChangeError> {
        let Some(limit) = self.member_limit else { return Ok(()) };
        // Neither those who are gone nor programs take up anybody's place.
        let count = "SELECT COUNT(*) AS members FROM users u WHERE u.tenant_id = $1 \
                     AND NOT EXISTS (SELECT 1 FROM account_states a WHERE a.user_id = u.id AND a.bar = $2) \
                     AND NOT EXISTS (SELECT 1 FROM service_accounts s WHERE s.user_id = u.id)";
        let values = [self.user.tenant_id.into(), Bar::Gone.name().into()];
        let row = tx.query_one_raw(statement(tx.get_database_backend(), count, values)).await?;
        let members: i64 = row.map_or(Ok(0), |row| row.try_get("", "members"))?;
        if members > limit { Err(COMMUNITY_FULL.fault().into()) } else { Ok(()) }
    }
}
