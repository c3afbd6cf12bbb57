//! The public REST API as the filler uses it: every path, header and shape, and nothing else. When the API changes,
//! this is the one file to adapt.

use crate::error::DemoError;
use crate::patience::{Attempt, Patience};
use kernel::Time;
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const REGISTER: &str = "/api/v1/auth/register";
const TOKENS: &str = "/api/v1/auth/tokens";
const CATEGORIES: &str = "/api/v1/forum/categories";
const THREADS: &str = "/api/v1/forum/threads";

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How long one answer may take, in seconds.
const TIMEOUT_S: u64 = 30;
/// How long to wait when the server puts a call off without saying for how long, in seconds.
const DEFAULT_WAIT_S: u64 = 2;

/// Something of the forum that has an id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Made {
    pub(crate) id: Uuid,
}

impl Made {
    /// Whether it was made before `time`. The API answers a repeated key exactly as the first time; what tells is the
    /// instant in the id, which is of version 7 (RFC 9562, section 5.7), in milliseconds.
    pub(crate) fn is_older_than(&self, time: Time) -> bool {
        let Some((seconds, nanos)) = self.id.get_timestamp().map(|made| made.to_unix()) else { return false };
        let made_ms = seconds.saturating_mul(1000) + u64::from(nanos / 1_000_000);
        u64::try_from(time.timestamp_millis()).is_ok_and(|time_ms| made_ms < time_ms)
    }
}

/// A category as the forum lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ListedCategory {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
}

#[derive(Deserialize)]
struct CategoryList {
    items: Vec<ListedCategory>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

/// RFC 9457, with Polity's `reason`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    reason: String,
    detail: String,
}

/// Who calls.
#[derive(Clone, Copy)]
pub(crate) struct Bearer<'a>(pub(crate) &'a str);

/// A call that changes something.
pub(crate) struct Creation<'a> {
    path: String,
    key: String,
    body: Value,
    bearer: Option<Bearer<'a>>,
}

/// An answer of the server that is not asking to wait.
pub(crate) enum Answer {
    /// It is done, now or by an earlier call with the same key.
    Done(Made),
    /// The token is no longer accepted.
    TokenExpired(DemoError),
    /// Not allowed.
    Forbidden(DemoError),
}

/// The server, as seen through its public address.
pub(crate) struct Api {
    http: Client,
    base_url: String,
    patience: Patience,
}

