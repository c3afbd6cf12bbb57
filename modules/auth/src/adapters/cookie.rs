//! The session cookie (RFC 6265): what the browser shows to be recognised.
//!
//! What may not enter: anything else that is kept in browsers.

use crate::Auth;
use axum::http::HeaderValue;
use kernel::Fault;
use runtime::http::Web;

/// The `Set-Cookie` that logs a browser in. Scripts cannot read it, and other sites' forms do not send it.
pub(crate) fn begin(auth: &Auth, token: &str) -> Result<HeaderValue, Fault> {
    set(auth, token, auth.lifetimes.session_absolute.num_seconds())
}

/// The `Set-Cookie` that makes a browser forget.
pub(crate) fn end(auth: &Auth) -> Result<HeaderValue, Fault> {
    set(auth, "", 0)
}

fn set(auth: &Auth, value: &str, max_age_s: i64) -> Result<HeaderValue, Fault> {
    let http = &auth.settings.http;
    let name = Web::session_cookie(http);
    let secure = if http.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(cookie).map_err(Fault::internal)
}
