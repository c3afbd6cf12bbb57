//! Telling every process at once whose log-in, account or role has changed. It follows the log of whoever committed it,
//! so no use case has to think of it; and it is told by pub/sub, at most once. What was not told is believed until
//! `portals.identity_ms` has passed.
//!
//! What may not enter: what changed. Only the ids of what did are told.

use crate::supervisor::Work;
use kernel::{AuditEntry, Event, EventLog, Fault, Heard, Identify, Position, PubSub};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const TOPIC: &str = "identity_changed";
/// Events read at once.
const STEP: usize = 256;
/// How long a look at the end of the log waits for news; they come at once.
const WAIT: Duration = Duration::from_secs(20);
/// Between two tries while the log cannot be read.
const PAUSE: Duration = Duration::from_millis(250);
/// How many ids one message holds: as many as every engine carries.
const IDS: usize = kernel::MESSAGE_LIMIT / 33;

/// Tells of everything that is committed to `log`.
pub(crate) fn herald(log: Arc<dyn EventLog>, pub_sub: Arc<dyn PubSub>) -> Work {
    Box::new(move |stop| Box::pin(tell(Arc::clone(&log), Arc::clone(&pub_sub), stop)))
}

/// Hears of it, and has what was believed forgotten.
pub(crate) fn listener(identify: Arc<dyn Identify>, pub_sub: Arc<dyn PubSub>) -> Work {
    Box::new(move |stop| Box::pin(hear(Arc::clone(&identify), Arc::clone(&pub_sub), stop)))
}

async fn tell(log: Arc<dyn EventLog>, pub_sub: Arc<dyn PubSub>, stop: CancellationToken) {
    let (mut at, mut silent) = (None, false);
    while !stop.is_cancelled() {
        let step = tokio::select! { step = follow(log.as_ref(), at) => step, () = stop.cancelled() => return };
        let Ok((seen, changed)) = step else {
            // Whoever reads this log for their work says so too. Where it stands is not forgotten: nothing is passed over.
            tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = stop.cancelled() => {} }
            continue;
        };
        at = Some(seen);
        for ids in changed.chunks(IDS) {
            let message = ids.iter().map(|id| id.simple().to_string()).collect::<Vec<_>>().join(" ");
            let told = pub_sub.publish(TOPIC, &message).await;
            let was_silent = std::mem::replace(&mut silent, told.is_err());
            if let Err(fault) = told
                && !was_silent
            {
                let why = fault.told();
                tracing::warn!(
                    why,
                    "other processes are not told whose log-in or role has changed; they ask again by themselves"
                );
            }
        }
    }
}

/// One step along the log, from its end when nothing is known: where it stands then, and what changed.
async fn follow(log: &dyn EventLog, at: Option<Position>) -> Result<(Position, Vec<Uuid>), Fault> {
    let Some(at) = at else {
        return Ok((log.read(Position(i64::MAX), 1, Duration::ZERO).await?.head, Vec::new()));
    };
    let batch = log.read(at, STEP, WAIT).await?;
    if batch.events.is_empty() && batch.head < at {
        // An older copy of the log was put back.
        return Ok((batch.head, Vec::new()));
    }
    // Not the head: it may have been found after nothing was, and what lies in between would never be told.
    let seen = batch.events.last().map_or(at, |last| last.position);
    let changed: BTreeSet<Uuid> = batch.events.iter().flat_map(|sequenced| ids(&sequenced.event)).collect();
    Ok((seen, changed.into_iter().collect()))
}

/// What an event is about: the aggregate it is keyed by, and those its commit changed. What began there nobody knew before.
fn ids(event: &Event) -> Vec<Uuid> {
    if !AuditEntry::is_kind(&event.kind) {
        // Who was given something, or had it taken away, is named beside what it is.
        let holder = event.data.get("holder").and_then(|holder| holder.as_str()?.strip_prefix("user:")?.parse().ok());
        return event.key.parse().ok().into_iter().chain(holder).collect();
    }
    let changes = event.data.get("changes").and_then(|changes| changes.as_array());
    let changed = changes.into_iter().flatten().filter_map(|change| {
        let (kind, aggregate) = change.as_str()?.split_once('/')?;
        let (id, version) = aggregate.split_once('@')?;
        // Somebody who runs the installation was known before as one who did not.
        (version != "1" || kind == "operator").then(|| id.parse().ok())?
    });
    changed.collect()
}

async fn hear(identify: Arc<dyn Identify>, pub_sub: Arc<dyn PubSub>, stop: CancellationToken) {
    let mut subscription = match pub_sub.subscribe(TOPIC) {
        Ok(subscription) => subscription,
        Err(fault) => {
            tracing::error!(%fault, "nothing is heard of log-ins that end");
            return stop.cancelled().await;
        }
    };
    loop {
        let heard = tokio::select! { heard = subscription.next() => heard, () = stop.cancelled() => return };
        match heard {
            Heard::Gap => identify.forget_all(),
            Heard::Message(message) => {
                let ids: Vec<Uuid> = message.split(' ').filter_map(|id| id.parse().ok()).collect();
                identify.forget(&ids);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{TenantId, Time};
    use serde_json::json;

    fn event(kind: &str, key: &str, data: serde_json::Value) -> Event {
        Event {
            id: Uuid::nil(),
            source: "auth".to_owned(),
            kind: kind.to_owned(),
            key: key.to_owned(),
            tenant: TenantId::FIRST,
            time: Time::UNIX_EPOCH,
            actor: "user:1".to_owned(),
            operation: "auth.log_out".to_owned(),
            request_id: String::new(),
            trace: None,
            data,
        }
    }

    #[test]
    fn what_changed_is_told_and_what_began_is_not() {
        let (ended, begun) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let changes = json!({ "changes": [format!("session/{ended}@2"), format!("session/{begun}@1"), "odd"] });
        assert_eq!(ids(&event("auth.audit_entry.v1", "Session/7", changes)), [ended]);
        let keyed = event("admin.role_granted.v1", &begun.to_string(), json!({}));
        assert_eq!(ids(&keyed), [begun]);
        let given = json!({ "about": "role:gardener", "holder": format!("user:{begun}") });
        assert_eq!(ids(&event("admin.access_changed.v1", "role:gardener", given)), [begun]);
        assert!(ids(&event("admin.flag_changed.v1", "dark-mode", json!({}))).is_empty());
    }
}
