//! The files port in a folder.
//!
//! What may not enter: what files say.

use kernel::{Fault, FileName, Files, Ids, reasons};
use std::io::{Error, ErrorKind, Result as Io};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// Keeps files in a folder and the folders in it.
#[derive(Clone)]
pub struct Folder {
    root: PathBuf,
    /// What half-written files are called.
    ids: Arc<dyn Ids>,
}

impl Folder {
    /// The folder of that name; it is made when the first file comes.
    pub fn new(root: impl Into<PathBuf>, ids: Arc<dyn Ids>) -> Self {
        Self { root: root.into(), ids }
    }

    fn path(&self, name: &FileName) -> PathBuf {
        self.root.join(name.as_str())
    }

    async fn put(&self, name: &FileName, bytes: &[u8]) -> Io<bool> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.root);
        let standing = self.standing().await;
        // Whoever reads along in them may be anybody: what is in files is for the owner alone.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
        let draft = folder.join(format!(".{}", self.ids.next().simple()));
        let linked = async {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).await?;
            file.write_all(bytes).await?;
            file.sync_all().await?;
            fs::hard_link(&draft, &path).await
        };
        let linked = linked.await;
        fs::remove_file(&draft).await.or_else(unless_missing)?;
        let put = match linked {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        };
        self.keep_names(folder, &standing).await?;
        Ok(put)
    }

    /// The nearest folder above the root that is there.
    async fn standing(&self) -> PathBuf {
        for above in self.root.ancestors().skip(1) {
            if fs::metadata(here(above)).await.is_ok() {
                return above.to_owned();
            }
        }
        self.root.clone()
    }

    /// Brings the names in `folder`, and its own in those above it, to the disk, up to the folder that was `standing` before.
    async fn keep_names(&self, folder: &Path, standing: &Path) -> Io<()> {
        for folder in folder.ancestors().take_while(|above| above.starts_with(standing)) {
            let synced = async { fs::File::open(here(folder)).await?.sync_all().await };
            match synced.await {
                // Above the root are folders of others: they may not be for us to open, or on no disk of their own.
                Err(error) if !folder.starts_with(&self.root) && is_not_ours(&error) => {}
                done => done?,
            }
        }
        Ok(())
    }

    async fn names(&self, folder: &FileName) -> Io<Vec<FileName>> {
        let (mut names, mut folders) = (Vec::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            let mut entries = match fs::read_dir(&folder).await {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries?,
            };
            while let Some(entry) = entries.next_entry().await? {
                let path = entry.path();
                if entry.file_type().await?.is_dir() {
                    folders.push(path);
                } else if let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) {
                    names.extend(FileName::parse(name));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

#[async_trait::async_trait]
impl Files for Folder {
    async fn put_if_absent(&self, name: &FileName, bytes: &[u8]) -> Result<bool, Fault> {
        self.put(name, bytes).await.map_err(down)
    }

    async fn get(&self, name: &FileName) -> Result<Option<Vec<u8>>, Fault> {
        match fs::read(self.path(name)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => unless_missing(error).map(|()| None).map_err(down),
        }
    }

    async fn delete(&self, name: &FileName) -> Result<bool, Fault> {
        match fs::remove_file(self.path(name)).await {
            Ok(()) => Ok(true),
            Err(error) => unless_missing(error).map(|()| false).map_err(down),
        }
    }

    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, Fault> {
        self.names(folder).await.map_err(down)
    }
}

/// The folder as it can be opened: above a relative path stands the one with no name.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn is_not_ours(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidInput)
}

fn unless_missing(error: Error) -> Io<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn down(error: Error) -> Fault {
    reasons::FILES_DOWN.fault().because(error)
}
