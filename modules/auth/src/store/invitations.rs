//! Invitations and their links. How often one may be used is decided where the use is written, row by row: of two who come
//! at once for the last place, one is late.

use super::{AuthStore, account_states, run};
use crate::domain::{InvitationState, MOST_AT_ONCE};
use ::store::{Change, ChangeError, Changed, statement};
use auth_contract::reasons;
use chrono::TimeDelta;
use kernel::{Fault, Revision, TenantId, Time, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use serde_json::json;
use uuid::Uuid;

/// An invitation, with the names of whoever invited.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Invitation {
    pub(crate) id: Uuid,
    pub(crate) invited_by: Option<Uuid>,
    pub(crate) inviter_handle: Option<String>,
    pub(crate) inviter_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) most_uses: i64,
    pub(crate) uses: i64,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) ended_at: Option<Time>,
    pub(crate) version: i64,
}

impl Invitation {
    pub(crate) fn state(&self) -> InvitationState {
        let Self { expires_at, ended_at, uses, most_uses, .. } = *self;
        InvitationState { expires_at, ended_at, uses, most_uses }
    }

    fn revision(&self) -> Revision {
        let state = json!({
            "invited_by": self.invited_by,
            "email": self.email,
            "most_uses": self.most_uses,
            "uses": self.uses,
            "expires_at": self.expires_at,
            "ended_at": self.ended_at,
        });
        Revision { kind: "invitation", id: self.id, version: self.version, state: Some(state) }
    }
}

/// An invitation, reached by one of its links.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) invitation: Invitation,
    /// Whether the link was mailed to the invited address.
    pub(crate) mailed: bool,
}

#[derive(FromQueryResult)]
struct LinkRow {
    invitation_id: Uuid,
    mailed: bool,
}

const SELECT: &str = "SELECT i.id, i.invited_by, u.handle AS inviter_handle, u.display_name AS inviter_name, i.email, \
                      i.note, i.most_uses, i.uses, i.created_at, i.expires_at, i.ended_at, i.version \
                      FROM invitations i LEFT JOIN users u ON u.id = i.invited_by";

impl AuthStore {
    pub(crate) async fn invitation(&self, tenant: TenantId, id: Uuid) -> Result<Option<Invitation>, Fault> {
        let sql = format!("{SELECT} WHERE i.id = $1 AND i.tenant_id = $2");
        self.one(&sql, [id.into(), tenant.0.into()]).await
    }

    pub(crate) async fn reached_invitation(&self, tenant: TenantId, hash: &str) -> Result<Option<Reached>, Fault> {
        let sql = "SELECT invitation_id, mailed FROM invitation_links WHERE token_hash = $1 AND tenant_id = $2";
        let link: Option<LinkRow> = self.one(sql, [hash.into(), tenant.0.into()]).await?;
        let Some(LinkRow { invitation_id, mailed }) = link else { return Ok(None) };
        Ok(self.invitation(tenant, invitation_id).await?.map(|invitation| Reached { invitation, mailed }))
    }

    /// Invitations that are good at `now`, the newest first, after `before`: those of one person, or everybody's.
    pub(crate) async fn open_invitations(
        &self,
        tenant: TenantId,
        of: Option<UserId>,
        now: Time,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Invitation>, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![tenant.0.into(), now.into(), limit.into()];
        let mut only = String::new();
        for (column, value) in [("i.invited_by =", of.map(|id| id.0)), ("i.id <", before)] {
            if let Some(value) = value {
                values.push(value.into());
                only.push_str(&format!(" AND {column} ${}", values.len()));
            }
        }
        let sql = format!(
            "{SELECT} WHERE i.tenant_id = $1 AND i.ended_at IS NULL AND i.uses < i.most_uses AND i.expires_at > $2{only} \
             ORDER BY i.id DESC LIMIT $3"
        );
        let query = Invitation::find_by_statement(statement(self.inner().backend(), sql, values));
        self.inner().read(query.all(self.inner().primary())).await
    }
}

/// A link on its way to whoever is invited.
#[derive(Debug, Clone)]
pub(crate) struct NewLink {
    pub(crate) id: Uuid,
    pub(crate) token_hash: String,
    pub(crate) mailed: bool,
}

/// A new invitation, with its link where that is handed over; another mail brings another one.
pub(crate) struct AddInvitation {
    pub(crate) invitation: Invitation,
    pub(crate) tenant: TenantId,
    pub(crate) link: Option<NewLink>,
}

#[async_trait::async_trait]
impl Change for AddInvitation {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Invitation { id, invited_by, email, note, most_uses, created_at, expires_at, version, .. } =
            &self.invitation;
        if let Some(inviter) = invited_by {
            has_some_left(tx, *inviter, *created_at).await?;
        }
        if let Some(email) = email {
            is_not_invited(tx, self.tenant, email, *created_at).await?;
        }
        let sql = "INSERT INTO invitations (id, tenant_id, invited_by, email, note, most_uses, uses, created_at, \
                   expires_at, version) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)";
        let values = [
            (*id).into(),
            self.tenant.0.into(),
            (*invited_by).into(),
            email.clone().into(),
            note.clone().into(),
            (*most_uses).into(),
            (*created_at).into(),
            (*expires_at).into(),
            (*version).into(),
        ];
        run(tx, sql, values).await?;
        if let Some(link) = &self.link {
            add_link(tx, self.tenant, *id, link).await?;
        }
        Ok(vec![self.invitation.revision()])
    }
}

