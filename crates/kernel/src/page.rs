//! Cursor pagination: a page, and an opaque place to go on from.

use crate::Fault;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An opaque place in a list. Clients hand it back unread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

impl Cursor {
    /// Wraps the sort key of the last item shown.
    pub fn of<K: Serialize>(key: &K) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// The sort key inside.
    ///
    /// # Errors
    /// `Invalid`, naming the field `cursor`, when it was not made by this list.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K, Fault> {
        let wrong = || Fault::invalid("cursor", "is not a cursor of this list");
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| wrong())?;
        serde_json::from_slice(&bytes).map_err(|_| wrong())
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// Where to go on from; the beginning when absent.
    pub cursor: Option<Cursor>,
    /// How many items at most.
    pub limit: Option<u32>,
}

impl PageRequest {
    /// How many items to read: `default` when not said.
    ///
    /// # Errors
    /// `Invalid`, naming the field `limit`, when it is 0 or above `most`.
    pub fn size(&self, default: u32, most: u32) -> Result<u64, Fault> {
        let size = self.limit.unwrap_or(default);
        if (1..=most).contains(&size) {
            return Ok(u64::from(size));
        }
        Err(Fault::invalid("limit", format!("must be between 1 and {most}")))
    }
}

/// Some consecutive items of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where to go on from; absent on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a page of `size` from rows that were read one too many, so that the next page is known to exist.
    pub fn cut<K: Serialize>(mut rows: Vec<T>, size: u64, key: impl Fn(&T) -> K) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = if more { rows.last().map(|row| Cursor::of(&key(row))) } else { None };
        Self { items: rows, next }
    }

    /// The same page with other items.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_knows_whether_there_is_a_next_one() {
        let full = Page::cut(vec![1, 2, 3], 2, |n| *n);
        assert_eq!(full.items, [1, 2]);
        assert_eq!(full.next.unwrap().key::<i32>().unwrap(), 2);
        assert_eq!(Page::cut(vec![1, 2], 2, |n| *n).next, None);
    }

    #[test]
    fn forged_cursor_is_refused_by_name() {
        let fault = Cursor("%%%".into()).key::<i32>().unwrap_err();
        assert_eq!(fault.fields[0].field, "cursor");
    }

    #[test]
    fn limit_outside_its_bounds_is_refused() {
        for limit in [0, 101] {
            let request = PageRequest { cursor: None, limit: Some(limit) };
            assert_eq!(request.size(20, 100).unwrap_err().fields[0].field, "limit");
        }
    }
}
