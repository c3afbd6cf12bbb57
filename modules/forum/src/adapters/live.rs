//! What a log entry looks like to a page that shows the thread it is about.

use forum_contract::{PostEdited, ReplyPosted, ThreadLocked, ThreadUnlocked};
use kernel::{EventPayload, Sequenced};
use serde_json::Value;

/// The event's name and data, if it is about the thread with this id and pages care.
pub(crate) fn show(sequenced: &Sequenced, thread_id: &str) -> Option<(String, Value)> {
    let event = &sequenced.event;
    let shown = [ReplyPosted::KIND, PostEdited::KIND, ThreadLocked::KIND, ThreadUnlocked::KIND];
    if event.key != thread_id || !shown.contains(&event.kind.as_str()) {
        return None;
    }
    // `forum.reply_posted.v1` is `reply_posted` to a page.
    let name = event.kind.split('.').nth(1)?.to_owned();
    Some((name, event.data.clone()))
}