/// Refuses whoever has invited too many. Their account's row is locked until the transaction ends, so that they cannot do
/// at once what they may not do one after the other.
async fn has_some_left(tx: &DatabaseTransaction, inviter: Uuid, now: Time) -> Result<(), ChangeError> {
    let backend = tx.get_database_backend();
    if backend != DbBackend::Sqlite {
        tx.query_one_raw(statement(backend, "SELECT id FROM users WHERE id = $1 FOR UPDATE", [inviter.into()])).await?;
    }
    account_states::refuse_barred(tx, inviter, now).await?;
    let sql = "SELECT COUNT(*) AS made FROM invitations WHERE invited_by = $1 AND (created_at > $2 \
               OR (ended_at IS NULL AND uses < most_uses AND expires_at > $3))";
    let values = [inviter.into(), (now - TimeDelta::days(1)).into(), now.into()];
    let row = tx.query_one_raw(statement(backend, sql, values)).await?.ok_or(ChangeError::Stale)?;
    let made: i64 = row.try_get("", "made")?;
    if made < MOST_AT_ONCE { Ok(()) } else { Err(reasons::TOO_MANY_INVITATIONS.fault().into()) }
}

async fn is_not_invited(tx: &DatabaseTransaction, tenant: TenantId, email: &str, now: Time) -> Result<(), ChangeError> {
    let sql = "SELECT id FROM invitations WHERE tenant_id = $1 AND email = $2 AND ended_at IS NULL \
               AND uses < most_uses AND expires_at > $3 LIMIT 1";
    let find = statement(tx.get_database_backend(), sql, [tenant.0.into(), email.into(), now.into()]);
    match tx.query_one_raw(find).await? {
        None => Ok(()),
        Some(_) => Err(reasons::ALREADY_INVITED.fault().into()),
    }
}

/// Another link to an invitation. Stale when that has ended since.
pub(crate) struct AddInvitationLink {
    pub(crate) invitation: Invitation,
    pub(crate) tenant: TenantId,
    pub(crate) link: NewLink,
}

#[async_trait::async_trait]
impl Change for AddInvitationLink {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let Invitation { id, version, .. } = self.invitation;
        let sql = "UPDATE invitations SET version = version + 1 WHERE id = $1 AND version = $2";
        if run(tx, sql, [id.into(), version.into()]).await? == 0 {
            return Err(ChangeError::Stale);
        }
        add_link(tx, self.tenant, id, &self.link).await?;
        Ok(vec![Invitation { version: version + 1, ..self.invitation.clone() }.revision()])
    }
}

async fn add_link(tx: &DatabaseTransaction, tenant: TenantId, of: Uuid, link: &NewLink) -> Result<(), ChangeError> {
    let sql = "INSERT INTO invitation_links (id, tenant_id, invitation_id, token_hash, mailed) \
               VALUES ($1, $2, $3, $4, $5)";
    let NewLink { id, token_hash, mailed } = link;
    let values = [(*id).into(), tenant.0.into(), of.into(), token_hash.as_str().into(), (*mailed).into()];
    run(tx, sql, values).await.map(drop)
}

/// The end of an invitation before its time. Stale when somebody used it since.
pub(crate) struct EndInvitation {
    pub(crate) invitation: Invitation,
    pub(crate) at: Time,
}

#[async_trait::async_trait]
impl Change for EndInvitation {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let sql = "UPDATE invitations SET ended_at = $1, version = version + 1 WHERE id = $2 AND version = $3";
        let Invitation { id, version, .. } = self.invitation;
        match run(tx, sql, [self.at.into(), id.into(), version.into()]).await? {
            0 => Err(ChangeError::Stale),
            _ => {
                let ended = Invitation { ended_at: Some(self.at), version: version + 1, ..self.invitation.clone() };
                Ok(vec![ended.revision()])
            }
        }
    }
}

/// Ends every invitation of somebody that could still let others in.
pub(super) async fn end_all_of(tx: &DatabaseTransaction, inviter: UserId, at: Time) -> Result<Changed, ChangeError> {
    let sql = format!("{SELECT} WHERE i.invited_by = $1 AND i.ended_at IS NULL AND i.uses < i.most_uses ORDER BY i.id");
    let open = Invitation::find_by_statement(statement(tx.get_database_backend(), sql, [inviter.0.into()]));
    let mut changed = Vec::new();
    for invitation in open.all(tx).await? {
        changed.extend(EndInvitation { invitation, at }.apply(tx).await?);
    }
    Ok(changed)
}

/// One use of an invitation. Stale when there is none left.
pub(super) async fn spend(tx: &DatabaseTransaction, id: Uuid, at: Time) -> Result<Revision, ChangeError> {
    // No version is named: several people may use one link at the same time, as long as places are left.
    let sql = "UPDATE invitations SET uses = uses + 1, version = version + 1 \
               WHERE id = $1 AND ended_at IS NULL AND uses < most_uses AND expires_at > $2";
    if run(tx, sql, [id.into(), at.into()]).await? == 0 {
        return Err(ChangeError::Stale);
    }
    let sql = format!("{SELECT} WHERE i.id = $1");
    let used = Invitation::find_by_statement(statement(tx.get_database_backend(), sql, [id.into()]));
    Ok(used.one(tx).await?.ok_or(ChangeError::Stale)?.revision())
}
