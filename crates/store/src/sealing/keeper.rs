//! What an operator may have done: new wrappings after the master key was replaced, new keys for what will be sealed.

use super::Sealer;
use crate::statement;
use kernel::{Fault, Time};
use keys::{DataKeys, KeyState};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// How many keys are read at a time.
const BATCH: i64 = 500;

#[derive(FromQueryResult)]
struct Sums {
    purpose: String,
    master_id: Option<String>,
    of_subjects: i64,
    shared: i64,
    destroyed: i64,
    latest_at: Time,
}

#[async_trait::async_trait]
impl DataKeys for Sealer {
    async fn states(&self) -> Result<Vec<KeyState>, Fault> {
        // Sums are decimals on some engines, counts are whole numbers on all.
        let sql = "SELECT purpose, master_id, \
                   COUNT(CASE WHEN subject <> '' AND wrapped IS NOT NULL THEN 1 END) AS of_subjects, \
                   COUNT(CASE WHEN subject = '' AND wrapped IS NOT NULL THEN 1 END) AS shared, \
                   COUNT(CASE WHEN wrapped IS NULL THEN 1 END) AS destroyed, MAX(created_at) AS latest_at \
                   FROM data_keys GROUP BY purpose, master_id ORDER BY purpose, master_id";
        let query = Sums::find_by_statement(statement(self.0.backend(), sql, Vec::<Value>::new()));
        let rows = self.0.read(query.all(self.0.primary())).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let mut states: Vec<KeyState> = Vec::new();
        for row in rows {
            if states.last().is_none_or(|state| state.purpose != row.purpose) {
                states.push(KeyState::of(row.purpose, row.latest_at));
            }
            let Some(state) = states.last_mut() else { continue };
            state.of_subjects += count(row.of_subjects);
            state.shared += count(row.shared);
            state.destroyed += count(row.destroyed);
            state.masters.extend(row.master_id);
            state.latest_at = state.latest_at.max(row.latest_at);
        }
        Ok(states)
    }

    async fn rewrap(&self) -> Result<u64, Fault> {
        let masters = self.masters().await?;
        let (mut rewrapped, mut after) = (0, Uuid::nil());
        loop {
            let rows = self.wrapped_otherwise(masters.newest().id(), after, BATCH).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(rewrapped) };
            for row in &rows {
                let key = self.unwrap_key(row).await?;
                let (master_id, wrapped) = self.wrap(masters, &key.key, row.id, &row.purpose, row.subject())?;
                rewrapped += self.0.replace_wrapping(row, master_id, wrapped).await?;
            }
            after = last;
        }
    }

    async fn renew(&self) -> Result<u64, Fault> {
        let mut made = 0;
        for state in self.states().await?.into_iter().filter(|state| state.shared > 0) {
            if let Some(newest) = self.newest(&state.purpose, None).await? {
                self.make_after(&newest).await?;
                made += 1;
            }
        }
        self.cache().forget(|key| key.subject.is_none());
        Ok(made)
    }
}
