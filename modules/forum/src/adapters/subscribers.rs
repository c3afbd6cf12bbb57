//! What the forum listens to: auth's events about people become the forum's own members.

use crate::Forum;
use crate::usecases::RecordMember;
use ::store::{FeedOptions, Subscriber, Subscription, run_subscription};
use auth_contract::{ProfileChanged, UserDeleted, UserRegistered};
use kernel::{Caller, Event, EventLog, EventPayload, Fault, Late};
use runtime::{Role, Worker};
use std::sync::Arc;

/// Keeps the members up to date.
struct Members(Arc<Forum>);

#[async_trait::async_trait]
impl Subscriber for Members {
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault> {
        let (user_id, handle, display_name) = if let Some(registered) = event.payload::<UserRegistered>() {
            let UserRegistered { user_id, handle, display_name, .. } = registered.map_err(Fault::internal)?;
            (user_id, handle, display_name)
        } else if let Some(changed) = event.payload::<ProfileChanged>() {
            let ProfileChanged { user_id, handle, display_name } = changed.map_err(Fault::internal)?;
            (user_id, handle, display_name)
        } else if let Some(deleted) = event.payload::<UserDeleted>() {
            // Nobody is found by the handle that took the place of theirs.
            let UserDeleted { user_id, display_name, .. } = deleted.map_err(Fault::internal)?;
            (user_id, String::new(), display_name)
        } else {
            return Ok(());
        };
        let user_id = user_id.parse().map_err(|_| Fault::invalid("user_id", "is not a UUID"))?;
        self.0.execute(&caller, RecordMember { user_id, handle, display_name }).await
    }
}

/// The worker behind `forum.members`.
pub(crate) fn members(forum: &Arc<Forum>, log: &Late<dyn EventLog>, options: &FeedOptions) -> Worker {
    let subscription = Subscription {
        subscriber: "forum.members",
        source: "auth",
        wants: |kind| [UserRegistered::KIND, ProfileChanged::KIND, UserDeleted::KIND].contains(&kind),
        handler: Arc::new(Members(Arc::clone(forum))),
    };
    let (store, log, options) = (forum.store.0.clone(), log.clone(), options.clone());
    Worker::new("forum.members", Role::Feed, move |stop| {
        run_subscription(store.clone(), log.clone(), subscription.clone(), options.clone(), stop)
    })
}
