//! The part of Polity's public API that the filler uses, in memory. It keeps the API's promises (keys make once,
//! tokens expire, callers are put off) and counts; it judges no content.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub(crate) const ADMIN: (&str, &str) = ("root@example.org", "the admin's own password");

#[derive(Default)]
pub(crate) struct Forum {
    pub(crate) accounts: HashMap<String, Value>,
    pub(crate) categories: Vec<Value>,
    pub(crate) threads: Vec<Value>,
    /// Thread ids with bodies, in order of arrival.
    pub(crate) posts: Vec<(String, String)>,
    pub(crate) logins: usize,
    pub(crate) put_off: usize,
    /// A token is refused after so many uses.
    pub(crate) uses_per_token: Option<usize>,
    /// Every so many calls, one is put off.
    pub(crate) put_off_each: Option<usize>,
    /// Everything after so many posts is refused.
    pub(crate) breaks_after: Option<usize>,
    pub(crate) tokens: HashMap<String, (String, usize)>,
    pub(crate) made: HashMap<String, (Vec<u8>, Value)>,
    pub(crate) calls: usize,
}

pub(crate) type Shared = Arc<Mutex<Forum>>;

/// Serves on a free port of this machine for as long as the test runs.
pub(crate) async fn serve(forum: Forum) -> (String, Shared) {
    let shared = Arc::new(Mutex::new(forum));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/api/v1/auth/register", post(register))
        .route("/api/v1/auth/tokens", post(tokens))
        .route("/api/v1/forum/categories", get(categories).post(make_category))
        .route("/api/v1/forum/threads", post(open_thread))
        .route("/api/v1/forum/threads/{id}/posts", post(reply))
        .layer(middleware::from_fn_with_state(shared.clone(), put_off))
        .with_state(shared.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (base_url, shared)
}

async fn put_off(State(forum): State<Shared>, request: Request, next: Next) -> Response {
    let status = {
        let mut forum = forum.lock().unwrap();
        forum.calls += 1;
        let due = forum.put_off_each.is_some_and(|each| forum.calls.is_multiple_of(each));
        forum.put_off += usize::from(due);
        due.then(|| if forum.put_off.is_multiple_of(2) { 503 } else { 429 })
    };
    match status {
        Some(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::RETRY_AFTER, "0")], Json(json!({ "reason": "request.rate_limited" }))).into_response()
        }
        None => next.run(request).await,
    }
}

fn problem(status: u16, reason: &str) -> Response {
    let body =
        json!({ "type": "about:blank", "status": status, "reason": reason, "detail": format!("Because {reason}.") });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn register(State(forum): State<Shared>, Json(input): Json<Value>) -> Response {
    let mut forum = forum.lock().unwrap();
    let email = input["email"].as_str().unwrap().to_owned();
    let handles: HashSet<&str> = forum.accounts.values().filter_map(|account| account["handle"].as_str()).collect();
    if forum.accounts.contains_key(&email) || handles.contains(input["handle"].as_str().unwrap()) {
        return problem(409, "auth.email_taken");
    }
    let answer = json!({ "id": email, "handle": input["handle"], "display_name": input["display_name"] });
    forum.accounts.insert(email, input);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn tokens(State(forum): State<Shared>, Json(input): Json<Value>) -> Response {
    let mut forum = forum.lock().unwrap();
    let (email, password) = (input["email"].as_str().unwrap(), input["password"].as_str().unwrap());
    let member = forum.accounts.get(email).is_some_and(|account| account["password"] == password);
    if !member && (email, password) != ADMIN {
        return problem(401, "auth.wrong_password");
    }
    forum.logins += 1;
    let token = format!("{email}#{}", forum.logins);
    forum.tokens.insert(token.clone(), (email.to_owned(), 0));
    Json(json!({ "access_token": token, "refresh_token": "r", "expires_in_s": 900, "token_type": "Bearer" }))
        .into_response()
}

async fn categories(State(forum): State<Shared>) -> Json<Value> {
    Json(json!({ "items": forum.lock().unwrap().categories }))
}

async fn make_category(State(forum): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    make(&forum, &headers, &body, |forum, email, mut input| {
        if email != ADMIN.0 {
            return Err((403, "access.forbidden"));
        }
        input["id"] = json!(Uuid::now_v7());
        forum.categories.push(input.clone());
        Ok(input)
    })
}

async fn open_thread(State(forum): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    make(&forum, &headers, &body, |forum, _, mut input| {
        input["id"] = json!(Uuid::now_v7());
        forum.threads.push(input.clone());
        Ok(input)
    })
}

async fn reply(State(forum): State<Shared>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    make(&forum, &headers, &body, |forum, _, input| {
        if forum.breaks_after.is_some_and(|posts| forum.posts.len() >= posts) {
            return Err((409, "forum.thread_locked"));
        }
        if !forum.threads.iter().any(|thread| thread["id"] == id.as_str()) {
            return Err((404, "forum.no_thread"));
        }
        forum.posts.push((id, input["body"].as_str().unwrap().to_owned()));
        Ok(json!({ "id": Uuid::now_v7() }))
    })
}

/// Checks the token, and makes once for each account and key.
fn make(
    forum: &Shared,
    headers: &HeaderMap,
    body: &[u8],
    create: impl FnOnce(&mut Forum, &str, Value) -> Result<Value, (u16, &'static str)>,
) -> Response {
    let mut forum = forum.lock().unwrap();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let most = forum.uses_per_token.unwrap_or(usize::MAX);
    let Some((email, uses)) = bearer.and_then(|token| forum.tokens.get_mut(token)) else {
        return problem(401, "access.credential_rejected");
    };
    *uses += 1;
    if *uses > most {
        return problem(401, "access.credential_rejected");
    }
    let email = email.clone();
    let scope = format!("{email} {}", headers["idempotency-key"].to_str().unwrap());
    if let Some((before, answer)) = forum.made.get(&scope) {
        if before != body {
            return problem(409, "request.idempotency_key_reused");
        }
        return (StatusCode::CREATED, Json(answer.clone())).into_response();
    }
    match create(&mut forum, &email, serde_json::from_slice(body).unwrap()) {
        Ok(answer) => {
            forum.made.insert(scope, (body.to_vec(), answer.clone()));
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err((status, reason)) => problem(status, reason),
    }
}
