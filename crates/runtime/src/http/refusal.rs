//! Faults as HTTP answers: RFC 9457 problem+json by default, JSend on request, a page for people.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use kernel::{Explanation, Fault, FaultCode, FieldFault, RefusalInBrief, reasons};
use serde::Serialize;

/// The media type of RFC 9457.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A fault on its way out of a handler.
#[derive(Debug, Clone)]
pub struct Refusal(pub Fault);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Refusal {
    /// Only the status and the fault; the outermost layer, which knows the request, writes the words.
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_of(&self.0);
        response.extensions_mut().insert(self);
        response
    }
}

/// The one mapping from faults to HTTP.
pub fn status_of(fault: &Fault) -> StatusCode {
    match fault.code {
        FaultCode::Invalid if fault.is(&reasons::MALFORMED) => StatusCode::BAD_REQUEST,
        FaultCode::Invalid if fault.is(&reasons::KEY_MALFORMED) => StatusCode::BAD_REQUEST,
        FaultCode::Invalid if fault.is(&reasons::METHOD) => StatusCode::METHOD_NOT_ALLOWED,
        FaultCode::Invalid if fault.is(&reasons::MEDIA_TYPE) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FaultCode::Invalid if fault.is(&reasons::MISDIRECTED) => StatusCode::MISDIRECTED_REQUEST,
        FaultCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        FaultCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultCode::Forbidden => StatusCode::FORBIDDEN,
        FaultCode::NotFound => StatusCode::NOT_FOUND,
        FaultCode::Conflict => StatusCode::CONFLICT,
        FaultCode::Stale => StatusCode::PRECONDITION_FAILED,
        FaultCode::Exhausted if fault.is(&reasons::TOO_LARGE) => StatusCode::PAYLOAD_TOO_LARGE,
        FaultCode::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        FaultCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        FaultCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The fault behind an answer that some layer below gave without one.
pub(crate) fn fault_of(status: StatusCode) -> Fault {
    match status {
        StatusCode::NOT_FOUND => reasons::NO_ROUTE.fault(),
        StatusCode::METHOD_NOT_ALLOWED => reasons::METHOD.fault(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => reasons::MEDIA_TYPE.fault(),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            reasons::TOO_LARGE.fault()
        }
        StatusCode::UNAUTHORIZED => reasons::LOG_IN.fault(),
        StatusCode::FORBIDDEN => reasons::FORBIDDEN.fault(),
        StatusCode::TOO_MANY_REQUESTS => reasons::RATE_LIMITED.fault(),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            reasons::DEADLINE.fault()
        }
        status if status.is_client_error() => reasons::MALFORMED.fault(),
        _ => reasons::INTERNAL.fault(),
    }
}

/// The answer to whoever asks for what is not there. To a gRPC client that is status 12, in the headers alone
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
pub(crate) fn nothing_here(headers: &HeaderMap) -> Response<Body> {
    let media = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !media.starts_with(b"application/grpc") || media.starts_with(b"application/grpc-web") {
        return Refusal(reasons::NO_ROUTE.fault()).into_response();
    }
    let mut response = Response::new(Body::empty());
    let told = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        (HeaderName::from_static("grpc-status"), HeaderValue::from_static("12")),
        (HeaderName::from_static("polity-reason"), HeaderValue::from_static(reasons::NO_ROUTE.name)),
    ];
    response.headers_mut().extend(told);
    response
}

/// RFC 9457 with Polity's members.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where the reason is described.
    #[serde(rename = "type")]
    #[schema(example = "/api/problems/forum.thread_locked")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, for people.
    pub detail: String,
    /// What clients branch on.
    #[schema(example = "forum.thread_locked")]
    pub reason: String,
    /// One of nine kinds.
    #[schema(example = "conflict")]
    pub code: String,
    /// The request's id, to be quoted when asking for help.
    pub request_id: String,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// Why access was refused, for those who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explanation: Option<Explanation>,
    /// Why access was refused, as far as whoever was refused may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedBody>,
}

