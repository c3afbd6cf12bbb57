//! The archives as files: what was put into one is there again, or the record is damaged.
//!
//! What may not enter: which entries are archived, and when.

use crate::domain::{Line, SealedEntry, Segment};
use crate::store::{AuditStore, KeptArchive};
use audit_contract::reasons::DAMAGED;
use kernel::{Fault, FileName, Files, TenantId, reasons};
use std::sync::Arc;
use uuid::Uuid;

/// Where archives are kept.
pub(crate) struct Archives(pub(crate) Option<Arc<dyn Files>>);

impl Archives {
    fn files(&self) -> Result<&Arc<dyn Files>, Fault> {
        self.0.as_ref().ok_or_else(|| reasons::FILES_DOWN.fault())
    }

    /// Keeps an archive, and makes sure that it is there. One that was kept before, by somebody who was then cut off, is the
    /// same. What could not be read again is refused: its entries are about to leave the database.
    pub(crate) async fn keep(&self, segment: &Segment) -> Result<(), Fault> {
        let files = self.files()?;
        if segment.lines().is_none() {
            return Err(Fault::internal(format!("the archive {} could not be read again", segment.name)));
        }
        files.put_if_absent(&segment.name, &segment.bytes).await?;
        match files.get(&segment.name).await? {
            Some(bytes) if bytes == segment.bytes => Ok(()),
            _ => Err(reasons::FILES_DOWN.fault().detail(format!("{} is not what was written there.", segment.name))),
        }
    }

    /// What an archive holds, without its header.
    pub(crate) async fn lines(&self, archive: &KeptArchive) -> Result<Vec<Line>, Fault> {
        let damaged = |why: &str| DAMAGED.fault().detail(format!("The archive {} {why}.", archive.name));
        let name = FileName::parse(&archive.name).ok_or_else(|| damaged("has no name that a file can have"))?;
        let bytes = self.files()?.get(&name).await?.ok_or_else(|| damaged("is gone"))?;
        let lines = Segment { name, bytes }.lines().ok_or_else(|| damaged("is not what was written there"))?;
        Ok(lines.into_iter().filter(|line| !matches!(line, Line::Header(_))).collect())
    }

    /// The entry of that id, if it is in an archive.
    pub(crate) async fn entry(
        &self,
        store: &AuditStore,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<SealedEntry>, Fault> {
        let Some(leaf) = store.leaf_of(tenant, id).await? else { return Ok(None) };
        let Some(archive) = store.archive_of(tenant, leaf).await? else { return Ok(None) };
        let found = self.lines(&archive).await?.into_iter().find_map(|line| match line {
            Line::Entry(entry) if entry.id == id && entry.leaf == leaf => Some(*entry),
            _ => None,
        });
        let found = found.ok_or_else(|| DAMAGED.fault().detail(format!("Entry {id} is not in {}.", archive.name)))?;
        store.known(found).await.map(Some)
    }
}
