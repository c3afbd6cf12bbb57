//! What must hold of the rows of a list, as SQL: a condition over attributes, where it is known which column holds which.
//!
//! What may not enter: who may see what. That was decided where the condition was made.

use kernel::{Attribute, Comparison, Condition, Fault};
use sea_orm::Value;
use uuid::Uuid;

/// Which column holds an attribute. No such column may be null.
#[derive(Debug, Clone, Copy)]
pub enum AttributeColumn {
    /// A person's id, or one written as a text: `tenant` and `id` are.
    Uuid(&'static str, &'static str),
    /// A whole number.
    Number(&'static str, &'static str),
    /// Yes or no.
    Flag(&'static str, &'static str),
}

impl AttributeColumn {
    const fn attribute(&self) -> &'static str {
        match self {
            Self::Uuid(attribute, _) | Self::Number(attribute, _) | Self::Flag(attribute, _) => attribute,
        }
    }

    const fn column(&self) -> &'static str {
        match self {
            Self::Uuid(_, column) | Self::Number(_, column) | Self::Flag(_, column) => column,
        }
    }

    /// The value as this column holds it; nothing when no row can hold it.
    fn value(&self, value: &Attribute) -> Option<Value> {
        match (self, value) {
            (Self::Uuid(..), Attribute::User(id)) => Some(id.0.into()),
            // Only the one way in which ids are written is the same text.
            (Self::Uuid(..), Attribute::Text(text)) => {
                text.parse::<Uuid>().ok().filter(|id| id.to_string() == *text).map(Into::into)
            }
            (Self::Number(..), Attribute::Number(number)) => Some((*number).into()),
            (Self::Flag(..), Attribute::Flag(flag)) => Some((*flag).into()),
            _ => None,
        }
    }
}

/// The condition as an expression in brackets; its values are appended to `values`, whose number so far is where its
/// placeholders go on.
///
/// # Errors
/// `Internal` when the condition names an attribute that no column holds.
pub fn narrowed(condition: &Condition, columns: &[AttributeColumn], values: &mut Vec<Value>) -> Result<String, Fault> {
    match condition {
        Condition::Always => Ok("(1 = 1)".to_owned()),
        Condition::Never => Ok("(1 = 0)".to_owned()),
        Condition::Not(inner) => Ok(format!("(NOT {})", narrowed(inner, columns, values)?)),
        Condition::All(all) => joined(all, " AND ", columns, values),
        Condition::Any(any) => joined(any, " OR ", columns, values),
        Condition::Is(name, comparison, value) => {
            let found = columns.iter().find(|column| column.attribute() == name);
            let found = found.ok_or_else(|| Fault::internal(format!("no column holds the attribute {name}")))?;
            let Some(value) = found.value(value) else { return Ok("(1 = 0)".to_owned()) };
            values.push(value);
            let operator = match comparison {
                Comparison::Equal => "=",
                Comparison::Less => "<",
                Comparison::AtMost => "<=",
            };
            Ok(format!("({} {operator} ${})", found.column(), values.len()))
        }
    }
}

fn joined(
    conditions: &[Condition],
    by: &str,
    columns: &[AttributeColumn],
    values: &mut Vec<Value>,
) -> Result<String, Fault> {
    let each = conditions.iter().map(|condition| narrowed(condition, columns, values));
    let each = each.collect::<Result<Vec<_>, Fault>>()?;
    Ok(format!("({})", each.join(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[AttributeColumn] = &[
        AttributeColumn::Uuid("author", "t.author_id"),
        AttributeColumn::Flag("locked", "t.locked"),
        AttributeColumn::Number("posts", "t.post_count"),
    ];

    #[test]
    fn placeholders_go_on_where_the_values_are() {
        let mut values: Vec<Value> = vec![1.into()];
        let author = Condition::Is("author".into(), Comparison::Equal, Attribute::User(kernel::UserId(Uuid::nil())));
        let locked = Condition::Is("locked".into(), Comparison::Equal, Attribute::Flag(true)).not();
        let few = Condition::Is("posts".into(), Comparison::AtMost, Attribute::Number(3));
        let sql = narrowed(&Condition::all([Condition::any([author, locked]), few]), COLUMNS, &mut values).unwrap();
        assert_eq!(sql, "(((t.author_id = $2) OR (NOT (t.locked = $3))) AND (t.post_count <= $4))");
        assert_eq!(values.len(), 4);
    }

    #[test]
    fn value_no_row_can_hold_matches_nothing() {
        for value in
            [Attribute::Text("x".into()), Attribute::Number(1), Attribute::Text(Uuid::max().simple().to_string())]
        {
            let is = Condition::Is("author".into(), Comparison::Equal, value);
            assert_eq!(narrowed(&is, COLUMNS, &mut Vec::new()).unwrap(), "(1 = 0)");
        }
    }

    #[test]
    fn attribute_without_a_column_is_refused() {
        let unknown = Condition::Is("colour".into(), Comparison::Equal, Attribute::Flag(true));
        assert!(narrowed(&unknown, COLUMNS, &mut Vec::new()).unwrap_err().chain().contains("colour"));
    }
}
