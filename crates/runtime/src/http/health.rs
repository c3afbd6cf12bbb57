//! Probes and metrics: `/health/live`, `/health/ready`, `/health/startup`, `/metrics`.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the probes look at.
#[derive(Clone)]
pub struct Health {
    started: Arc<AtomicBool>,
    draining: Arc<AtomicBool>,
    modules: Arc<Vec<(&'static str, Arc<dyn crate::Module>)>>,
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: BTreeMap<&'static str, String>,
}

impl Health {
    /// A process that has not started yet, with these modules.
    pub fn new(modules: Vec<(&'static str, Arc<dyn crate::Module>)>) -> Self {
        Self { started: Arc::default(), draining: Arc::default(), modules: Arc::new(modules) }
    }

    /// Everything is up.
    pub fn started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// Nothing new should come here any more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    async fn report(&self) -> Report {
        let asked = self.modules.iter().map(|(name, module)| async move {
            let answer = module.ready().await;
            (*name, answer.map_or_else(|fault| format!("{}: {}", fault.reason, fault.detail), |()| "ok".to_owned()))
        });
        let checks: BTreeMap<_, _> = futures::future::join_all(asked).await.into_iter().collect();
        let all_well = checks.values().all(|answer| answer == "ok");
        let status = match (self.draining.load(Ordering::Acquire), all_well) {
            (true, _) => "draining",
            (false, true) => "ok",
            (false, false) => "unavailable",
        };
        Report { status, checks }
    }
}

/// The probes of `health`, and the metrics that `metrics` renders when they are asked for.
pub fn health_router(health: Health, metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>) -> Router {
    let ready = health.clone();
    let mut router = Router::new()
        .route("/health/live", get(|| async { axum::Json(serde_json::json!({ "status": "ok" })) }))
        .route(
            "/health/ready",
            get(move || async move {
                let report = ready.report().await;
                let status = if report.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(report))
            }),
        )
        .route(
            "/health/startup",
            get(move || async move {
                if health.started.load(Ordering::Acquire) {
                    (StatusCode::OK, axum::Json(serde_json::json!({ "status": "ok" })))
                } else {
                    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(serde_json::json!({ "status": "starting" })))
                }
            }),
        );
    if let Some(metrics) = metrics {
        let media = "text/plain; version=0.0.4; charset=utf-8";
        router = router.route(
            "/metrics",
            get(move || async move { ([(header::CONTENT_TYPE, media)], metrics()).into_response() }),
        );
    }
    router
}
