//! Sagas as operators look for them, and how those that ended long ago go.

use super::micros;
use super::saga_rows::{instant_or_none, saga_row};
use crate::Store;
use crate::sql::statement;
use kernel::{Fault, Page, PageRequest, SagaFilter, SagaSummary, Time};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

impl Store {
    /// Sagas, newest first, 50 at a time unless asked otherwise.
    ///
    /// # Errors
    /// `Invalid` for a cursor or limit that is not one; `Unavailable` when the database does not answer.
    pub async fn sagas(&self, filter: &SagaFilter, page: &PageRequest) -> Result<Page<SagaSummary>, Fault> {
        let size = page.size(50, 200)?;
        let (mut conditions, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
        let mut only = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(format!("{condition} ${}", values.len()));
        };
        for (column, wanted) in [("kind", &filter.kind), ("correlation", &filter.correlation), ("state", &filter.state)]
        {
            if let Some(wanted) = wanted {
                only(&format!("{column} ="), wanted.as_str().into());
            }
        }
        if let Some(cursor) = &page.cursor {
            only("id <", cursor.key::<Uuid>()?.into());
        }
        let matching =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let list = format!(
            "SELECT id, kind, correlation, state, step, attempts, next_us, error, started_us, updated_us FROM sagas \
             {matching} ORDER BY id DESC LIMIT {}",
            size + 1
        );
        let rows = self.read(self.replica().query_all_raw(statement(self.backend(), list, values))).await?;
        let rows = rows.iter().map(summary).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
        Ok(Page::cut(rows, size, |row| row.id))
    }

    /// Forgets sagas that ended before this instant, at most `most` of them. How many went.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_sagas(&self, before: Time, most: u32) -> Result<u64, Fault> {
        let list = format!(
            "SELECT * FROM sagas WHERE state IN ('done', 'undone') AND updated_us < $1 ORDER BY id LIMIT {most}"
        );
        let find = statement(self.backend(), list, [micros(before).into()]);
        let rows = self.read(self.primary().query_all_raw(find)).await?;
        let sagas = rows.iter().map(saga_row).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
        self.in_transaction(async |tx| {
            for saga in &sagas {
                let signals = "DELETE FROM saga_signals WHERE tenant = $1 AND kind = $2 AND correlation = $3";
                let place: [Value; 3] =
                    [saga.tenant.0.into(), saga.kind.as_str().into(), saga.correlation.as_str().into()];
                tx.execute_raw(statement(self.backend(), signals, place)).await?;
                for delete in ["DELETE FROM saga_steps WHERE saga_id = $1", "DELETE FROM sagas WHERE id = $1"] {
                    tx.execute_raw(statement(self.backend(), delete, [saga.id.into()])).await?;
                }
            }
            Ok(u64::try_from(sagas.len()).unwrap_or(0))
        })
        .await
    }

    /// Forgets signals sent before this instant to sagas that never began: up to a thousand. How many went.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn forget_stray_signals(&self, before: Time) -> Result<u64, Fault> {
        let strays = "received_us < $1 AND NOT EXISTS (SELECT 1 FROM sagas WHERE sagas.tenant = saga_signals.tenant \
                      AND sagas.kind = saga_signals.kind AND sagas.correlation = saga_signals.correlation)";
        self.delete_some("saga_signals", strays, vec![micros(before).into()]).await
    }
}

fn summary(row: &QueryResult) -> Result<SagaSummary, DbErr> {
    let step: String = row.try_get("", "step")?;
    let error: Option<String> = row.try_get("", "error")?;
    Ok(SagaSummary {
        id: row.try_get("", "id")?,
        kind: row.try_get("", "kind")?,
        correlation: row.try_get("", "correlation")?,
        state: row.try_get("", "state")?,
        step: (!step.is_empty()).then_some(step),
        attempts: row.try_get("", "attempts")?,
        next_at: instant_or_none(row, "next_us")?,
        error: error.and_then(|error| error.lines().next().map(str::to_owned)),
        started_at: super::instant(row.try_get("", "started_us")?),
        updated_at: super::instant(row.try_get("", "updated_us")?),
    })
}
