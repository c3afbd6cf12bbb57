//! The suite for [`kernel::Replays`].
//!
//! What may not enter: how an answer comes to be kept; that is the subject's affair.

use async_trait::async_trait;
use kernel::{Fault, Replay, Replays};
use serde_json::json;

/// An engine to be tested, with the way its records are made.
#[async_trait]
pub trait ReplaysSubject: Send + Sync {
    /// The port under test.
    fn replays(&self) -> &dyn Replays;

    /// Keeps an answer the way the engine does it: in the transaction of a commit, for a store.
    ///
    /// # Errors
    /// Any fault when the scope is taken.
    async fn record(&self, replay: Replay) -> Result<(), Fault>;
}

/// Runs every case, each on a `fresh` engine without records.
///
/// # Panics
/// When the engine breaks a promise.
pub async fn replays<S: ReplaysSubject>(fresh: impl AsyncFn() -> S) {
    unknown_scope_has_no_answer(&fresh().await).await;
    answer_is_recalled_whole_under_its_own_scope(&fresh().await).await;
    first_answer_stays(&fresh().await).await;
}

async fn unknown_scope_has_no_answer(subject: &impl ReplaysSubject) {
    assert_eq!(recall(subject, "forum.post_reply user:1 a").await, None, "an unknown scope has no answer");
}

async fn answer_is_recalled_whole_under_its_own_scope(subject: &impl ReplaysSubject) {
    let (one, other) = (replay("forum.post_reply user:1 a", 1), replay("forum.post_reply user:1 A", 2));
    for replay in [&one, &other] {
        subject.record(replay.clone()).await.expect("a free scope can be recorded");
    }
    assert_eq!(recall(subject, &one.scope).await, Some(one), "an answer is recalled whole");
    assert_eq!(recall(subject, &other.scope).await, Some(other), "scopes are told apart by every letter");
}

async fn first_answer_stays(subject: &impl ReplaysSubject) {
    let first = replay("forum.post_reply user:1 a", 1);
    subject.record(first.clone()).await.expect("a free scope can be recorded");
    assert!(subject.record(replay(&first.scope, 2)).await.is_err(), "a scope is recorded only once");
    assert_eq!(recall(subject, &first.scope).await, Some(first), "the first answer stays");
}

async fn recall(subject: &impl ReplaysSubject, scope: &str) -> Option<Replay> {
    subject.replays().recall(scope).await.expect("records can be read")
}

fn replay(scope: &str, number: u64) -> Replay {
    let answer = json!({ "number": number, "text": "ü \" \\ \u{1f600}", "nothing": null, "list": [1, 2.5, true] });
    Replay { scope: scope.to_owned(), fingerprint: format!("digest-{number}"), answer }
}
