//! axum's extractors, refusing in our own words.

use super::Refusal;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use kernel::{Caller, Fault, IdempotencyKey, reasons};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON body in, or out.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_fault(&rejection).into()),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn json_fault(rejection: &JsonRejection) -> Fault {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            reasons::MEDIA_TYPE.fault().detail("The body must be JSON, with Content-Type: application/json.")
        }
        JsonRejection::JsonDataError(error) => {
            reasons::INVALID_INPUT.fault().detail(innermost(error)).because(error.to_string())
        }
        JsonRejection::JsonSyntaxError(error) => {
            reasons::MALFORMED.fault().detail(format!("The body is not JSON: {}", innermost(error)))
        }
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => reasons::TOO_LARGE.fault(),
        other => reasons::MALFORMED.fault().detail(other.body_text()),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// Query parameters.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let refuse = |rejection: QueryRejection| reasons::INVALID_INPUT.fault().detail(rejection.body_text());
        let axum::extract::Query(value) =
            axum::extract::Query::from_request_parts(parts, state).await.map_err(refuse)?;
        Ok(Self(value))
    }
}

/// The caller with the key that their form was given, so that sending the form twice acts once. A text that is no key
/// changes nothing.
pub fn keyed(mut caller: Caller, key: &str) -> Caller {
    if let Some(key) = IdempotencyKey::parse(key) {
        caller.idempotency_key = Some(key);
    }
    caller
}

/// Path parameters. A path that does not parse names nothing.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let refuse = |rejection: PathRejection| reasons::NO_ROUTE.fault().because(rejection);
        let axum::extract::Path(value) = axum::extract::Path::from_request_parts(parts, state).await.map_err(refuse)?;
        Ok(Self(value))
    }
}
