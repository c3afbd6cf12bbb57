//! The suite for [`kernel::Files`].
//!
//! What may not enter: where files are kept.

use kernel::{FileName, Files};

/// An engine to be tested.
pub trait FilesSubject: Send + Sync {
    /// The port under test.
    fn files(&self) -> &dyn Files;
}

/// Runs every case, each on a `fresh` engine that keeps nothing.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn files<S: FilesSubject>(fresh: impl AsyncFn() -> S) {
    what_was_put_is_got_whole(fresh().await.files()).await;
    first_one_stays(fresh().await.files()).await;
    of_many_at_once_one_is_first(fresh().await.files()).await;
    list_has_what_is_in_the_folder_and_below(fresh().await.files()).await;
    what_was_deleted_is_gone(fresh().await.files()).await;
}

fn name(text: &str) -> FileName {
    FileName::parse(text).expect("a name")
}

async fn what_was_put_is_got_whole(files: &dyn Files) {
    let long: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for (at, bytes) in [("a/empty", Vec::new()), ("a/long.bin", long)] {
        assert_eq!(files.get(&name(at)).await.expect("get"), None);
        assert!(files.put_if_absent(&name(at), &bytes).await.expect("put"), "{at} is new");
        assert_eq!(files.get(&name(at)).await.expect("get"), Some(bytes));
    }
}

async fn first_one_stays(files: &dyn Files) {
    assert!(files.put_if_absent(&name("a/b"), b"first").await.expect("put"));
    assert!(!files.put_if_absent(&name("a/b"), b"second").await.expect("put"));
    assert_eq!(files.get(&name("a/b")).await.expect("get").as_deref(), Some(b"first".as_slice()));
}

async fn of_many_at_once_one_is_first(files: &dyn Files) {
    let at = name("race");
    let texts: Vec<Vec<u8>> = (0..8_u8).map(|nth| vec![nth; 10_000]).collect();
    let puts = texts.iter().map(|text| files.put_if_absent(&at, text));
    let put = futures::future::join_all(puts).await;
    assert_eq!(put.into_iter().filter(|put| *put.as_ref().expect("put")).count(), 1);
    let kept = files.get(&at).await.expect("get").expect("it is there");
    assert!(texts.contains(&kept), "one of them, whole");
}

async fn list_has_what_is_in_the_folder_and_below(files: &dyn Files) {
    assert!(files.list(&name("a")).await.expect("list").is_empty());
    for at in ["a/z", "a/b/c", "ab/c", "b"] {
        files.put_if_absent(&name(at), b"x").await.expect("put");
    }
    assert_eq!(files.list(&name("a")).await.expect("list"), [name("a/b/c"), name("a/z")]);
}

async fn what_was_deleted_is_gone(files: &dyn Files) {
    assert!(!files.delete(&name("a/b")).await.expect("delete"));
    files.put_if_absent(&name("a/b"), b"first").await.expect("put");
    assert!(files.delete(&name("a/b")).await.expect("delete"));
    assert_eq!(files.get(&name("a/b")).await.expect("get"), None);
    assert!(files.put_if_absent(&name("a/b"), b"second").await.expect("put"));
}
