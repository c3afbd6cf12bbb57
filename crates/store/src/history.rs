//! The module's temporal table: every version of every aggregate with the time it held, so that "as of" can be asked.

use crate::Store;
use crate::digests::Digested;
use crate::sql::{Script, statement};
use kernel::{Fault, Permit, Revision, Time};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::Value;
use uuid::Uuid;

/// One version of an aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Counting from 1.
    pub version: i64,
    /// Its state, or nothing when this version says that it was deleted.
    pub state: Option<Value>,
    /// What made it.
    pub operation: String,
    /// Who made it.
    pub actor: String,
    /// From when it held.
    pub valid_from: Time,
    /// Until when it held; nothing while it still does.
    pub valid_to: Option<Time>,
}

const COLUMNS: &str = "version, state, operation, actor, valid_from, valid_to";

impl Store {
    /// The aggregate as it was at `at`.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn as_of(&self, kind: &str, id: Uuid, at: Time) -> Result<Option<Version>, Fault> {
        let sql = format!(
            "SELECT {COLUMNS} FROM history WHERE kind = $1 AND id = $2 AND valid_from <= $3 \
             AND (valid_to IS NULL OR valid_to > $3) ORDER BY version DESC LIMIT 1"
        );
        let query = statement(self.backend(), sql, [kind.into(), id.into(), at.into()]);
        let row = self.read(self.primary().query_one_raw(query)).await?;
        row.as_ref().map(version).transpose().map_err(Fault::internal)
    }

    /// Every version of the aggregate, the first one first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn versions(&self, kind: &str, id: Uuid) -> Result<Vec<Version>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM history WHERE kind = $1 AND id = $2 ORDER BY version");
        let query = statement(self.backend(), sql, [kind.into(), id.into()]);
        let rows = self.read(self.primary().query_all_raw(query)).await?;
        rows.iter().map(version).collect::<Result<_, _>>().map_err(Fault::internal)
    }
}

fn version(row: &QueryResult) -> Result<Version, DbErr> {
    let state: Option<String> = row.try_get("", "state")?;
    let parse = |text: String| serde_json::from_str(&text).map_err(|e| DbErr::Json(e.to_string()));
    Ok(Version {
        version: row.try_get("", "version")?,
        state: state.map(parse).transpose()?,
        operation: row.try_get("", "operation")?,
        actor: row.try_get("", "actor")?,
        valid_from: row.try_get("", "valid_from")?,
        valid_to: row.try_get("", "valid_to")?,
    })
}

/// Closes the version before each revision and opens the revision itself.
pub(crate) fn record(script: &mut Script, permit: &Permit, revisions: &[Revision], digested: &[Digested], at: Time) {
    for (revision, Digested { key, state, .. }) in revisions.iter().zip(digested) {
        if revision.version > 1 {
            let close = "UPDATE history SET valid_to = $1 WHERE kind = $2 AND id = $3 AND version = $4";
            let before = revision.version - 1;
            script.add(close, vec![at.into(), revision.kind.into(), revision.id.into(), before.into()]);
        }
        let open = "INSERT INTO history (kind, id, version, state, operation, actor, valid_from, digest_key) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = vec![
            revision.kind.into(),
            revision.id.into(),
            revision.version.into(),
            state.clone().into(),
            permit.operation().id.into(),
            permit.caller().actor.principal.to_string().into(),
            at.into(),
            key.as_str().into(),
        ];
        script.add(open, values);
    }
}
