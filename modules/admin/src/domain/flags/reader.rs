//! Reads JSON that people wrote, and remembers everything that is wrong with it by place, such as
//! `rules[2].conditions[0].operator`. What may not enter: what the JSON means.

use super::condition::time;
use kernel::{FieldFault, Time};
use serde_json::{Map, Value};
use std::cell::RefCell;

/// Everything that was found wrong.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<FieldFault>>);

impl Faults {
    /// The document itself, to be read.
    pub(super) fn root<'a>(&'a self, value: &'a Value) -> Node<'a> {
        Node { value, path: String::new(), faults: self }
    }

    pub(super) fn into_inner(self) -> Vec<FieldFault> {
        self.0.into_inner()
    }
}

/// A value and where it stands. Whatever reads it gives nothing when it is something else, and has said so then.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// Says what is wrong here. Always nothing, for whoever wants to answer with it.
    pub(super) fn wrong<T>(&self, detail: impl Into<String>) -> Option<T> {
        let field = if self.path.is_empty() { "definition" } else { &self.path };
        self.faults.0.borrow_mut().push(FieldFault { field: field.to_owned(), detail: detail.into() });
        None
    }

    /// An object that has no other fields than these.
    pub(super) fn object(self, known: &[&str]) -> Option<Object<'a>> {
        let object = self.any_object()?;
        for name in object.fields.keys().filter(|name| !known.contains(&name.as_str())) {
            object.field(name, &Value::Null).wrong::<()>(format!("is not known here; there are {}", known.join(", ")));
        }
        Some(object)
    }

    /// An object with fields of any name.
    pub(super) fn any_object(self) -> Option<Object<'a>> {
        match self.value.as_object() {
            Some(fields) => Some(Object { fields, node: self }),
            None => self.wrong("must be an object"),
        }
    }

    /// A list of at most so many.
    pub(super) fn list(self, most: usize) -> Option<Vec<Self>> {
        let Some(items) = self.value.as_array() else { return self.wrong("must be a list") };
        if items.len() > most {
            return self.wrong(format!("has {} entries, and may have {most}", items.len()));
        }
        let node = |(at, value)| Node { value, path: format!("{}[{at}]", self.path), faults: self.faults };
        Some(items.iter().enumerate().map(node).collect())
    }

    /// A text of at most so many characters.
    pub(super) fn text(&self, most: usize) -> Option<&'a str> {
        let Some(text) = self.value.as_str() else { return self.wrong("must be a text") };
        if text.chars().count() > most {
            return self.wrong(format!("must have at most {most} characters"));
        }
        if text.contains('\0') {
            return self.wrong("must not contain the character U+0000, which no database keeps");
        }
        Some(text)
    }

    /// A text that is not empty.
    pub(super) fn words(&self, most: usize) -> Option<&'a str> {
        let text = self.text(most)?;
        if text.is_empty() { self.wrong("must not be empty") } else { Some(text) }
    }

    /// A yes or no.
    pub(super) fn flag(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.wrong("must be true or false"))
    }

    /// An instant as RFC 3339 writes it.
    pub(super) fn instant(&self) -> Option<Time> {
        let instant = self.value.as_str().and_then(time);
        instant.or_else(|| self.wrong("must be an instant such as 2030-01-31T09:00:00Z (RFC 3339)"))
    }
}

/// An object and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Object<'a> {
    fields: &'a Map<String, Value>,
    pub(super) node: Node<'a>,
}

impl<'a> Object<'a> {
    /// A field that may be missing; null is as good as missing.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        self.fields.get(name).filter(|value| !value.is_null()).map(|value| self.field(name, value))
    }

    /// A field that must be there.
    pub(super) fn need(&self, name: &str) -> Option<Node<'a>> {
        self.get(name).or_else(|| self.field(name, &Value::Null).wrong("is missing"))
    }

    /// Every field.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), self.field(name, value)))
    }

    fn field<'b>(&self, name: &str, value: &'b Value) -> Node<'b>
    where
        'a: 'b,
    {
        let path = if self.node.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.node.path) };
        Node { value, path, faults: self.node.faults }
    }
}
