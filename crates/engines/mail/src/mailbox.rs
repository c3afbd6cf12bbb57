//! Mail that does not leave: a folder with a file for each, for whoever develops and for tests. Never where strangers
//! could look, because mail holds links that log people in.

use crate::message::recipient;
use kernel::{Fault, Mail, Mailer, reasons};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The newest so many are kept.
const KEPT: usize = 200;

/// Keeps mail in a folder.
#[derive(Debug, Clone)]
pub struct Mailbox(PathBuf);

impl Mailbox {
    /// The folder of that name; it is made when the first mail comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The mails that are there, the newest first.
    ///
    /// # Errors
    /// `mail.down` when the folder cannot be read.
    pub async fn list(&self) -> Result<Vec<Mail>, Fault> {
        let mut mails = Vec::new();
        for file in self.files().await.map_err(down)? {
            // Another process may have swept it meanwhile.
            let Ok(bytes) = tokio::fs::read(&file).await else { continue };
            mails.extend(serde_json::from_slice::<Mail>(&bytes).ok());
        }
        Ok(mails)
    }

    /// The mail of that id, if it is there.
    ///
    /// # Errors
    /// `mail.down` when its file cannot be read.
    pub async fn read(&self, id: Uuid) -> Result<Option<Mail>, Fault> {
        match tokio::fs::read(self.file(id)).await {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| down(error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(down(error)),
        }
    }

    fn file(&self, id: Uuid) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    /// The files, the newest first.
    async fn files(&self) -> std::io::Result<Vec<PathBuf>> {
        let mut entries = match tokio::fs::read_dir(&self.0).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                files.push((entry.metadata().await?.modified()?, path));
            }
        }
        files.sort_by(|one, other| other.cmp(one));
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    async fn keep(&self, mail: &Mail) -> std::io::Result<()> {
        tokio::fs::create_dir_all(&self.0).await?;
        let file = self.file(mail.id);
        let half = file.with_extension("half");
        tokio::fs::write(&half, serde_json::to_vec_pretty(mail)?).await?;
        tokio::fs::rename(&half, &file).await?;
        for old in self.files().await?.into_iter().skip(KEPT) {
            remove(&old).await;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        recipient(mail)?;
        self.keep(mail).await.map_err(down)
    }
}

async fn remove(file: &Path) {
    // Whoever swept it first did the same.
    let _gone = tokio::fs::remove_file(file).await;
}

fn down(error: std::io::Error) -> Fault {
    reasons::MAIL_DOWN.fault().because(error)
}
