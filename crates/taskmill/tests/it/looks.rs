//! Looks into the shelf's database, and changes of it, past whoever works on it.

use crate::mill::{Mill, Shelf, shelf};
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use std::time::Duration;
use store::statement;

impl Shelf {
    /// The first row's text.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let select = statement(self.store.backend(), sql, []);
        self.store.primary().query_one_raw(select).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Changes rows behind everybody's back.
    pub(crate) async fn change(&self, sql: &str) {
        self.store.note(statement(self.store.backend(), sql, [])).await.unwrap();
    }

    /// Looks until the table has `n` rows.
    pub(crate) async fn until(&self, table: &str, n: i64) {
        let patience = tokio::time::Instant::now() + Duration::from_secs(30);
        while self.count(table).await != n {
            let seen = self.count(table).await;
            assert!(tokio::time::Instant::now() < patience, "{table} has {seen} rows, not {n}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Mill {
    /// The same database as another process sees it.
    pub(crate) async fn elsewhere(&self) -> Arc<Shelf> {
        Arc::new(shelf(&self.database.url).await)
    }
}
