//! The folder under the port's suite.

use engine_files::Folder;
use kernel::{Files, SystemIds};
use std::sync::Arc;
use tempfile::TempDir;
use testkit::suites::{FilesSubject, files};

struct InFolder {
    files: Folder,
    _folder: TempDir,
}

impl FilesSubject for InFolder {
    fn files(&self) -> &dyn Files {
        &self.files
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder_keeps_what_the_port_promises() {
    files(async || {
        let folder = TempDir::new().unwrap();
        InFolder { files: Folder::new(folder.path().join("files"), Arc::new(SystemIds)), _folder: folder }
    })
    .await;
}
