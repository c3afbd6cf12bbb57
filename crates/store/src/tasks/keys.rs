//! Unique keys as rows: who has which, and until when.

use super::rows::{Column, among_texts};
use super::{FOREVER_US, micros};
use crate::sql::statement;
use kernel::{Held, Time, Unique, after};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

pub(super) const KEYS: &[Column] =
    &[Column::Text("kind"), Column::Text("task_key"), Column::Id("task_id"), Column::Big("until_us")];

/// Until when a key taken now is held, if nobody lets it go before.
pub(super) fn until(unique: &Unique, now: Time) -> i64 {
    match unique.held {
        // What is held for ever is let go when its task ends; this is not.
        Held::For(period) => micros(after(now, period)).min(FOREVER_US - 1),
        Held::UntilStarted | Held::UntilEnded => FOREVER_US,
    }
}

/// Who has these keys now, by kind and key, and until when.
pub(super) async fn owners<'a>(
    tx: &DatabaseTransaction,
    keys: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<HashMap<(String, String), (Uuid, i64)>, DbErr> {
    let backend = tx.get_database_backend();
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    keys.for_each(|(kind, key)| by_kind.entry(kind).or_default().push(key.to_owned()));
    let mut owners = HashMap::new();
    for (kind, keys) in by_kind {
        for chunk in keys.chunks(1_000) {
            let mut values = vec![kind.into()];
            let among = among_texts(backend, "task_key", chunk, &mut values);
            let find = format!("SELECT task_key, task_id, until_us FROM task_keys WHERE kind = $1 AND {among}");
            for row in tx.query_all_raw(statement(backend, find, values)).await? {
                let owner = (row.try_get("", "task_id")?, row.try_get("", "until_us")?);
                owners.insert((kind.to_owned(), row.try_get("", "task_key")?), owner);
            }
        }
    }
    Ok(owners)
}
