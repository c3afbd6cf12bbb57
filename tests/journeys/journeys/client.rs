//! A person's or a program's hands on the public API.

use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The reason of a refusal.
    pub(crate) fn reason(&self) -> String {
        assert!(self.status.is_client_error() || self.status.is_server_error(), "{self:?}");
        self.json()["reason"].as_str().unwrap().to_owned()
    }
}

/// Somebody at the API, logged in or not.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    community: Option<String>,
}

impl Client {
    /// Somebody not logged in.
    pub(crate) fn new(base: &str) -> Self {
        let _first = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { http, base: base.to_owned(), token: None, community: None }
    }

    /// The same hands, at another community's door.
    pub(crate) fn in_community(&self, slug: &str) -> Self {
        Self { community: Some(slug.to_owned()), ..self.clone() }
    }

    /// A request by the method's name in lower case.
    pub(crate) async fn send_as(&self, method: &str, path: &str, body: &Value) -> Answer {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = self.request(method, path);
        self.send(if body.is_null() { request } else { request.json(body) }).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(community) = &self.community {
            request = request.header("polity-community", community);
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let add = |request: RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
        self.send(headers.iter().fold(self.request(Method::GET, path), add)).await
    }

    /// The stream behind a path, unread, of what comes after the event with this id.
    pub(crate) async fn open_after(&self, path: &str, id: i64) -> reqwest::Response {
        self.request(Method::GET, path).header("last-event-id", id).send().await.unwrap()
    }

    /// The stream behind a path, unread.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// The answer, or nothing when the other side is gone.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let response = self.request(Method::POST, path).json(body).send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        Some(Answer { status, headers, text: response.text().await.ok()? })
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, if_match: Option<&str>, body: &Value) -> Answer {
        let mut request = self.request(Method::PUT, path).json(body);
        if let Some(tag) = if_match {
            request = request.header("if-match", tag);
        }
        self.send(request).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    /// What a browser sends when a page of another site submits a form to here.
    pub(crate) async fn post_from_another_site(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path).header("sec-fetch-site", "cross-site")).await
    }

    /// A raw body of any kind.
    pub(crate) async fn post_raw(&self, path: &str, media: &str, body: Vec<u8>) -> Answer {
        self.send(self.request(Method::POST, path).header("content-type", media).body(body)).await
    }

    /// What a browser that logs in is given to be recognised by, as its `Cookie` header.
    pub(crate) async fn session_cookie(&self, email: &str, password: &str) -> String {
        let answer = self.post_form("/login", &[("email", email), ("password", password), ("next", "/")]).await;
        let cookie = answer.headers.get("set-cookie").unwrap_or_else(|| panic!("{answer:?}")).to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Self {
        let tokens = self.post("/api/v1/auth/tokens", &json!({ "email": email, "password": password })).await.ok();
        Self { token: tokens["access_token"].as_str().map(str::to_owned), ..self.clone() }
    }

    /// A new member, logged in.
    pub(crate) async fn join(&self, handle: &str) -> Self {
        let email = format!("{handle}@example.org");
        let password = format!("a password for {}", handle.len());
        let body =
            json!({ "email": email, "handle": handle, "display_name": handle.to_uppercase(), "password": password });
        self.post("/api/v1/auth/register", &body).await.ok();
        self.log_in(&email, &password).await
    }

    pub(crate) async fn category(&self, slug: &str) -> String {
        let body = json!({ "slug": slug, "name": format!("About {slug}"), "description": "For the journey." });
        let made = testkit::within(testkit::PATIENCE, async || {
            // The founder's role arrives by an event, a moment after the account.
            let answer = self.post("/api/v1/forum/categories", &body).await;
            answer.status.is_success().then(|| answer.json())
        });
        made.await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn thread(&self, category: &str, title: &str) -> String {
        let body = json!({ "category_id": category, "title": title, "body": "The **first** post." });
        self.post("/api/v1/forum/threads", &body).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// The ids of every post of the thread, the oldest first.
    pub(crate) async fn posts(&self, thread: &str) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/api/v1/forum/threads/{thread}/posts?limit=50{cursor}")).await.ok();
            ids.extend(page["items"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    }

    /// How many replies to the thread the audit has entries for.
    pub(crate) async fn audited_replies(&self, thread: &str) -> usize {
        let base = format!("/api/v1/audit/entries?operation=forum.post_reply&resource=Thread/{thread}&limit=100");
        let (mut count, mut cursor) = (0, String::new());
        loop {
            let page = self.get(&format!("{base}{cursor}")).await.ok();
            count += page["items"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return count,
            }
        }
    }

    pub(crate) async fn reply(&self, thread: &str, body: &str) -> Value {
        self.post(&format!("/api/v1/forum/threads/{thread}/posts"), &json!({ "body": body })).await.ok()
    }
}
