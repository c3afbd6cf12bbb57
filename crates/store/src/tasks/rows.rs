//! Many rows in one statement, lists of ids as parameters, and columns of JSON.
//!
//! On PostgreSQL each column travels as one array, so that the statement's text is the same whatever the number of rows
//! and stays prepared. Elsewhere rows are spelt out, some hundred at a time.

use crate::sql::{insert_ignoring_duplicates, placeholders, statement};
use sea_orm::sea_query::ArrayType;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Rows spelt out in one statement. SQLite takes at most 32,766 parameters.
const SPELT_OUT: usize = 400;

/// A column and the type its values travel as.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Id(&'static str),
    Text(&'static str),
    Small(&'static str),
    Int(&'static str),
    Big(&'static str),
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Id(name) | Self::Text(name) | Self::Small(name) | Self::Int(name) | Self::Big(name) => name,
        }
    }

    const fn postgres(self) -> (&'static str, ArrayType) {
        match self {
            Self::Id(_) => ("uuid", ArrayType::Uuid),
            Self::Text(_) => ("text", ArrayType::String),
            Self::Small(_) => ("int2", ArrayType::SmallInt),
            Self::Int(_) => ("int4", ArrayType::Int),
            Self::Big(_) => ("int8", ArrayType::BigInt),
        }
    }
}

/// Rows on their way into a table. No value may be null.
pub(super) struct Rows {
    table: &'static str,
    columns: &'static [Column],
    rows: Vec<Vec<Value>>,
}

impl Rows {
    pub(super) fn into_table(table: &'static str, columns: &'static [Column]) -> Self {
        Self { table, columns, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len(), "one value for each column of {}", self.table);
        self.rows.push(row);
    }

    /// Inserts them all.
    pub(super) async fn insert<C: ConnectionTrait>(self, db: &C) -> Result<(), DbErr> {
        self.write(db, false).await.map(drop)
    }

    /// Inserts those whose primary key is free; how many, which means nothing on MySQL.
    pub(super) async fn insert_what_is_free<C: ConnectionTrait>(self, db: &C) -> Result<u64, DbErr> {
        self.write(db, true).await
    }

    async fn write<C: ConnectionTrait>(self, db: &C, ignore: bool) -> Result<u64, DbErr> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        let backend = db.get_database_backend();
        let names = self.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
        let head = format!("INSERT INTO {} ({names})", self.table);
        // On MySQL the row that is there is locked at once as one to be written: locked as one to be read by several, none
        // of them could go on to write it.
        let first = self.columns.first().map_or("", |column| column.name());
        let whole = |sql: String| if ignore { insert_ignoring_duplicates(backend, &sql, first) } else { sql };
        if backend == DbBackend::Postgres {
            let casts =
                self.columns.iter().enumerate().map(|(n, column)| format!("${}::{}[]", n + 1, column.postgres().0));
            let sql = whole(format!("{head} SELECT * FROM UNNEST({})", casts.collect::<Vec<_>>().join(", ")));
            let arrays = transposed(self.columns, self.rows);
            return db.execute_raw(statement(backend, sql, arrays)).await.map(|done| done.rows_affected());
        }
        let mut inserted = 0;
        for chunk in self.rows.chunks(SPELT_OUT) {
            let sql = whole(format!("{head} VALUES {}", placeholders(chunk.len(), self.columns.len())));
            inserted += db.execute_raw(statement(backend, sql, chunk.iter().flatten().cloned())).await?.rows_affected();
        }
        Ok(inserted)
    }
}

fn transposed(columns: &[Column], rows: Vec<Vec<Value>>) -> Vec<Value> {
    let mut arrays: Vec<Vec<Value>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (array, value) in arrays.iter_mut().zip(row) {
            array.push(value);
        }
    }
    columns.iter().zip(arrays).map(|(column, array)| Value::Array(column.postgres().1, Some(Box::new(array)))).collect()
}

/// A column of JSON.
pub(super) fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, DbErr> {
    let text: String = row.try_get("", column)?;
    serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))
}

/// A column of JSON; null or an empty text is none.
pub(super) fn json_or_none<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Option<T>, DbErr> {
    match row.try_get::<Option<String>>("", column)?.filter(|text| !text.is_empty()) {
        Some(text) => serde_json::from_str(&text).map(Some).map_err(|error| DbErr::Json(error.to_string())),
        None => Ok(None),
    }
}

/// `column IN (…)` for these ids, with its parameters appended to `values`.
pub(super) fn among(backend: DbBackend, column: &str, ids: &[Uuid], values: &mut Vec<Value>) -> String {
    listed(backend, column, ArrayType::Uuid, ids.iter().map(|id| Value::from(*id)), values)
}

/// `column IN (…)` for these texts, with its parameters appended to `values`.
pub(super) fn among_texts(backend: DbBackend, column: &str, texts: &[String], values: &mut Vec<Value>) -> String {
    listed(backend, column, ArrayType::String, texts.iter().map(|text| Value::from(text.as_str())), values)
}

fn listed(
    backend: DbBackend,
    column: &str,
    of: ArrayType,
    items: impl ExactSizeIterator<Item = Value>,
    values: &mut Vec<Value>,
) -> String {
    if backend == DbBackend::Postgres {
        values.push(Value::Array(of, Some(Box::new(items.collect()))));
        return format!("{column} = ANY(${})", values.len());
    }
    if items.len() == 0 {
        return "1 = 0".to_owned();
    }
    let first = values.len() + 1;
    values.extend(items);
    let marks: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
    format!("{column} IN ({})", marks.join(", "))
}
