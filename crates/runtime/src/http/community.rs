//! Which community a request is for: the one its `Polity-Community` names, or else the one whose host was asked for.
//!
//! What may not enter: which communities there are.

use super::layers::Web;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, Uri, header};
use kernel::{Asked, Community, Fault, TenantId, reasons};
use std::net::SocketAddr;
use std::sync::Arc;

/// Names the community for programs, and where communities have no hosts of their own.
const COMMUNITY: HeaderName = HeaderName::from_static("polity-community");
/// What the outermost proxy was asked for.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The longest host there is (RFC 1035, section 2.3.4), and more than any name.
const LONGEST: usize = 253;

/// The community the request is for. What belongs to no community, such as the process's health, is nobody's business.
pub(super) async fn community_of(web: &Web, request: &Parts) -> Result<Option<Arc<Community>>, Fault> {
    let path = request.uri.path();
    if ["/health/", "/assets/"].iter().any(|prefix| path.starts_with(prefix)) || path == "/metrics" {
        return Ok(None);
    }
    let trusted = &web.settings.trusted_proxies;
    let asked = match asked(trusted, &request.extensions, &request.headers, &request.uri) {
        Some(asked) => asked?,
        // Old clients name no host: they mean the one that everybody is told of.
        None => Asked::host(host_of(&web.settings.public_url)),
    };
    let community = web.identify.community(&asked).await?;
    web.quotas.take(&community)?;
    Ok(Some(community))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Whose rows the request is about.
pub(super) fn tenant_of(community: Option<&Community>) -> TenantId {
    community.map_or(TenantId::FIRST, Community::tenant)
}

/// What the request names its community by; nothing for one without a host, as old clients send them.
pub(super) fn asked(
    trusted: &[settings::Network],
    extensions: &Extensions,
    headers: &HeaderMap,
    uri: &Uri,
) -> Option<Result<Asked, Fault>> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"));
    if let Some(name) = text(&COMMUNITY) {
        return Some(short(name).map(|name| Asked::Name(name.trim().to_ascii_lowercase())));
    }
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let is_trusted = peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(peer)));
    let forwarded = text(&FORWARDED_HOST).filter(|_| is_trusted);
    let host =
        forwarded.or_else(|| uri.authority().map(|authority| authority.as_str())).or_else(|| text(&header::HOST));
    host.map(|host| short(host).map(Asked::host))
}

fn short(text: &str) -> Result<&str, Fault> {
    if text.len() <= LONGEST + ":65535".len() && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text);
    }
    Err(reasons::COMMUNITY_UNKNOWN.fault().detail("What names the community is no name and no host."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn told(lines: &[(&'static str, &'static str)], peer: &str) -> Option<Asked> {
        let trusted = [settings::Network::parse("10.0.0.0/8").unwrap()];
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        asked(&trusted, &extensions, &headers, &Uri::from_static("/")).map(|asked| asked.unwrap())
    }

    #[test]
    fn only_a_trusted_proxy_says_what_host_was_asked_for() {
        let lines = [("host", "Garden.example:8080"), ("x-forwarded-host", "town.example")];
        assert_eq!(told(&lines, "192.0.2.1:9"), Some(Asked::Host("garden.example".to_owned())));
        assert_eq!(told(&lines, "10.0.0.1:9"), Some(Asked::Host("town.example".to_owned())));
    }

    #[test]
    fn name_goes_before_the_host() {
        let lines = [("host", "town.example"), ("polity-community", "Garden")];
        assert_eq!(told(&lines, "192.0.2.1:9"), Some(Asked::Name("garden".to_owned())));
        assert_eq!(told(&[], "192.0.2.1:9"), None);
    }
}
