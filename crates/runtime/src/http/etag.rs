//! Versions as entity tags (RFC 9110 §8.8.3), so that an edit names what it was made from.

use axum::http::{HeaderMap, HeaderValue, header};
use kernel::Fault;

/// The tag of a version: `"v3"`.
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{version}\"")).unwrap_or(HeaderValue::from_static("\"v0\""))
}

/// The version named by `If-Match`, if one is.
///
/// # Errors
/// `Invalid`, naming `If-Match`, when it is not a tag that this API gave out.
pub fn expected_version(headers: &HeaderMap) -> Result<Option<i64>, Fault> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"')).and_then(|n| n.parse().ok());
    version.map(Some).ok_or_else(|| Fault::invalid("If-Match", "is not an ETag of this API, such as \"v3\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_comes_back_as_the_version_it_was_made_from() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, etag(3));
        assert_eq!(expected_version(&headers).unwrap(), Some(3));
        headers.insert(header::IF_MATCH, HeaderValue::from_static("W/\"3\""));
        assert_eq!(expected_version(&headers).unwrap_err().fields[0].field, "If-Match");
    }
}
