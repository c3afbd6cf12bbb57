//! What processes show that belongs to no module: assets, refusals for people, the browsable API description.

use crate::mail;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kernel::Caller;
use runtime::http::Problem;
use settings::Settings;

/// Style sheet, scripts and pictures, under names that change with their content; and the mailbox of whoever develops.
pub(crate) fn assets(settings: &Settings) -> Router {
    let assets = Router::new().route("/assets/{*path}", get(asset)).route("/favicon.ico", get(favicon));
    assets.merge(mail::pages(settings))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ui::assets::find(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let cached = [(header::CACHE_CONTROL, ui::assets::CACHE_CONTROL.to_owned()), (header::ETAG, asset.etag)];
    if known {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    (cached, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes.into_owned()).into_response()
}

async fn favicon() -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, ui::assets::url("favicon.svg"))]).into_response()
}

/// A refusal for people.
pub(crate) fn error_page(problem: &Problem, caller: Option<&Caller>) -> String {
    let (mut page, body) = ui::ErrorPage {
        status: problem.status,
        title: problem.title.clone(),
        detail: problem.detail.clone(),
        request_id: problem.request_id.clone(),
        explanation: problem.explanation.clone(),
    }
    .into_parts();
    if let Some(caller) = caller {
        page = page.viewer(&caller.actor);
    }
    page.render(body)
}

/// The browsable API description.
pub(crate) fn docs_page(document: &serde_json::Value) -> String {
    ui::api_reference(document)
}
