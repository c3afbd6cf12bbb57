//! The schema of audit's database, on every relational engine. What may not enter: a change to a migration that was
//! released; a new one says what changed.

mod m20261120_000001_audit;
mod m20261121_000002_tree;
mod m20261122_000003_detail;
mod m20261122_000004_archives;
mod m20261122_000005_persons;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings the schema up to date.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = store::base_migrations();
        all.push(Box::new(m20261120_000001_audit::Migration));
        all.push(Box::new(m20261121_000002_tree::Migration));
        all.push(Box::new(m20261122_000003_detail::Migration));
        all.push(Box::new(m20261122_000004_archives::Migration));
        all.push(Box::new(m20261122_000005_persons::Migration));
        all
    }
}
