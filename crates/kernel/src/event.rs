//! Events: what happened, told to whoever listens.

use crate::{TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A payload with a name and an ordering key. The contracts' generator implements it from the `.proto` files.
pub trait EventPayload: Serialize {
    /// The name on the wire, such as `forum.reply_posted.v1`.
    const KIND: &'static str;

    /// Events with the same key reach every subscriber in the order they were committed.
    fn key(&self) -> String;
}

/// An event about to be committed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// The name on the wire.
    pub kind: &'static str,
    /// The ordering key.
    pub key: String,
    /// The payload in its JSON form.
    pub data: Value,
}

impl NewEvent {
    /// Wraps a payload.
    pub fn of<P: EventPayload>(payload: &P) -> Self {
        let data = serde_json::to_value(payload).unwrap_or(Value::Null);
        Self { kind: P::KIND, key: payload.key(), data }
    }
}

/// An event as subscribers receive it. On the wire it is a CloudEvent 1.0: `id`, `source`, `type` (= `kind`),
/// `subject` (= `key`), `time`, `data`, and the extensions `tenant`, `actor`, `operation`, `traceparent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique; what a second delivery is recognised by.
    pub id: Uuid,
    /// The module that published it.
    pub source: String,
    /// Its name, such as `forum.reply_posted.v1`.
    pub kind: String,
    /// Its ordering key.
    pub key: String,
    /// The community it happened in.
    pub tenant: TenantId,
    /// When it was committed.
    pub time: Time,
    /// Whoever caused it, as `user:…`, `service:…` or `guest`.
    pub actor: String,
    /// The operation that caused it.
    pub operation: String,
    /// The request that caused it.
    pub request_id: String,
    /// The W3C `traceparent` it was committed under.
    pub trace: Option<String>,
    /// The payload, in the JSON form of its message.
    pub data: Value,
}

impl Event {
    /// The payload, if the event is of that kind and can be read.
    ///
    /// # Errors
    /// The JSON error when the payload does not have the shape its kind promises.
    pub fn payload<P: EventPayload + serde::de::DeserializeOwned>(&self) -> Option<Result<P, serde_json::Error>> {
        (self.kind == P::KIND).then(|| P::deserialize(&self.data))
    }
}
