//! Raw statements that read the same on every engine: `$1`, `$2` … for parameters.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

/// A statement with its parameters. SQLite and PostgreSQL both read `$n`.
pub fn statement(backend: DbBackend, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(backend, sql, values)
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
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        text.push('$');
        text.push_str(&(number.parse::<usize>().unwrap_or(0) + by).to_string());
        text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, placeholders};

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
    fn placeholders_count_through_all_rows() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
