//! Answers kept under idempotency keys, in the transaction that did the work.

use crate::{ChangeError, Store, faults, sql::statement};
use kernel::{Fault, Principal, Replay, Replays, Time, reasons};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::Value;

#[async_trait::async_trait]
impl Replays for Store {
    async fn recall(&self, scope: &str) -> Result<Option<Replay>, Fault> {
        let sql = "SELECT fingerprint, answer FROM replays WHERE scope = $1";
        let query = statement(self.backend(), sql, [scope.into()]);
        let Some(row) = self.read(self.primary().query_one_raw(query)).await? else {
            return Ok(None);
        };
        let fingerprint = row.try_get("", "fingerprint").map_err(Fault::internal)?;
        let answer: String = row.try_get("", "answer").map_err(Fault::internal)?;
        let answer = serde_json::from_str(&answer).map_err(Fault::internal)?;
        Ok(Some(Replay { scope: scope.to_owned(), fingerprint, answer }))
    }
}

pub(crate) async fn record(
    tx: &DatabaseTransaction,
    replay: &Replay,
    whose: &Principal,
    answer: &Value,
    at: Time,
) -> Result<(), ChangeError> {
    let sql = "INSERT INTO replays (scope, fingerprint, answer, created_at, of_service) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        replay.scope.as_str().into(),
        replay.fingerprint.as_str().into(),
        answer.to_string().into(),
        at.into(),
        i16::from(matches!(whose, Principal::Service(_))).into(),
    ];
    match tx.execute_raw(statement(tx.get_database_backend(), sql, values)).await {
        Ok(_) => Ok(()),
        // The same key committed a moment ago. The pipeline sees `Stale`, looks again, and finds the answer.
        Err(error) if faults::violated_constraint(&error).is_some() => Err(reasons::STALE.fault().into()),
        Err(error) => Err(error.into()),
    }
}
