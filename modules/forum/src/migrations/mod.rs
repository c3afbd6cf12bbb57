//! The forum's schema, on every relational engine.

mod m20261120_000101_forum;
mod m20261122_000150_members_tenant;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The store's tables, then the forum's.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(m20261120_000101_forum::Migration));
        migrations.push(Box::new(m20261122_000150_members_tenant::Migration));
        migrations
    }
}
