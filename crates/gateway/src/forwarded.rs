//! Who the client is and what it asked for, told to whoever serves it: `Forwarded` (RFC 7239) and the `X-Forwarded-…`
//! headers. Whom to believe is decided by the caller.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED: HeaderName = http::header::FORWARDED;

/// What is known about a request from its connection alone.
pub(crate) struct Hop<'a> {
    /// Who is at the other end.
    pub(crate) peer: Option<IpAddr>,
    /// The host asked for.
    pub(crate) host: Option<&'a str>,
    /// `http` or `https`.
    pub(crate) scheme: &'a str,
}

/// Removes whatever claims to know who the client is.
pub(crate) fn forget(headers: &mut HeaderMap) {
    let claims = |name: &&HeaderName| {
        name.as_str().starts_with("x-forwarded-") || **name == FORWARDED || name.as_str() == "x-real-ip"
    };
    let names: Vec<HeaderName> = headers.keys().filter(claims).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Adds this hop. Host and scheme are only told when no hop before has told them: the first one knew what was asked for.
pub(crate) fn extend(headers: &mut HeaderMap, hop: &Hop<'_>) {
    if let Some(peer) = hop.peer {
        append(headers, FOR, &peer.to_string());
    }
    append(headers, FORWARDED, &element(hop));
    for (name, value) in [(HOST, hop.host), (PROTO, Some(hop.scheme))] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.entry(name).or_insert(value);
        }
    }
}

fn element(hop: &Hop<'_>) -> String {
    let client = match hop.peer {
        Some(IpAddr::V4(peer)) => peer.to_string(),
        Some(IpAddr::V6(peer)) => format!("\"[{peer}]\""),
        None => "unknown".to_owned(),
    };
    let scheme = hop.scheme;
    match hop.host {
        Some(host) => format!("for={client};host=\"{}\";proto={scheme}", escaped(host)),
        None => format!("for={client};proto={scheme}"),
    }
}

/// The inside of a quoted string (RFC 9110 §5.6.4).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Appends to the list of all values of that name, in one line.
fn append(headers: &mut HeaderMap, name: HeaderName, element: &str) {
    let earlier = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok());
    let list = earlier.chain([element]).collect::<Vec<_>>().join(", ");
    if let Ok(value) = HeaderValue::from_str(&list) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(peer: &str) -> Hop<'static> {
        Hop { peer: peer.parse().ok(), host: Some("polity.example:8443"), scheme: "https" }
    }

    fn claims() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(FOR, HeaderValue::from_static("1.1.1.1"));
        headers.append(FOR, HeaderValue::from_static("2.2.2.2"));
        headers.insert(HOST, HeaderValue::from_static("first.example"));
        headers.insert(FORWARDED, HeaderValue::from_static("for=1.1.1.1"));
        headers.insert("x-real-ip", HeaderValue::from_static("1.1.1.1"));
        headers.insert("x-forwarded-port", HeaderValue::from_static("1"));
        headers
    }

    #[test]
    fn claims_can_be_forgotten_and_the_hop_is_told() {
        let mut headers = claims();
        forget(&mut headers);
        assert!(headers.is_empty(), "{headers:?}");
        extend(&mut headers, &hop("10.0.0.9"));
        assert_eq!(headers[FOR], "10.0.0.9");
        assert_eq!(headers[HOST], "polity.example:8443");
        assert_eq!(headers[PROTO], "https");
        assert_eq!(headers[FORWARDED], "for=10.0.0.9;host=\"polity.example:8443\";proto=https");
    }

    #[test]
    fn claims_that_are_believed_are_extended() {
        let mut headers = claims();
        extend(&mut headers, &hop("2001:db8::1"));
        assert_eq!(headers[FOR], "1.1.1.1, 2.2.2.2, 2001:db8::1");
        assert_eq!(headers[HOST], "first.example");
        assert_eq!(headers[FORWARDED], "for=1.1.1.1, for=\"[2001:db8::1]\";host=\"polity.example:8443\";proto=https");
    }

    #[test]
    fn a_quote_in_a_host_stays_inside_its_quotes() {
        let mut headers = HeaderMap::new();
        extend(&mut headers, &Hop { peer: None, host: Some("a\";for=1.2.3.4"), scheme: "http" });
        assert_eq!(headers[FORWARDED], "for=unknown;host=\"a\\\";for=1.2.3.4\";proto=http");
    }
}
