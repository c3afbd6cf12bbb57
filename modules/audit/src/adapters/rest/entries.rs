//! `/api/v1/audit/entries`: what is in the record.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::PROBLEM_JSON;
use crate::Audit;
use crate::store::Entry;
use crate::usecases::{ListEntries, ReadEntry};
use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::{AuditDetail, AuditResult, Cursor, Difference, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Audit>> {
    OpenApiRouter::new().routes(routes!(list_entries)).routes(routes!(read_entry))
}

/// Which entries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EntryParams {
    /// Committed by this module, such as `forum`.
    module: Option<String>,
    /// Made by this operation, such as `forum.post_reply`.
    operation: Option<String>,
    /// Made by this principal (`user:<UUID>`, `service:<name>`, `guest`), user id, or whoever went by this name.
    actor: Option<String>,
    /// Made to this, as `Kind/id`, or to anything of that `Kind`.
    resource: Option<String>,
    /// Ended like this: `done` or `refused`.
    result: Option<String>,
    /// Not before this RFC 3339 instant, or day in UTC.
    from: Option<String>,
    /// Before this RFC 3339 instant, or up to the end of this day in UTC.
    to: Option<String>,
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// One commit of one module.
#[derive(Debug, Serialize, ToSchema)]
struct EntryBody {
    /// The entry's id.
    id: Uuid,
    /// The module that committed.
    #[schema(example = "forum")]
    module: String,
    /// The entry's place in the module's log.
    position: i64,
    /// What was done.
    #[schema(example = "forum.post_reply")]
    operation: String,
    /// Whoever did it: `user:<UUID>`, `service:<name>` or `guest`.
    actor: String,
    /// Their name at the time.
    actor_name: String,
    /// The community it was done in.
    tenant_id: Uuid,
    /// What it was done to, as `Kind/id`.
    resource: String,
    /// The decision that allowed it.
    decision_id: Uuid,
    /// The policies that allowed it.
    policies: Vec<String>,
    /// The aggregates it changed, as `kind/id@version`.
    changes: Vec<String>,
    /// The events it published.
    events: Vec<String>,
    /// The request it came with.
    request_id: String,
    /// The address it came from.
    address: Option<String>,
    /// When it was committed.
    at: DateTime<Utc>,
    /// What entries say since refusals are recorded; absent from earlier ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailBody>,
}

/// What else an entry says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditDetailBody)]
struct DetailBody {
    /// Whoever the actor acted for, such as the person whose request enqueued the task.
    on_behalf_of: Option<String>,
    /// The log-in it came through.
    session: Option<Uuid>,
    /// What the client called itself.
    user_agent: Option<String>,
    /// What became of each aggregate, in the order of `changes`.
    differences: Vec<DifferenceBody>,
    /// How it ended: `"done"`, or `{"refused": {"reason": …, "times": …}}`.
    #[schema(value_type = Object)]
    result: AuditResult,
}

/// What became of one aggregate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditDifferenceBody)]
struct DifferenceBody {
    /// The aggregate, as `kind/id@version`.
    of: String,
    /// The digest of its state before: HMAC-SHA-256 under a key that only the module's history has.
    before: Option<String>,
    /// The digest of its state after.
    after: Option<String>,
    /// The names of the fields that differ.
    fields: Vec<String>,
}

impl From<AuditDetail> for DetailBody {
    fn from(detail: AuditDetail) -> Self {
        let difference = |Difference { of, before, after, fields }| DifferenceBody { of, before, after, fields };
        Self {
            on_behalf_of: detail.on_behalf_of,
            session: detail.session.map(|session| session.0),
            user_agent: detail.user_agent,
            differences: detail.differences.into_iter().map(difference).collect(),
            result: detail.result,
        }
    }
}

impl From<Entry> for EntryBody {
    fn from(Entry { entry, position, .. }: Entry) -> Self {
        Self {
            id: entry.id,
            module: entry.module,
            position,
            operation: entry.operation,
            actor: entry.actor,
            actor_name: entry.actor_name,
            tenant_id: entry.tenant.0,
            resource: entry.resource,
            decision_id: entry.decision_id,
            policies: entry.policies,
            changes: entry.changes,
            events: entry.events,
            request_id: entry.request_id,
            address: entry.address,
            at: entry.at,
            detail: entry.detail.map(DetailBody::from),
        }
    }
}

/// Some consecutive entries.
#[derive(Debug, Serialize, ToSchema)]
struct EntriesBody {
    /// The newest first.
    items: Vec<EntryBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
}

/// Lists the record
///
/// What every module committed, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit/entries",
    tag = "audit",
    params(EntryParams),
    responses(
        (status = 200, body = EntriesBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_entries(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ListEntries>,
    Query(params): Query<EntryParams>,
) -> Result<Json<EntriesBody>, Refusal> {
    let EntryParams { module, operation, actor, resource, result, from, to, cursor, limit } = params;
    let page = PageRequest { cursor: cursor.map(Cursor), limit };
    let wanted = ListEntries { module, operation, actor, resource, result, from, to, page };
    let page = audit.execute(&caller, wanted).await?;
    let next = page.next.map(|cursor| cursor.0);
    Ok(Json(EntriesBody { items: page.items.into_iter().map(EntryBody::from).collect(), next }))
}

/// Reads one entry
///
/// Fails with `audit.no_such_entry`.
#[utoipa::path(
    get,
    path = "/api/v1/audit/entries/{id}",
    tag = "audit",
    params(("id" = Uuid, Path, description = "The entry's id.")),
    responses(
        (status = 200, body = EntryBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_entry(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ReadEntry>,
    Path(id): Path<Uuid>,
) -> Result<Json<EntryBody>, Refusal> {
    Ok(Json(audit.execute(&caller, ReadEntry { id }).await?.into()))
}
