//! `/brand.css`: the community's colour, as a sheet of its own, because pages hold no inline style.

use axum::extract::RawQuery;
use axum::http::header;
use axum::response::IntoResponse;
use runtime::http::Guarded;

/// The sheet of the community asked at. Its address has the colour in it, so that browsers may keep it; one asked for a
/// moment before this process heard of the colour is not to be kept.
pub(crate) async fn sheet(Guarded(caller): Guarded, RawQuery(wanted): RawQuery) -> impl IntoResponse {
    let accent = caller.actor.community.as_deref().and_then(|community| community.accent.clone());
    let is_wanted = accent.as_deref().map(|accent| accent.trim_start_matches('#')) == wanted.as_deref();
    let kept = if is_wanted { "private, max-age=86400" } else { "no-store" };
    let sheet = accent.map(|accent| {
        format!(":root {{ --fill: {accent}; --fill-hover: color-mix(in srgb, {accent} 86%, black); }}\n")
    });
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, kept)];
    (headers, sheet.unwrap_or_default())
}
