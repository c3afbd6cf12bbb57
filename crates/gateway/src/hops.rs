//! Headers that are for the next hop only, and headers nobody outside may send. Who the client is stands elsewhere.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// RFC 9110 §7.6.1 and §11.7: about one connection, whether `Connection` names them or not.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes what was meant for this hop.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The one that clients may send: the community they mean.
const COMMUNITY: &str = "polity-community";

/// Removes what processes of the installation tell each other: it must not come from outside.
pub(crate) fn strip_internal(headers: &mut HeaderMap) {
    let is_internal = |name: &&HeaderName| name.as_str().starts_with("polity-") && *name != COMMUNITY;
    let internal: Vec<HeaderName> = headers.keys().filter(is_internal).cloned().collect();
    for name in internal {
        headers.remove(name);
    }
}

/// Whether the client wants to speak WebSocket from here on (RFC 6455 §4.1). No other protocol is upgraded to: `h2c`
/// would carry requests past the routes.
pub(crate) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let names = |name: HeaderName, token: &str| {
        let values = headers.get_all(name);
        let mut tokens = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        tokens.any(|found| found.trim().eq_ignore_ascii_case(token))
    };
    names(header::CONNECTION, "upgrade") && names(header::UPGRADE, "websocket")
}

/// Says that the connection becomes a WebSocket.
pub(crate) fn announce_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether it is a gRPC call, which needs HTTP/2 all the way. gRPC-Web does not.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"application/grpc") && !kind.starts_with(b"application/grpc-web")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        lines.iter().map(line).collect()
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let mut headers = headers(&[
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-request-id", "kept"),
            ("trailer", "kept"),
        ]);
        strip_hop_by_hop(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["trailer", "x-request-id"]);
    }

    #[test]
    fn what_we_tell_each_other_does_not_come_from_outside() {
        let mut headers = headers(&[("polity-token", "x"), ("polity-caller-bin", "x"), ("accept", "kept")]);
        strip_internal(&mut headers);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn only_websockets_are_upgraded() {
        assert!(asks_for_websocket(&headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")])));
        assert!(!asks_for_websocket(&headers(&[("connection", "upgrade"), ("upgrade", "h2c")])));
        assert!(!asks_for_websocket(&headers(&[("connection", "keep-alive"), ("upgrade", "websocket")])));
    }

    #[test]
    fn grpc_is_told_by_its_content_type() {
        assert!(is_grpc(&headers(&[("content-type", "application/grpc")])));
        assert!(is_grpc(&headers(&[("content-type", "application/grpc+proto")])));
        assert!(!is_grpc(&headers(&[("content-type", "application/grpc-web+proto")])));
        assert!(!is_grpc(&headers(&[("content-type", "application/json")])));
    }
}
