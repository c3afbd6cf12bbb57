//! An event on the wire: a CloudEvent 1.0 in its JSON form (<https://github.com/cloudevents/spec>), with the position in
//! the extension `sequence`. Only the names are translated here.

use kernel::{Event, Position, Sequenced, TenantId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::num::ParseIntError;
use uuid::Uuid;

/// The attributes, named as the specification names them. One that is empty is left out.
#[derive(Serialize, Deserialize)]
pub(crate) struct CloudEvent {
    specversion: String,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    subject: String,
    time: Time,
    datacontenttype: String,
    sequence: String,
    tenant: TenantId,
    actor: String,
    operation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    requestid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    data: Value,
}

impl From<Sequenced> for CloudEvent {
    fn from(Sequenced { position, event }: Sequenced) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: event.id,
            source: event.source,
            kind: event.kind,
            subject: event.key,
            time: event.time,
            datacontenttype: "application/json".to_owned(),
            sequence: position.to_string(),
            tenant: event.tenant,
            actor: event.actor,
            operation: event.operation,
            requestid: event.request_id,
            traceparent: event.trace,
            data: event.data,
        }
    }
}

impl TryFrom<CloudEvent> for Sequenced {
    type Error = ParseIntError;

    fn try_from(event: CloudEvent) -> Result<Self, ParseIntError> {
        Ok(Self {
            position: Position(event.sequence.parse()?),
            event: Event {
                id: event.id,
                source: event.source,
                kind: event.kind,
                key: event.subject,
                tenant: event.tenant,
                time: event.time,
                actor: event.actor,
                operation: event.operation,
                request_id: event.requestid,
                trace: event.traceparent,
                data: event.data,
            },
        })
    }
}
