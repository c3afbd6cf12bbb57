//! Addresses of pages with words in them that may hold anything.
//!
//! What may not enter: a page's own parameters.

/// `?a=b&c=d` of the pairs that have a value, percent-encoded but for the unreserved characters of RFC 3986, section 2.3.
pub fn url_query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        push_encoded(&mut text, value);
    }
    text
}

/// `/a/b` of the parts, percent-encoded like the values of [`url_query`], so that none of them ends where it should not.
pub fn url_path(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push('/');
        push_encoded(&mut text, part);
    }
    text
}

fn push_encoded(text: &mut String, word: &str) {
    for byte in word.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{url_path, url_query};

    #[test]
    fn query_holds_what_has_a_value_and_nothing_breaks_out_of_it() {
        assert_eq!(url_query(&[("a", ""), ("b", "")]), "");
        assert_eq!(url_query(&[("a", "x&b=1 ä"), ("b", ""), ("c", "~")]), "?a=x%26b%3D1%20%C3%A4&c=~");
    }

    #[test]
    fn nothing_breaks_out_of_a_path() {
        assert_eq!(url_path(&["platform", "queues", "forum", "a/b?c"]), "/platform/queues/forum/a%2Fb%3Fc");
        assert_eq!(url_path(&["x", "", "y"]), "/x//y");
    }
}
