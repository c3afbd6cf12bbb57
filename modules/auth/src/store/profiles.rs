//! What people tell everybody about themselves. A change of it is a change of their account.

use super::user_changes::update;
use super::{AuthStore, User, run};
use ::store::{Change, ChangeError, Changed};
use kernel::{Fault, Revision, UserId};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use serde_json::json;

/// What somebody tells beside their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct ProfileRow {
    pub(crate) pronouns: String,
    pub(crate) about: String,
}

impl AuthStore {
    /// What the user tells; empty where they told nothing.
    pub(crate) async fn profile(&self, user: UserId) -> Result<ProfileRow, Fault> {
        let sql = "SELECT pronouns, about FROM profiles WHERE user_id = $1";
        Ok(self.one(sql, [user.0.into()]).await?.unwrap_or_default())
    }
}

/// Another name, and what is told beside it.
pub(crate) struct ChangeProfile {
    /// The account as it was.
    pub(crate) user: User,
    pub(crate) display_name: String,
    pub(crate) profile: ProfileRow,
}

#[async_trait::async_trait]
impl Change for ChangeProfile {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        let user = User { display_name: self.display_name.clone(), ..self.user.clone() };
        let (id, version) = (user.id, user.version + 1);
        let changed = update(tx, user).await?;
        forget(tx, UserId(id)).await?;
        let ProfileRow { pronouns, about } = &self.profile;
        let sql = "INSERT INTO profiles (user_id, pronouns, about) VALUES ($1, $2, $3)";
        run(tx, sql, [id.into(), pronouns.as_str().into(), about.as_str().into()]).await?;
        let state = json!({ "pronouns": pronouns, "about": about });
        Ok(vec![changed, Revision { kind: "profile", id, version, state: Some(state) }])
    }
}

/// Forgets what the user told.
pub(super) async fn forget(tx: &DatabaseTransaction, user: UserId) -> Result<(), ChangeError> {
    run(tx, "DELETE FROM profiles WHERE user_id = $1", [user.0.into()]).await.map(drop)
}