/// Why access was refused, without anything of what the caller may not see.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RefusedBody {
    /// The decision's id, to be named when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    /// The policies that refused it; or, when none did, those that would have allowed it and did not apply.
    #[schema(example = json!(["forum/moderators_keep_order"]))]
    pub policies: Vec<String>,
    /// What would be needed of the caller, any one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["the role moderator or above"]))]
    pub needs: Vec<String>,
}

impl From<RefusalInBrief> for RefusedBody {
    fn from(brief: RefusalInBrief) -> Self {
        let decision_id = brief.decision_id.map(|id| id.to_string());
        Self { decision_id, policies: brief.policies, needs: brief.needs }
    }
}

/// One field at fault.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// Its path in the input.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl From<&FieldFault> for ProblemField {
    fn from(fault: &FieldFault) -> Self {
        Self { field: fault.field.clone(), detail: fault.detail.clone() }
    }
}

impl Problem {
    /// The problem of this fault, without the explanation unless `explain`.
    pub fn of(fault: &Fault, request_id: &str, explain: bool) -> Self {
        let status = status_of(fault);
        Self {
            kind: format!("/api/problems/{}", fault.reason),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: fault.detail.clone(),
            reason: fault.reason.to_string(),
            code: fault.code.name().to_owned(),
            request_id: request_id.to_owned(),
            errors: fault.fields.iter().map(ProblemField::from).collect(),
            explanation: fault.explanation.as_deref().filter(|_| explain).cloned(),
            refused: fault.explanation.as_deref().map(|explanation| explanation.in_brief().into()),
        }
    }
}

/// The fault as an answer in JSON: problem+json, or JSend when asked for.
pub(crate) fn json_answer(problem: &Problem, jsend: bool) -> Response<Body> {
    let (body, media) = if jsend {
        (serde_json::to_vec(&jsend_failure(problem)), "application/json")
    } else {
        (serde_json::to_vec(problem), PROBLEM_JSON)
    };
    let mut response = Response::new(Body::from(body.unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSend: `fail` when the caller can mend it, `error` when it is ours.
fn jsend_failure(problem: &Problem) -> serde_json::Value {
    if problem.status >= 500 {
        return serde_json::json!({ "status": "error", "message": problem.detail, "code": problem.reason });
    }
    serde_json::json!({ "status": "fail", "data": problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_status() {
        let statuses: Vec<u16> = FaultCode::ALL
            .into_iter()
            .map(|code| status_of(&Fault::received(code, "x.y", String::new())).as_u16())
            .collect();
        assert_eq!(statuses, [422, 401, 403, 404, 409, 412, 429, 503, 500]);
    }

    #[test]
    fn explanation_stays_inside_unless_it_may_be_seen() {
        let mut fault = reasons::FORBIDDEN.fault();
        fault.explanation = Some(Box::default());
        assert!(Problem::of(&fault, "r", false).explanation.is_none());
        assert!(Problem::of(&fault, "r", true).explanation.is_some());
    }

    #[test]
    fn refusal_in_brief_says_nothing_of_the_thing() {
        let remedy = |words: &str, about_caller| kernel::Remedy { words: words.to_owned(), about_caller };
        let obstacle = |remedies| kernel::Obstacle {
            policy: "forum/x".to_owned(),
            forbids: false,
            conditions: vec!["resource.locked".to_owned()],
            remedies,
        };
        let mut fault = reasons::FORBIDDEN.fault();
        fault.explanation = Some(Box::new(Explanation {
            would_need: vec!["forum/x".to_owned()],
            obstacles: vec![
                obstacle(vec![remedy("the role moderator or above", true)]),
                obstacle(vec![remedy("the thread not to be locked", false), remedy("to have logged in", true)]),
            ],
            ..Explanation::default()
        }));
        let told = serde_json::to_value(Problem::of(&fault, "r", false)).unwrap();
        assert_eq!(told["refused"]["policies"][0], "forum/x");
        assert_eq!(told["refused"]["needs"], serde_json::json!(["the role moderator or above"]));
        assert!(!told.to_string().contains("locked"), "{told}");
    }

    #[test]
    fn cause_of_an_internal_fault_never_leaves() {
        let fault = Fault::internal("password=hunter2");
        let text = serde_json::to_string(&Problem::of(&fault, "r", true)).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }
}
