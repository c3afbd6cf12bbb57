//! What audit hears: the entry that each commit of another module, and each refused attempt, left in that module's log.

use crate::Audit;
use crate::store::Entry;
use crate::usecases::RecordEntry;
use ::store::{FeedOptions, Subscriber, Subscription, run_subscription};
use kernel::{AuditEntry, Caller, Event, EventLog, Fault, Late};
use runtime::{Role, Worker};
use std::sync::Arc;

/// A module whose commits are recorded. Each needs a policy that lets its subscriber record.
pub(crate) struct Source {
    /// The module.
    pub(crate) module: &'static str,
    /// Who listens to it.
    subscriber: &'static str,
}

/// Every module whose commits are recorded.
pub(crate) static SOURCES: [Source; 5] = [
    Source { module: "auth", subscriber: "audit.auth" },
    Source { module: "admin", subscriber: "audit.admin" },
    Source { module: "forum", subscriber: "audit.forum" },
    Source { module: "platform", subscriber: "audit.platform" },
    // Recording and sealing leave none: they would describe themselves, without end. What it archived, forgot and refused
    // stands there.
    Source { module: "audit", subscriber: "audit.audit" },
];

/// The worker that listens to one module.
pub(crate) fn worker(
    audit: &Arc<Audit>,
    source: &'static Source,
    log: &Late<dyn EventLog>,
    feed: &FeedOptions,
) -> Worker {
    let subscription = Subscription {
        subscriber: source.subscriber,
        source: source.module,
        wants: AuditEntry::is_kind,
        handler: Arc::new(Recorder(Arc::clone(audit))),
    };
    let (store, log, feed) = (audit.store.base().clone(), log.clone(), feed.clone());
    Worker::new(source.subscriber, Role::Feed, move |stop| {
        run_subscription(store.clone(), log.clone(), subscription.clone(), feed.clone(), stop)
    })
}

struct Recorder(Arc<Audit>);

#[async_trait::async_trait]
impl Subscriber for Recorder {
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault> {
        let entry: AuditEntry = serde_json::from_value(event.data.clone()).map_err(Fault::internal)?;
        let position = caller.delivery.as_ref().map_or(0, |delivery| delivery.position.0);
        self.0.execute(&caller, RecordEntry { entry: Entry { entry, position, person: None } }).await
    }
}
