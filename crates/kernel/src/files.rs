//! Files, as a port: whole ones under names, put once and never changed.

use crate::Fault;
use std::fmt;

/// A file's name: parts of small letters, digits, `.`, `_` and `-`, between slashes. No part begins with a dot, and all of
/// it is 1 to 200 bytes, so that it is one on every disk and in every bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

impl FileName {
    /// The name, or nothing when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(letter);
        ((1..=200).contains(&text.len()) && text.split('/').all(part)).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keeps files. What was put survives a power cut, and is seen by every process of the installation at once.
#[async_trait::async_trait]
pub trait Files: Send + Sync {
    /// Puts a file where there is none of that name: whole, or not at all. False when there is one, which stays as it is.
    ///
    /// # Errors
    /// `files.down` when it may be there, or not.
    async fn put_if_absent(&self, name: &FileName, bytes: &[u8]) -> Result<bool, Fault>;

    /// The file of that name, if there is one.
    ///
    /// # Errors
    /// `files.down`.
    async fn get(&self, name: &FileName) -> Result<Option<Vec<u8>>, Fault>;

    /// Removes the file of that name. False when there was none.
    ///
    /// # Errors
    /// `files.down`.
    async fn delete(&self, name: &FileName) -> Result<bool, Fault>;

    /// The names in that folder and below it, in alphabetical order.
    ///
    /// # Errors
    /// `files.down`.
    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, Fault>;
}

#[cfg(test)]
mod tests {
    use super::FileName;

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["a", "audit/0-5.jsonl.gz", "a/b/c_d-e.1"] {
            assert_eq!(FileName::parse(name).unwrap().as_str(), name);
        }
        let long = "a".repeat(201);
        for name in
            ["", "/", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "A", "a b", "a\\b", "a\0", "é", &long]
        {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
    }
}
