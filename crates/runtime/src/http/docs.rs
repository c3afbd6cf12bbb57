//! The OpenAPI document of all modules, a page to browse it, and a page for each reason.

use crate::ModuleSpec;
use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use kernel::{Reason, reasons};
use std::collections::BTreeMap;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder};

/// OpenAPI 3.1 of every module, whichever process serves it.
pub fn api_document(modules: &[&'static ModuleSpec]) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Polity")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Communities that discuss, decide and spend together. Errors are RFC 9457 problem documents; branch on \
             `reason`. Lists are paged by cursor. Send `Idempotency-Key` with any POST to make a retry harmless, and \
             `If-Match` with an edit to make sure of what you edit. Ask for JSend with \
             `Accept: application/json; profile=jsend`.",
        ))
        .build();
    let mut document = OpenApiBuilder::new().info(info).components(Some(Components::new())).build();
    for module in modules {
        document.merge((module.openapi)());
    }
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("polity_session"))));
    document
}

/// `/api/openapi.json`, `/api/docs` (the page given), `/api/problems` and a description of each reason.
pub fn docs_router(modules: &[&'static ModuleSpec], page: fn(&serde_json::Value) -> String) -> Router {
    let document = api_document(modules);
    let json = serde_json::to_vec(&document).unwrap_or_default();
    let page = page(&serde_json::to_value(&document).unwrap_or_default());
    let known: BTreeMap<&'static str, Reason> =
        reasons::ALL.iter().chain(modules.iter().flat_map(|m| m.reasons)).map(|r| (r.name, *r)).collect();
    let all: Vec<_> = known.values().map(described).collect();
    let all = serde_json::json!({ "items": all });
    Router::new()
        .route(
            "/api/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json).into_response() }),
        )
        .route("/api/docs", get(move || async move { Html(page) }))
        .route("/api/problems", get(move || async move { axum::Json(all) }))
        .route(
            "/api/problems/{reason}",
            get(move |super::Path(name): super::Path<String>| async move {
                match known.get(name.as_str()) {
                    Some(reason) => Ok(axum::Json(described(reason))),
                    None => Err(super::Refusal(reasons::NO_ROUTE.fault())),
                }
            }),
        )
}

fn described(reason: &Reason) -> serde_json::Value {
    serde_json::json!({
        "reason": reason.name,
        "code": reason.code.name(),
        "status": super::status_of(&reason.fault()).as_u16(),
        "text": reason.text,
    })
}
