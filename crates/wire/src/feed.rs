//! The feed between processes: a far module's log behind `kernel::EventLog`, and the near ones offered to others.
//! Cursors and subscribers are not known here.

use crate::cloud_event::CloudEvent;
use generated::{FeedPortal, PullReply, PullRequest};
use kernel::{
    Actor, Batch, Caller, Clock, Contract, EventLog, Fault, FaultCode, Method, PortalService, Position, Reason,
    Sequenced, TenantId, Transport, reasons,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

// Generated text is not styled by hand.
mod generated {
    #![allow(
        clippy::all,
        unreachable_pub,
        unused_qualifications,
        reason = "generated paths are absolute so that no message shadows them"
    )]

    include!(concat!(env!("OUT_DIR"), "/polity.feed.v1.rs"));
}

/// The longest one pull waits for the first event; whoever wants to wait longer pulls again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// What the way there and back may take beyond the wait.
const MARGIN: Duration = Duration::from_secs(5);

/// The longest one pull may take.
pub(crate) const LONGEST_PULL: Duration = Duration::from_secs(LONGEST_WAIT.as_secs() + MARGIN.as_secs());

/// The most events one pull brings.
const LARGEST_BATCH: usize = 1000;

/// What the events of one reply may take together: a message's limit, with room for its frame.
const BATCH_BYTES: usize = crate::MAX_MESSAGE_BYTES - 64 * 1024;

/// The module's log is not in that process.
pub const NO_SUCH_LOG: Reason =
    Reason::new(FaultCode::NotFound, "feed.no_such_log", "The events of this module are not kept here.");

/// Whether a method is meant to wait.
pub(crate) fn is_long_poll(method: &Method) -> bool {
    method.service == "polity.feed.v1.FeedPortal" && method.name == "Pull"
}

/// The log of a module in another process.
pub struct RemoteLog {
    portal: Arc<dyn FeedPortal>,
    module: String,
    clock: Arc<dyn Clock>,
}

impl RemoteLog {
    /// The log of `module`, read through `transport`.
    pub fn new(transport: Arc<dyn Transport>, module: &str, clock: Arc<dyn Clock>) -> Self {
        Self { portal: <dyn FeedPortal>::remote(transport), module: module.to_owned(), clock }
    }
}

#[async_trait::async_trait]
impl EventLog for RemoteLog {
    async fn read(&self, after: Position, limit: usize, wait: Duration) -> Result<Batch, Fault> {
        let wait = wait.min(LONGEST_WAIT);
        let request_id = format!("feed.{}.{after}", self.module);
        let mut caller = Caller::new(Actor::service(TenantId::FIRST, "feed"), request_id);
        caller.deadline = Some(self.clock.now() + wait + MARGIN);
        let request = PullRequest {
            module: self.module.clone(),
            after: after.0,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
        };
        let reply = self.portal.pull(&caller, request).await?;
        let events = reply.events_json.iter().map(|json| parse(json)).collect::<Result<_, _>>()?;
        Ok(Batch { events, head: Position(reply.head) })
    }
}

/// Offers `logs`, by module, to other processes of the installation.
pub fn feed_service(logs: BTreeMap<String, Arc<dyn EventLog>>) -> PortalService {
    <dyn FeedPortal>::service(Arc::new(Logs(logs)))
}

struct Logs(BTreeMap<String, Arc<dyn EventLog>>);

#[async_trait::async_trait]
impl FeedPortal for Logs {
    async fn pull(&self, _: &Caller, request: PullRequest) -> Result<PullReply, Fault> {
        let log = self.0.get(&request.module).ok_or_else(|| NO_SUCH_LOG.fault())?;
        let limit = usize::try_from(request.limit).unwrap_or(LARGEST_BATCH).clamp(1, LARGEST_BATCH);
        let wait = Duration::from_millis(request.wait_ms.into()).min(LONGEST_WAIT);
        let batch = log.read(Position(request.after), limit, wait).await?;
        Ok(PullReply { events_json: encoded(batch.events)?, head: batch.head.0 })
    }
}

/// As many events from the start as fit into one message, and always the first.
fn encoded(events: Vec<Sequenced>) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::with_capacity(events.len());
    let mut bytes = 0;
    for event in events {
        let text = serde_json::to_string(&CloudEvent::from(event)).map_err(Fault::internal)?;
        bytes += text.len() + 8;
        if bytes > BATCH_BYTES && !texts.is_empty() {
            break;
        }
        texts.push(text);
    }
    Ok(texts)
}

fn parse(json: &str) -> Result<Sequenced, Fault> {
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| reasons::INTERNAL.fault().because(error);
    let event: CloudEvent = serde_json::from_str(json).map_err(|error| unreadable(error.into()))?;
    Sequenced::try_from(event).map_err(|error| unreadable(error.into()))
}
