//! The schema of auth, one step after another. A step that was released never changes.

mod m20261120_000201_auth;
mod m20261121_000202_expiry;
mod m20261122_000203_recovery;
mod m20261122_000204_invitations;
mod m20261122_000205_account_states;
mod m20261122_000206_profiles;
mod m20261122_000210_second_factors;
mod m20261122_000220_keys;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = store::base_migrations();
        migrations.push(Box::new(m20261120_000201_auth::Migration));
        migrations.push(Box::new(m20261121_000202_expiry::Migration));
        migrations.push(Box::new(m20261122_000203_recovery::Migration));
        migrations.push(Box::new(m20261122_000204_invitations::Migration));
        migrations.push(Box::new(m20261122_000220_keys::Migration));
        migrations.push(Box::new(m20261122_000205_account_states::Migration));
        migrations.push(Box::new(m20261122_000206_profiles::Migration));
        migrations.push(Box::new(m20261122_000210_second_factors::Migration));
        migrations
    }
}
