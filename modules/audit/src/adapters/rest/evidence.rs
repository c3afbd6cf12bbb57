//! Checkpoints, proofs and the export: what the record can be held against.
#![expect(unused_qualifications, reason = "the OpenAPI macro repeats the handlers' argument types with their paths")]

use super::PROBLEM_JSON;
use crate::Audit;
use crate::adapters::export::{self, Form};
use crate::domain::Digest;
use crate::store::KeptCheckpoint;
use crate::usecases::{ExportEntries, ListCheckpoints, ProveConsistency, ProveEntry, ReadCheckpoint};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::{Cursor, PageRequest};
use runtime::http::{Admitted, Json, Path, Problem, Query, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes with their description.
pub(super) fn router() -> OpenApiRouter<Arc<Audit>> {
    OpenApiRouter::new()
        .routes(routes!(read_checkpoint))
        .routes(routes!(list_checkpoints))
        .routes(routes!(prove_entry))
        .routes(routes!(prove_consistency))
        .routes(routes!(export_entries))
}

/// What the record was signed for at some time.
#[derive(Debug, Serialize, ToSchema)]
struct CheckpointBody {
    /// How many entries it covers.
    size: u64,
    /// The root of the Merkle tree over them, SHA-256 in base64.
    root: String,
    /// When it was signed.
    at: DateTime<Utc>,
    /// The checkpoint as a signed note: see docs/audit.md.
    note: String,
}

impl From<KeptCheckpoint> for CheckpointBody {
    fn from(KeptCheckpoint { size, root, note, at }: KeptCheckpoint) -> Self {
        Self { size, root: root.to_string(), at, note }
    }
}

/// Some consecutive checkpoints.
#[derive(Debug, Serialize, ToSchema)]
struct CheckpointsBody {
    /// The latest first.
    items: Vec<CheckpointBody>,
    /// Where to go on from; null on the last page.
    next: Option<String>,
}

/// That an entry is in the record that was signed.
#[derive(Debug, Serialize, ToSchema)]
struct InclusionBody {
    /// The entry's id.
    entry_id: Uuid,
    /// Which leaf of the tree it is, counting from 0.
    leaf: u64,
    /// The hash of the leaf, SHA-256 in base64.
    leaf_hash: String,
    /// The inclusion proof of RFC 9162, section 2.1.3: hashes from the leaf to the root.
    hashes: Vec<String>,
    /// The checkpoint that it leads to.
    checkpoint: CheckpointBody,
}

/// That the record under one checkpoint is the beginning of the record under another.
#[derive(Debug, Serialize, ToSchema)]
struct ConsistencyBody {
    /// The earlier checkpoint.
    from: CheckpointBody,
    /// The later checkpoint.
    to: CheckpointBody,
    /// The consistency proof of RFC 9162, section 2.1.4.
    hashes: Vec<String>,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParams {
    /// The `next` of the answer to go on from.
    cursor: Option<String>,
    /// How many at most: 1 to 200, 50 when absent.
    limit: Option<u32>,
}

/// Between which checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SizeParams {
    /// How many entries the earlier checkpoint covers.
    from: u64,
    /// How many the later one covers; those of the latest when absent.
    to: Option<u64>,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FormParams {
    /// `jsonl`, which can be verified, or `csv`; `jsonl` when absent.
    format: Option<String>,
}

/// Reads the latest checkpoint
///
/// As a signed note, for keeping where nobody here can change it. Fails with `audit.no_such_checkpoint`.
#[utoipa::path(
    get,
    path = "/api/v1/audit/checkpoint",
    tag = "audit",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn read_checkpoint(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ReadCheckpoint>,
) -> Result<Response, Refusal> {
    let checkpoint = audit.execute(&caller, ReadCheckpoint {}).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], checkpoint.note).into_response())
}

/// Lists the checkpoints
///
/// The latest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit/checkpoints",
    tag = "audit",
    params(PageParams),
    responses(
        (status = 200, body = CheckpointsBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn list_checkpoints(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ListCheckpoints>,
    Query(PageParams { cursor, limit }): Query<PageParams>,
) -> Result<Json<CheckpointsBody>, Refusal> {
    let wanted = ListCheckpoints { page: PageRequest { cursor: cursor.map(Cursor), limit } };
    let page = audit.execute(&caller, wanted).await?;
    let next = page.next.map(|cursor| cursor.0);
    Ok(Json(CheckpointsBody { items: page.items.into_iter().map(CheckpointBody::from).collect(), next }))
}

/// Proves that an entry is in the record
///
/// Against the latest checkpoint. Fails with `audit.no_such_entry`, `audit.not_sealed`, and `audit.record_damaged` when
/// the database does not hold what was signed.
#[utoipa::path(
    get,
    path = "/api/v1/audit/entries/{id}/proof",
    tag = "audit",
    params(("id" = Uuid, Path, description = "The entry's id.")),
    responses(
        (status = 200, body = InclusionBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn prove_entry(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ProveEntry>,
    Path(id): Path<Uuid>,
) -> Result<Json<InclusionBody>, Refusal> {
    let proof = audit.execute(&caller, ProveEntry { id }).await?;
    Ok(Json(InclusionBody {
        entry_id: proof.sealed.id,
        leaf: proof.sealed.leaf,
        leaf_hash: proof.sealed.hash.to_string(),
        hashes: texts(&proof.path),
        checkpoint: proof.checkpoint.into(),
    }))
}

/// Proves that an earlier record is the beginning of a later one
///
/// Between two checkpoints. Fails with `audit.no_such_checkpoint`, and `audit.record_damaged` when the database does not
/// hold what was signed.
#[utoipa::path(
    get,
    path = "/api/v1/audit/consistency",
    tag = "audit",
    params(SizeParams),
    responses(
        (status = 200, body = ConsistencyBody),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = Problem, content_type = PROBLEM_JSON),
        (status = 409, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn prove_consistency(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ProveConsistency>,
    Query(SizeParams { from, to }): Query<SizeParams>,
) -> Result<Json<ConsistencyBody>, Refusal> {
    let proof = audit.execute(&caller, ProveConsistency { from, to }).await?;
    Ok(Json(ConsistencyBody { from: proof.from.into(), to: proof.to.into(), hashes: texts(&proof.path) }))
}

/// Exports the record
///
/// Everything that is sealed, in the order in which it was, with the checkpoints. `polity audit verify` checks the
/// `jsonl` form without this installation.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    tag = "audit",
    params(FormParams),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 422, body = Problem, content_type = PROBLEM_JSON),
    ),
    security(("bearer" = []), ("session" = []))
)]
async fn export_entries(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ExportEntries>,
    Query(FormParams { format }): Query<FormParams>,
) -> Result<Response, Refusal> {
    let form = Form::parse(format.as_deref())?;
    // Before the first byte, so that whoever is refused is told so by the status.
    let first = audit.execute(&caller, ExportEntries::default()).await?;
    Ok(export::response(audit, caller, first, form))
}

fn texts(hashes: &[Digest]) -> Vec<String> {
    hashes.iter().map(Digest::to_string).collect()
}
