//! Files in memory.
//!
//! What may not enter: more than the port promises, or tests would pass on the fake alone.

use async_trait::async_trait;
use kernel::{Fault, FileName, Files};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps files for as long as it lives.
#[derive(Debug, Default)]
pub struct InMemoryFiles(Mutex<BTreeMap<FileName, Vec<u8>>>);

impl InMemoryFiles {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<FileName, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody who owns the disk puts other bytes into a file.
    pub fn overwrite(&self, name: &FileName, bytes: Vec<u8>) {
        self.kept().insert(name.clone(), bytes);
    }
}

#[async_trait]
impl Files for InMemoryFiles {
    async fn put_if_absent(&self, name: &FileName, bytes: &[u8]) -> Result<bool, Fault> {
        let mut kept = self.kept();
        if kept.contains_key(name) {
            return Ok(false);
        }
        kept.insert(name.clone(), bytes.to_vec());
        Ok(true)
    }

    async fn get(&self, name: &FileName) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.kept().get(name).cloned())
    }

    async fn delete(&self, name: &FileName) -> Result<bool, Fault> {
        Ok(self.kept().remove(name).is_some())
    }

    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, Fault> {
        let folder = format!("{folder}/");
        Ok(self.kept().keys().filter(|name| name.as_str().starts_with(&folder)).cloned().collect())
    }
}
