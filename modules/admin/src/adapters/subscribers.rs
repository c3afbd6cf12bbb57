//! What admin learns from auth: who is who, and who runs the community.

use crate::Admin;
use crate::usecases::{GrantFounder, RecordPerson};
use ::store::{FeedOptions, Subscriber, Subscription, run_subscription};
use auth_contract::{ProfileChanged, SuperuserCreated, UserDeleted, UserRegistered};
use chrono::DateTime;
use kernel::{Caller, Event, EventLog, EventPayload, Fault, Late, UserId};
use runtime::{Role, Worker};
use std::sync::Arc;

/// The subscriptions, each with a worker of its own.
pub(crate) fn workers(admin: &Arc<Admin>, auth: &Late<dyn EventLog>, feed: &FeedOptions) -> Vec<Worker> {
    let people = Subscription {
        subscriber: "admin.people",
        source: "auth",
        wants: |kind| [UserRegistered::KIND, ProfileChanged::KIND, UserDeleted::KIND].contains(&kind),
        handler: Arc::new(People(Arc::clone(admin))),
    };
    let founders = Subscription {
        subscriber: "admin.founders",
        source: "auth",
        wants: |kind| kind == SuperuserCreated::KIND,
        handler: Arc::new(Founders(Arc::clone(admin))),
    };
    let worker = |subscription: Subscription| {
        let (store, log, feed) = (admin.store.base().clone(), auth.clone(), feed.clone());
        Worker::new(subscription.subscriber, Role::Feed, move |stop| {
            run_subscription(store.clone(), log.clone(), subscription.clone(), feed.clone(), stop)
        })
    };
    vec![worker(people), worker(founders)]
}

struct People(Arc<Admin>);

#[async_trait::async_trait]
impl Subscriber for People {
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault> {
        let usecase = if let Some(registered) = event.payload::<UserRegistered>() {
            let registered = registered.map_err(Fault::internal)?;
            let at = DateTime::from_timestamp_millis(registered.registered_at_ms);
            RecordPerson {
                user: user(&registered.user_id)?,
                handle: registered.handle,
                display_name: registered.display_name,
                registered_at: Some(at.unwrap_or(event.time)),
            }
        } else if let Some(changed) = event.payload::<ProfileChanged>() {
            let changed = changed.map_err(Fault::internal)?;
            RecordPerson {
                user: user(&changed.user_id)?,
                handle: changed.handle,
                display_name: changed.display_name,
                registered_at: None,
            }
        } else if let Some(deleted) = event.payload::<UserDeleted>() {
            let deleted = deleted.map_err(Fault::internal)?;
            RecordPerson {
                user: user(&deleted.user_id)?,
                handle: deleted.handle,
                display_name: deleted.display_name,
                registered_at: None,
            }
        } else {
            return Ok(());
        };
        self.0.execute(&caller, usecase).await
    }
}

struct Founders(Arc<Admin>);

#[async_trait::async_trait]
impl Subscriber for Founders {
    async fn on_event(&self, caller: Caller, event: &Event) -> Result<(), Fault> {
        let Some(created) = event.payload::<SuperuserCreated>() else { return Ok(()) };
        let created = created.map_err(Fault::internal)?;
        self.0.execute(&caller, GrantFounder { user: user(&created.user_id)? }).await
    }
}

fn user(id: &str) -> Result<UserId, Fault> {
    id.parse().map_err(|_| Fault::invalid("user_id", "must be a UUID"))
}
