//! What chromedriver can do beyond the WebDriver standard: its log, and the Chrome DevTools Protocol.
//!
//! What may not enter: what WebDriver itself can do.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver's own.
#[derive(Debug)]
pub(super) enum Extension {
    /// The browser's console since it was last read.
    ConsoleLog,
    /// A method of the DevTools protocol, with its parameters.
    Devtools(String, Value),
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let path = match self {
            Self::ConsoleLog => "se/log",
            Self::Devtools(..) => "goog/cdp/execute",
        };
        base.join(&format!("session/{}/{path}", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        let body = match self {
            Self::ConsoleLog => json!({ "type": "browser" }),
            Self::Devtools(method, parameters) => json!({ "cmd": method, "params": parameters }),
        };
        (Method::POST, Some(body.to_string()))
    }
}
