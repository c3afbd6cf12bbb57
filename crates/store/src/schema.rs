//! Column shapes whose meaning must be the same on every engine, and steps of a migration that may be taken again.
//!
//! MySQL and MariaDB end a transaction at each change of the schema: a migration that was cut short begins anew on what
//! it left behind. So every step of every migration must do nothing where it was taken before.

use crate::faults;
use sea_orm::sea_query::{
    ColumnDef, ConditionalStatement, Expr, Index, IndexCreateStatement, IntoIden, TableCreateStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
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

/// A text of any length, not null. It cannot be part of an index.
pub fn long_text(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = long_text_or_null(manager, name);
    column.not_null();
    column
}

/// A text of any length that may be missing. It cannot be part of an index.
pub fn long_text_or_null(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        // What is called text there ends at 64 KiB.
        DbBackend::MySql => column.custom("longtext"),
        _ => column.text(),
    };
    column
}

/// A text that is part of an index, not null. Up to 400 characters fit on every engine.
pub fn indexed_text(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.string_len(400),
        _ => column.text(),
    };
    column.not_null();
    column
}

/// Makes a table, unless a migration that was cut short has made it.
///
/// # Errors
/// What the database says.
pub async fn create_table(manager: &SchemaManager<'_>, mut table: TableCreateStatement) -> Result<(), DbErr> {
    manager.create_table(table.if_not_exists().to_owned()).await
}

/// An index over these columns, in this order.
pub fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).to_owned();
    for column in columns {
        index.col(*column);
    }
    index
}

/// Makes an index over the rows that `condition` leaves, unless a migration that was cut short has made it. MySQL has no
/// such indexes: there it is one over all rows.
///
/// # Errors
/// What the database says.
pub async fn create_partial_index(
    manager: &SchemaManager<'_>,
    mut index: IndexCreateStatement,
    condition: &'static str,
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        index.and_where(Expr::cust(condition));
    }
    create_index(manager, index).await
}

/// Makes an index, unless a migration that was cut short has made it.
///
/// # Errors
/// What the database says.
pub async fn create_index(manager: &SchemaManager<'_>, mut index: IndexCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::MySql {
        return manager.create_index(index.if_not_exists().to_owned()).await;
    }
    match manager.create_index(index).await {
        // MySQL has no IF NOT EXISTS for an index. It has made all of it or nothing.
        Err(error) if faults::says_index_exists(&error) => Ok(()),
        other => other,
    }
}

/// Makes a table one that rows are added to and nothing else: the database refuses to change or remove them, whoever
/// asks. It keeps out mistakes and programs with a hole in them; whoever owns the database can take the trigger away.
///
/// Two ways stay open that no trigger guards: TRUNCATE on MySQL, and `INSERT OR REPLACE` on SQLite.
///
/// # Errors
/// What the database says.
pub async fn append_only(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    let refusal = format!("{table} is append-only");
    let each = |body: &str| {
        let trigger = |event: &str| {
            let name = format!("{table}_refuses_{}", event.to_lowercase());
            [
                format!("DROP TRIGGER IF EXISTS {name}"),
                format!("CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {body}"),
            ]
        };
        [trigger("UPDATE"), trigger("DELETE")].concat()
    };
    let steps = match manager.get_database_backend() {
        DbBackend::Sqlite => each(&format!("BEGIN SELECT RAISE(ABORT, '{refusal}'); END")),
        DbBackend::MySql => each(&format!("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{refusal}'")),
        _ => vec![
            format!(
                "CREATE OR REPLACE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS \
                 $body$ BEGIN RAISE EXCEPTION '{refusal}'; END $body$"
            ),
            format!("DROP TRIGGER IF EXISTS {table}_refuses ON {table}"),
            format!(
                "CREATE TRIGGER {table}_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
            ),
        ],
    };
    run_each(manager, &steps).await
}

/// Lets rows of an append-only table go after all, those of which `condition` is true and no others; it speaks of the row
/// as `OLD`. Changing them, and TRUNCATE on PostgreSQL, stay refused.
///
/// # Errors
/// What the database says.
pub async fn removable_where(manager: &SchemaManager<'_>, table: &'static str, condition: &str) -> Result<(), DbErr> {
    let refusal = format!("{table} is append-only");
    let name = format!("{table}_refuses_delete");
    let create = format!("CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW");
    let steps = match manager.get_database_backend() {
        DbBackend::Sqlite => vec![
            format!("DROP TRIGGER IF EXISTS {name}"),
            format!("{create} BEGIN SELECT RAISE(ABORT, '{refusal}') WHERE NOT ({condition}); END"),
        ],
        DbBackend::MySql => vec![
            format!("DROP TRIGGER IF EXISTS {name}"),
            format!(
                "{create} BEGIN IF NOT ({condition}) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{refusal}'; \
                 END IF; END"
            ),
        ],
        _ => vec![
            format!(
                "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN \
                 IF NOT ({condition}) THEN RAISE EXCEPTION '{refusal}'; END IF; RETURN OLD; END $body$"
            ),
            format!("DROP TRIGGER IF EXISTS {name} ON {table}"),
            format!("{create} EXECUTE FUNCTION {name}()"),
            format!("DROP TRIGGER IF EXISTS {table}_refuses ON {table}"),
            format!(
                "CREATE TRIGGER {table}_refuses BEFORE UPDATE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
            ),
        ],
    };
    run_each(manager, &steps).await
}

/// Lets a statement follow each row that is added to `table`, in the same transaction; it speaks of the row as `NEW`.
///
/// # Errors
/// What the database says.
pub async fn after_each_insert(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    statement: &str,
) -> Result<(), DbErr> {
    let create = format!("CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW");
    let steps = match manager.get_database_backend() {
        DbBackend::Sqlite => {
            vec![format!("DROP TRIGGER IF EXISTS {name}"), format!("{create} BEGIN {statement}; END")]
        }
        DbBackend::MySql => vec![format!("DROP TRIGGER IF EXISTS {name}"), format!("{create} {statement}")],
        _ => vec![
            format!(
                "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                 $body$ BEGIN {statement}; RETURN NULL; END $body$"
            ),
            format!("DROP TRIGGER IF EXISTS {name} ON {table}"),
            format!("{create} EXECUTE FUNCTION {name}()"),
        ],
    };
    run_each(manager, &steps).await
}

/// A trigger whose migration was cut short is made anew: no engine can be asked to make it only where it is missing in
/// words that the others understand.
async fn run_each(manager: &SchemaManager<'_>, steps: &[String]) -> Result<(), DbErr> {
    for step in steps {
        manager.get_connection().execute_unprepared(step).await?;
    }
    Ok(())
}
