//! Requests as tests word them, and what they come back with.

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::header::HeaderName;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

/// A request being put together.
pub(crate) struct Ask<'a> {
    router: &'a Router,
    request: Builder,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(router: &'a Router, method: &str, path: &str) -> Self {
        Self { router, request: Request::builder().method(method).uri(path) }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With the credential of somebody, such as `ADA`.
    pub(crate) fn by(self, who: &str) -> Self {
        self.header("authorization", &format!("Bearer {who}"))
    }

    pub(crate) fn by_anybody(self, who: Option<&str>) -> Self {
        match who {
            Some(who) => self.by(who),
            None => self,
        }
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) async fn send(self) -> Answer {
        self.body(Body::empty()).await
    }

    pub(crate) async fn json(self, body: Value) -> Answer {
        self.raw_json(&body.to_string()).await
    }

    /// Whatever stands there, said to be JSON.
    pub(crate) async fn raw_json(self, body: &str) -> Answer {
        self.header("content-type", "application/json").body(Body::from(body.to_owned())).await
    }

    /// A form as a browser sends it.
    pub(crate) async fn form(self, pairs: &[(&str, &str)]) -> Answer {
        let escape = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let ask = self.header("content-type", "application/x-www-form-urlencoded").header("accept", "text/html");
        ask.body(Body::from(pairs.join("&"))).await
    }

    /// An answer that does not end: its status and what flows.
    pub(crate) async fn stream(self) -> (StatusCode, BodyDataStream) {
        let response = self.router.clone().oneshot(self.request.body(Body::empty()).unwrap()).await.unwrap();
        (response.status(), response.into_body().into_data_stream())
    }

    async fn body(self, body: Body) -> Answer {
        let response = self.router.clone().oneshot(self.request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}

/// What a request came back with.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The same answer, which must have that status.
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON; {}: {}", self.status, self.text))
    }

    /// Status and reason of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["reason"].as_str().unwrap_or_default().to_owned())
    }

    /// The fields at fault.
    pub(crate) fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// That the page has these words in its source.
    #[track_caller]
    pub(crate) fn shows(&self, words: &str) {
        assert!(self.text.contains(words), "`{words}` is missing in {}", self.text);
    }

    /// That the page does not have these words in its source.
    #[track_caller]
    pub(crate) fn hides(&self, words: &str) {
        assert!(!self.text.contains(words), "`{words}` stands in {}", self.text);
    }

    /// The value of the hidden field of that name.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let mark = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let rest = self.text.split_once(&mark).unwrap_or_else(|| panic!("no {name} in {}", self.text)).1;
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}
