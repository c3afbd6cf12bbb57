//! `/brand.css`: the community's colour, as a sheet of its own, because pages hold no inline style.

use axum::http::header;
use axum::response::IntoResponse;
use kernel::Community;
use runtime::http::Guarded;

/// The sheet of the community asked at. Its address changes with the colour, so that browsers may keep it.
pub(crate) async fn sheet(Guarded(caller): Guarded) -> impl IntoResponse {
    let accent = caller.actor.community.as_deref().and_then(|community: &Community| community.accent.clone());
    let sheet = accent.map(|accent| {
        format!(":root {{ --fill: {accent}; --fill-hover: color-mix(in srgb, {accent} 86%, black); }}\n")
    });
    let kept = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "private, max-age=86400")];
    (kept, sheet.unwrap_or_default())
}
