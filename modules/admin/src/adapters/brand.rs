//! `/brand.css`: the community's colour, as a sheet of its own, because pages hold no inline style.

use axum::http::header;
use axum::response::IntoResponse;
use kernel::Community;
use runtime::http::Guarded;

/// The sheet of the community asked at. Browsers ask for it again each time: one that was kept a moment before this
/// process heard of another colour would be the wrong one for long.
pub(crate) async fn sheet(Guarded(caller): Guarded) -> impl IntoResponse {
    let accent = caller.actor.community.as_deref().and_then(|community: &Community| community.accent.clone());
    let sheet = accent.map(|accent| {
        format!(":root {{ --fill: {accent}; --fill-hover: color-mix(in srgb, {accent} 86%, black); }}\n")
    });
    let kept = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "private, no-cache")];
    (kept, sheet.unwrap_or_default())
}
