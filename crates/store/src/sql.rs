//! Raw statements that read the same on every engine: `$1`, `$2` … for parameters.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

/// A statement with its parameters. PostgreSQL reads `$n`. MySQL knows parameters only by their order; to SQLite a `$n` is
/// a name, which its driver looks up in a list of all names, so that a statement of some thousand would spend its time there.
///
/// A `$` means a parameter wherever it stands: text belongs into the values, not into the statement.
pub fn statement(backend: DbBackend, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    let sql = sql.into();
    debug_assert!(!quotes_a_dollar(&sql), "text belongs into the values: {sql}");
    if backend == DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, sql, values);
    }
    let values: Vec<Value> = values.into_iter().collect();
    let (sql, values) = by_order(&sql, &values);
    Statement::from_sql_and_values(backend, sql, values)
}

fn quotes_a_dollar(sql: &str) -> bool {
    sql.split('\'').skip(1).step_by(2).any(|quoted| quoted.contains('$'))
}

/// `sql` with `?` for every `$n`, and the values in the order in which it asks for them. What asks for a value that is
/// not there stays as it is: a server refuses it, and SQLite's driver takes what it finds.
fn by_order(sql: &str, values: &[Value]) -> (String, Vec<Value>) {
    let (mut text, mut ordered) = (String::with_capacity(sql.len()), Vec::with_capacity(values.len()));
    for_each_parameter(sql, &mut text, |text, number| match number.checked_sub(1).and_then(|nth| values.get(nth)) {
        Some(value) => {
            text.push('?');
            ordered.push(value.clone());
        }
        None => {
            text.push('$');
            text.push_str(&number.to_string());
        }
    });
    (text, ordered)
}

/// The text without what PostgreSQL's texts cannot hold.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `($1, $2), ($3, $4)` for `rows` rows of `columns` columns.
pub fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&(row * columns + column + 1).to_string());
        }
        text.push(')');
    }
    text
}

/// `insert`, leaving alone a row that is there already, whichever unique constraint says so. `column` is any column of
/// the table.
///
/// How many rows it touched tells nothing: MySQL counts those it left alone.
pub fn insert_ignoring_duplicates(backend: DbBackend, insert: &str, column: &str) -> String {
    match backend {
        // INSERT IGNORE would also ignore values that do not fit.
        DbBackend::MySql => format!("{insert} ON DUPLICATE KEY UPDATE {column} = {column}"),
        _ => format!("{insert} ON CONFLICT DO NOTHING"),
    }
}

/// `insert`, giving these columns their new values where a row with the same `key` is there already. The table has no
/// other unique constraint: MySQL does not ask which of them it was.
pub fn insert_or_update(backend: DbBackend, insert: &str, key: &str, columns: &[&str]) -> String {
    let assign = |from: fn(&str) -> String| columns.iter().map(|c| format!("{c} = {}", from(c))).collect::<Vec<_>>();
    match backend {
        DbBackend::MySql => {
            format!("{insert} ON DUPLICATE KEY UPDATE {}", assign(|column| format!("VALUES({column})")).join(", "))
        }
        _ => {
            let set = assign(|column| format!("excluded.{column}")).join(", ");
            format!("{insert} ON CONFLICT ({key}) DO UPDATE SET {set}")
        }
    }
}

/// Statements whose answers nobody needs. SQLite's driver hands every statement to a thread of its own and waits for
/// it, which costs more than most statements do, so there they go as one; elsewhere they go one after the other.
#[derive(Default)]
pub(crate) struct Script(Vec<(String, Vec<Value>)>);

impl Script {
    /// One more statement, with its own parameters from `$1`.
    pub(crate) fn add(&mut self, sql: impl Into<String>, values: Vec<Value>) {
        self.0.push((sql.into(), values));
    }

    /// Runs them in the order they were added.
    pub(crate) async fn run(self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let backend = tx.get_database_backend();
        if backend == DbBackend::Sqlite && !self.0.is_empty() {
            let (sql, values) = self.joined();
            return tx.execute_raw(statement(backend, sql, values)).await.map(drop);
        }
        for (sql, values) in self.0 {
            tx.execute_raw(statement(backend, sql, values)).await?;
        }
        Ok(())
    }

    /// All of them as one text, with parameters that count through.
    fn joined(self) -> (String, Vec<Value>) {
        let (mut text, mut all) = (String::new(), Vec::new());
        for (sql, values) in self.0 {
            if !text.is_empty() {
                text.push_str("; ");
            }
            renumber(&sql, all.len(), &mut text);
            all.extend(values);
        }
        (text, all)
    }
}

/// Appends `sql` to `text` with every `$n` raised by `by`.
fn renumber(sql: &str, by: usize, text: &mut String) {
    for_each_parameter(sql, text, |text, number| {
        text.push('$');
        text.push_str(&(number + by).to_string());
    });
}

/// Appends `sql` to `text`, leaving each `$n` to `write`.
fn for_each_parameter(sql: &str, text: &mut String, mut write: impl FnMut(&mut String, usize)) {
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        write(text, number.parse().unwrap_or(0));
        text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, by_order, placeholders, statement};
    use sea_orm::{DbBackend, Value};

    #[test]
    fn joined_statements_keep_their_own_parameters() {
        let mut script = Script::default();
        script.add("INSERT INTO a VALUES ($1, $2)", vec![1.into(), 2.into()]);
        script.add("UPDATE b SET c = $2 WHERE d = $1", vec![3.into(), 4.into()]);
        let (sql, values) = script.joined();
        assert_eq!(sql, "INSERT INTO a VALUES ($1, $2); UPDATE b SET c = $4 WHERE d = $3");
        assert_eq!(values, [1.into(), 2.into(), 3.into(), 4.into()]);
    }

    #[test]
    fn parameters_are_repeated_and_reordered_where_only_their_order_counts() {
        let sql = "UPDATE a SET b = $2, c = $2 WHERE d = $10 AND e < $1";
        let values: Vec<Value> = (1..=10).map(Value::from).collect();
        let (sql, values) = by_order(sql, &values);
        assert_eq!(sql, "UPDATE a SET b = ?, c = ? WHERE d = ? AND e < ?");
        assert_eq!(values, [2.into(), 2.into(), 10.into(), 1.into()]);
    }

    #[test]
    fn parameter_without_a_value_is_left_for_the_server_to_refuse() {
        let (sql, values) = by_order("SELECT $1, $2, $0, $", &[Value::from(1)]);
        assert_eq!((sql.as_str(), values.len()), ("SELECT ?, $2, $0, $0", 1));
    }

    #[test]
    #[should_panic(expected = "text belongs into the values")]
    fn dollar_in_a_quoted_text_is_found_by_the_first_test_that_comes_by() {
        statement(DbBackend::Sqlite, "UPDATE prices SET text = 'it costs $1' WHERE id = $1", [1.into()]);
    }

    #[test]
    fn only_postgres_gets_the_numbers() {
        let of = |backend| statement(backend, "SELECT $2, $1", [1.into(), 2.into()]).sql;
        assert_eq!(of(DbBackend::Postgres), "SELECT $2, $1");
        assert_eq!([of(DbBackend::Sqlite), of(DbBackend::MySql)], ["SELECT ?, ?"; 2]);
    }

    #[test]
    fn placeholders_count_through_all_rows() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
