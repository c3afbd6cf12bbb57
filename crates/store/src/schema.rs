//! Column shapes whose meaning must be the same on every engine.

use sea_orm::DbBackend;
use sea_orm::sea_query::{ColumnDef, IntoIden};
use sea_orm_migration::SchemaManager;

/// A UTC instant with microseconds, not null.
pub fn instant(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = instant_or_null(manager, name);
    column.not_null();
    column
}

/// A UTC instant with microseconds that may be missing.
pub fn instant_or_null(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        // The query builder's own timestamp types keep whole seconds there.
        DbBackend::MySql => column.custom("datetime(6)"),
        _ => column.timestamp_with_time_zone(),
    };
    column
}