impl Api {
    /// The API under `base_url`.
    ///
    /// # Errors
    /// `Address` when that is not an http address, `Client` when no HTTP client can be made.
    pub(crate) fn new(base_url: &str) -> Result<Self, DemoError> {
        let address = || DemoError::Address { base_url: base_url.to_owned() };
        let url = reqwest::Url::parse(base_url).map_err(|_| address())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(address());
        }
        let http = Client::builder().timeout(Duration::from_secs(TIMEOUT_S)).build().map_err(DemoError::Client)?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { http, base_url, patience: Patience::default() })
    }

    /// The address this API was made for, without a slash at its end.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Registers a member; says `false` when the e-mail address or the handle is taken.
    ///
    /// # Errors
    /// Everything that keeps the call from being answered, or `Refused`.
    pub(crate) async fn register(
        &self,
        email: &str,
        handle: &str,
        display_name: &str,
        password: &str,
    ) -> Result<bool, DemoError> {
        let body = json!({ "email": email, "handle": handle, "display_name": display_name, "password": password });
        let call = format!("POST {REGISTER}");
        let answer = self.send(&call, Method::POST, REGISTER, None, Some(("", &body))).await?;
        match answer.status() {
            StatusCode::CONFLICT => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(refused(call, answer).await),
        }
    }

    /// Logs in; nothing when the password is wrong.
    ///
    /// # Errors
    /// Everything that keeps the call from being answered, or `Refused`.
    pub(crate) async fn access_token(&self, email: &str, password: &str) -> Result<Option<String>, DemoError> {
        let body = json!({ "email": email, "password": password });
        let call = format!("POST {TOKENS}");
        let answer = self.send(&call, Method::POST, TOKENS, None, Some(("", &body))).await?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Ok(None),
            status if status.is_success() => Ok(Some(self.read::<Tokens>(&call, answer).await?.access_token)),
            _ => Err(refused(call, answer).await),
        }
    }

    /// The categories there are.
    ///
    /// # Errors
    /// Everything that keeps the call from being answered, or `Refused`.
    pub(crate) async fn categories(&self, bearer: Bearer<'_>) -> Result<Vec<ListedCategory>, DemoError> {
        let call = format!("GET {CATEGORIES}");
        let answer = self.send(&call, Method::GET, CATEGORIES, Some(bearer), None).await?;
        if !answer.status().is_success() {
            return Err(refused(call, answer).await);
        }
        Ok(self.read::<CategoryList>(&call, answer).await?.items)
    }

    /// Makes what `creation` describes, once, however often it is called.
    ///
    /// # Errors
    /// Everything that keeps the call from being answered, or `Refused`.
    pub(crate) async fn create(&self, creation: &Creation<'_>) -> Result<Answer, DemoError> {
        let Creation { path, key, body, bearer } = creation;
        let call = format!("POST {path}");
        let answer = self.send(&call, Method::POST, path, *bearer, Some((key, body))).await?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Ok(Answer::TokenExpired(refused(call, answer).await)),
            StatusCode::FORBIDDEN => Ok(Answer::Forbidden(refused(call, answer).await)),
            status if status.is_success() => Ok(Answer::Done(self.read(&call, answer).await?)),
            _ => Err(refused(call, answer).await),
        }
    }

    /// Sends until the server no longer asks to wait. An empty idempotency key is not sent.
    async fn send(
        &self,
        call: &str,
        method: Method,
        path: &str,
        bearer: Option<Bearer<'_>>,
        content: Option<(&str, &Value)>,
    ) -> Result<Response, DemoError> {
        let url = format!("{}{path}", self.base_url);
        let attempt = || async {
            let mut request = self.http.request(method.clone(), &url);
            if let Some(Bearer(token)) = bearer {
                request = request.header(AUTHORIZATION, format!("Bearer {token}"));
            }
            if let Some((key, body)) = content {
                request = request.json(body);
                if !key.is_empty() {
                    request = request.header(IDEMPOTENCY_KEY, key);
                }
            }
            match request.send().await {
                Ok(answer) => match answer.status() {
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Attempt::Wait(wait(&answer)),
                    _ => Attempt::Settled(Ok(answer)),
                },
                Err(source) => Attempt::Settled(Err(self.unreachable(source))),
            }
        };
        self.patience.insist(attempt).await.map_err(|gave_up| DemoError::Busy {
            call: call.to_owned(),
            attempts: gave_up.attempts,
            seconds: gave_up.wait.as_secs(),
        })?
    }

    fn unreachable(&self, source: reqwest::Error) -> DemoError {
        let base_url = self.base_url.clone();
        if source.is_connect() {
            DemoError::Unreachable { base_url, source }
        } else {
            DemoError::Broken { base_url, source }
        }
    }

    async fn read<T: for<'de> Deserialize<'de>>(&self, call: &str, answer: Response) -> Result<T, DemoError> {
        answer.json().await.map_err(|error| DemoError::Stranger {
            base_url: self.base_url.clone(),
            call: call.to_owned(),
            problem: error.to_string(),
        })
    }
}

impl<'a> Creation<'a> {
    /// A category.
    pub(crate) fn category(slug: &str, name: &str, description: &str, key: String) -> Self {
        let body = json!({ "slug": slug, "name": name, "description": description });
        Self { path: CATEGORIES.to_owned(), key, body, bearer: None }
    }

    /// A thread with its opening post.
    pub(crate) fn thread(category_id: Uuid, title: &str, body: &str, key: String) -> Self {
        let body = json!({ "category_id": category_id, "title": title, "body": body });
        Self { path: THREADS.to_owned(), key, body, bearer: None }
    }

    /// A reply.
    pub(crate) fn post(thread_id: Uuid, body: &str, key: String) -> Self {
        let body = json!({ "body": body });
        Self { path: format!("{THREADS}/{thread_id}/posts"), key, body, bearer: None }
    }

    /// The same call by whoever holds the token.
    pub(crate) fn by<'b>(&self, bearer: Bearer<'b>) -> Creation<'b> {
        let (path, key, body) = (self.path.clone(), self.key.clone(), self.body.clone());
        Creation { path, key, body, bearer: Some(bearer) }
    }
}

fn wait(answer: &Response) -> Duration {
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(DEFAULT_WAIT_S))
}

async fn refused(call: String, answer: Response) -> DemoError {
    let status = answer.status().as_u16();
    let Problem { reason, detail } = answer.json().await.unwrap_or_default();
    DemoError::Refused { call, status, reason, detail }
}
