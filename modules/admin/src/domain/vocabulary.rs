//! The names administrators have asked about. The kernel's questions borrow names for the length of the process, because
//! everywhere else they are written in the program; here they come from people, so each is kept once, and not too many.
//!
//! What may not enter: meaning. Whether an operation exists is for the policy engine to say.

use kernel::{Fault, Operation};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many names are kept before no new one is taken.
const MOST: usize = 2_000;
/// How long a name may be, in bytes.
const LONGEST: usize = 100;

/// Names kept until the process ends. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    names: HashSet<&'static str>,
    operations: HashMap<(&'static str, &'static str), &'static Operation>,
}

impl Vocabulary {
    /// The same name, kept.
    ///
    /// # Errors
    /// `Invalid`, naming `field`, when it is not a name or too many are kept already.
    pub(crate) fn name(&self, field: &str, text: &str) -> Result<&'static str, Fault> {
        self.lock().name(field, text)
    }

    /// The operation `id` about a `resource`, kept.
    ///
    /// # Errors
    /// `Invalid`, naming `operation` or `kind`, when one is not a name or too many are kept already.
    pub(crate) fn operation(&self, id: &str, resource: &str) -> Result<&'static Operation, Fault> {
        let mut known = self.lock();
        let key = (known.name("operation", id)?, known.name("kind", resource)?);
        if known.operations.len() >= MOST && !known.operations.contains_key(&key) {
            return Err(full("operation"));
        }
        let keep = || -> &'static Operation { Box::leak(Box::new(Operation::query(key.0, key.1))) };
        Ok(known.operations.entry(key).or_insert_with(keep))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn name(&mut self, field: &str, text: &str) -> Result<&'static str, Fault> {
        let text = text.trim();
        if let Some(known) = self.names.get(text) {
            return Ok(known);
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_name) {
            return Err(Fault::invalid(field, "must be a name: letters, digits, dots and underscores"));
        }
        if self.names.len() >= MOST {
            return Err(full(field));
        }
        let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
        self.names.insert(kept);
        Ok(kept)
    }
}

fn full(field: &str) -> Fault {
    Fault::invalid(field, "is a new name, and too many were asked about since this process started")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_keeps_nothing_new() {
        let vocabulary = Vocabulary::default();
        let first = vocabulary.operation("forum.post_reply", "Thread").unwrap();
        assert!(std::ptr::eq(first, vocabulary.operation("forum.post_reply", "Thread").unwrap()));
        assert_eq!((first.id, first.resource), ("forum.post_reply", "Thread"));
    }

    #[test]
    fn what_is_no_name_is_refused_by_field() {
        let fault = Vocabulary::default().operation("forum.post_reply", "a thread").unwrap_err();
        assert_eq!(fault.fields[0].field, "kind");
    }

    #[test]
    fn memory_for_names_is_bounded() {
        let vocabulary = Vocabulary::default();
        let refused = (0..=MOST).map(|n| vocabulary.name("kind", &format!("n{n}"))).filter(Result::is_err).count();
        assert_eq!(refused, 1);
        assert!(vocabulary.name("kind", "n0").is_ok());
    }
}
