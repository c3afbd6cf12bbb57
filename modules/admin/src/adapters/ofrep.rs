//! `/ofrep/v1`: the OpenFeature Remote Evaluation Protocol (<https://github.com/open-feature/protocol>, version 0.1 of
//! `service/openapi.yaml`), so that its public clients ask for our flags unchanged. What keeps a flag from being
//! evaluated is told in the protocol's words; what keeps a caller from asking, in ours.

use crate::Admin;
use crate::domain::{Context, NoVerdict};
use crate::usecases::{EvaluateFlag, EvaluateFlags, Evaluation};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::Fault;
use ring::digest::{SHA256, digest};
use runtime::http::{Admitted, Json, Path, Problem, Refusal};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const PROBLEM_JSON: &str = "application/problem+json";
/// The body is not the JSON it should be.
const PARSE_ERROR: &str = "PARSE_ERROR";
/// The context is no object.
const INVALID_CONTEXT: &str = "INVALID_CONTEXT";

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(evaluate_flag)).routes(routes!(evaluate_flags))
}

/// For whom flags are evaluated.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"context": {"targetingKey": "user-7", "plan": "pro"}}))]
#[expect(dead_code, reason = "described here, and read as a map")]
struct EvaluationRequest {
    /// Attributes by name; `targetingKey` is whoever it is.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
}

/// What a flag comes to.
#[derive(Debug, Serialize, ToSchema)]
struct EvaluationSuccess {
    /// The flag's key.
    key: String,
    /// Why: `STATIC`, `DEFAULT`, `TARGETING_MATCH`, `SPLIT` or `DISABLED`.
    #[schema(example = "TARGETING_MATCH")]
    reason: &'static str,
    /// The variant's name.
    variant: String,
    /// The variant's value.
    value: Value,
    /// More about the flag.
    metadata: FlagMetadata,
}

/// More about a flag.
#[derive(Debug, Serialize, ToSchema)]
struct FlagMetadata {
    /// The flag's version.
    version: i64,
}

/// Why a flag comes to nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EvaluationFailure {
    /// The flag's key; absent when it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// `FLAG_NOT_FOUND`, `PARSE_ERROR`, `TARGETING_KEY_MISSING` or `INVALID_CONTEXT`.
    #[schema(example = "FLAG_NOT_FOUND")]
    error_code: &'static str,
    /// The same for people.
    error_details: String,
}

/// One flag among all.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum FlagAnswer {
    /// What it comes to.
    Success(EvaluationSuccess),
    /// Why it comes to nothing.
    Failure(EvaluationFailure),
}

/// What all flags come to.
#[derive(Debug, Serialize, ToSchema)]
struct BulkEvaluation {
    /// By key.
    flags: Vec<FlagAnswer>,
}

impl From<Evaluation> for FlagAnswer {
    fn from(Evaluation { key, told }: Evaluation) -> Self {
        match told {
            Ok(told) => Self::Success(EvaluationSuccess {
                key,
                reason: told.reason.name(),
                variant: told.variant,
                value: told.value,
                metadata: FlagMetadata { version: told.version },
            }),
            Err(error) => Self::Failure(EvaluationFailure {
                key: Some(key),
                error_code: error.code(),
                error_details: error.words().to_owned(),
            }),
        }
    }
}

/// Evaluates one flag
///
/// As the OpenFeature Remote Evaluation Protocol says. For members, and for guests where the flag is public.
#[utoipa::path(
    post,
    path = "/ofrep/v1/evaluate/flags/{key}",
    tag = "ofrep",
    params(("key" = String, Path, description = "The flag's key.")),
    request_body = EvaluationRequest,
    responses(
        (status = 200, body = EvaluationSuccess),
        (status = 400, body = EvaluationFailure),
        (status = 401, body = Problem, content_type = PROBLEM_JSON),
        (status = 403, body = Problem, content_type = PROBLEM_JSON),
        (status = 404, body = EvaluationFailure),
        (status = 429, body = Problem, content_type = PROBLEM_JSON),
    ),
    security((), ("bearer" = []), ("session" = []))
)]
async fn evaluate_flag(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<EvaluateFlag>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let context = match context(&body) {
        Ok(context) => context,
        Err(wrong) => return Ok(failed(EvaluationFailure { key: Some(key), ..wrong })),
    };
    let evaluation = admin.execute(&caller, EvaluateFlag { key, context }).await?;
    let missing = evaluation.told == Err(NoVerdict::FlagNotFound);
    Ok(match evaluation.into() {
        FlagAnswer::Success(success) => Json(success).into_response(),
        FlagAnswer::Failure(failure) if missing => (StatusCode::NOT_FOUND, Json(failure)).into_response(),
        FlagAnswer::Failure(failure) => failed(failure),
    })
}

/// Evaluates every flag
///
/// As the OpenFeature Remote Evaluation Protocol says: every flag that the caller may ask for. The `ETag` names the
/// answer; sent back as `If-None-Match`, it comes to 304 while the answer would be the same.
#[utoipa::path(
    post,
    path = "/ofrep/v1/evaluate/flags",
    tag = "ofrep",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer at hand.")),
    request_body = EvaluationRequest,
    responses(
        (status = 200, body = BulkEvaluation, headers(("ETag" = String, description = "Names the answer."))),
        (status = 304, description = "The answer at hand is still the answer."),
        (status = 400, body = EvaluationFailure),
        (status = 429, body = Problem, content_type = PROBLEM_JSON),
    ),
    security((), ("bearer" = []), ("session" = []))
)]
async fn evaluate_flags(
    State(admin): State<Arc<Admin>>,
    Admitted { caller, .. }: Admitted<EvaluateFlags>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let context = match context(&body) {
        Ok(context) => context,
        Err(wrong) => return Ok(failed(wrong)),
    };
    let evaluations = admin.execute(&caller, EvaluateFlags { context }).await?;
    let flags = BulkEvaluation { flags: evaluations.into_iter().map(FlagAnswer::from).collect() };
    let body = serde_json::to_vec(&flags).map_err(Fault::internal)?;
    let tag = tag(&body);
    if names(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(([(header::ETAG, tag.as_str()), (header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// What a context may have at most: whatever is in it is looked at for each condition of each flag.
const MOST_BYTES: usize = 64 * 1_024;

/// The context in a body; an empty body has an empty one.
fn context(body: &[u8]) -> Result<Context, EvaluationFailure> {
    let wrong = |error_code, error_details: String| EvaluationFailure { key: None, error_code, error_details };
    if body.is_empty() {
        return Ok(Context::default());
    }
    if body.len() > MOST_BYTES {
        return Err(wrong(INVALID_CONTEXT, format!("The context has more than {MOST_BYTES} bytes.")));
    }
    // Read as a map, because a list would do for the shape alone.
    let mut request: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| wrong(PARSE_ERROR, format!("The body is not an evaluation request: {error}.")))?;
    Context::parse(request.remove("context").unwrap_or_default()).map_err(|fault| wrong(INVALID_CONTEXT, fault.detail))
}

fn failed(failure: EvaluationFailure) -> Response {
    (StatusCode::BAD_REQUEST, Json(failure)).into_response()
}

/// An entity tag made from what it names (RFC 9110, section 8.8.3).
fn tag(body: &[u8]) -> String {
    let hash = digest(&SHA256, body);
    let hex: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether `If-None-Match` names this tag. Tags are compared weakly (RFC 9110, section 13.1.2).
fn names(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
