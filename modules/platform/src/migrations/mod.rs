//! The schema of platform's database, on every relational engine. What may not enter: a change to a migration that was
//! released; a new one says what changed.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings the schema up to date.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        store::base_migrations()
    }
}
