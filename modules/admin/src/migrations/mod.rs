//! The schema of admin's database, on every relational engine. What may not enter: a change to a migration that was
//! released; a new one says what changed.

mod m20261120_000001_admin;
mod m20261121_000002_flags;
mod m20261122_000003_communities;
mod m20261122_000013_standings;
mod m20261122_000014_policies;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings the schema up to date.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = store::base_migrations();
        all.push(Box::new(m20261120_000001_admin::Migration));
        all.push(Box::new(m20261121_000002_flags::Migration));
        all.push(Box::new(m20261122_000013_standings::Migration));
        all.push(Box::new(m20261122_000014_policies::Migration));
        all.push(Box::new(m20261122_000003_communities::Migration));
        all
    }
}
