//! One visitor: opens, fills in, presses, follows, and looks.
//!
//! What may not enter: a wait for a length of time, and a failure that does not show the page as it was.

use super::devtools::Extension;
use super::locate::{self, Places};
use crate::patience::{PATIENCE, Patience};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A browser of one visitor. Every verb waits up to 10 s for what it needs, and fails with the page's text.
#[derive(Debug, Clone)]
pub struct Session {
    client: Client,
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Goes to a page, and waits until it is loaded.
    ///
    /// # Panics
    /// When there is no such server.
    pub async fn open(&self, url: &str) {
        let opened = self.client.goto(url).await;
        opened.unwrap_or_else(|error| panic!("`{url}` cannot be opened: {error}"));
    }

    /// Fills in a field, found by its label, accessible name or `name`. In a list, chooses the option with this text.
    ///
    /// # Panics
    /// When no such field shows, or it does not take the text.
    pub async fn fill(&self, field: &str, text: &str) {
        self.act(&format!("fill in `{field}`"), &locate::field(field), Deed::Fill(text)).await;
    }

    /// Clicks a field, found as by [`Self::fill`]: ticks a box, picks one of several.
    ///
    /// # Panics
    /// When no such field shows.
    pub async fn tick(&self, field: &str) {
        self.act(&format!("tick `{field}`"), &locate::field(field), Deed::Click).await;
    }

    /// Presses a button, found by its text or accessible name.
    ///
    /// # Panics
    /// When no such button shows.
    pub async fn press(&self, text: &str) {
        self.act(&format!("press `{text}`"), &locate::button(text), Deed::Click).await;
    }

    /// Follows a link, found by its text or accessible name.
    ///
    /// # Panics
    /// When no such link shows.
    pub async fn follow(&self, text: &str) {
        self.act(&format!("follow `{text}`"), &locate::link(text), Deed::Click).await;
    }

    /// Waits until the page's visible text contains this. Any run of white space counts as one space.
    ///
    /// # Panics
    /// When it does not.
    pub async fn see(&self, text: &str) {
        if !self.shows(text, true).await {
            self.give_up(&format!("see `{text}`"), "it is not there").await;
        }
    }

    /// Waits until the page's visible text does not contain this.
    ///
    /// # Panics
    /// When it still does.
    pub async fn see_no(&self, text: &str) {
        if !self.shows(text, false).await {
            self.give_up(&format!("see no `{text}`"), "it is there").await;
        }
    }

    /// Waits until something matches this CSS selector.
    ///
    /// # Panics
    /// When nothing does.
    pub async fn wait_for(&self, css: &str) {
        let patience = Patience::of(PATIENCE);
        while self.client.find(Locator::Css(css)).await.is_err() {
            if !patience.lasts().await {
                self.give_up(&format!("find `{css}`"), "nothing matches").await;
            }
        }
    }

    /// The page's visible text.
    pub async fn text(&self) -> String {
        // A page being replaced has no body for a moment, and the script then answers null or an error.
        let text = self.client.execute("return document.body ? document.body.innerText : ''", Vec::new()).await;
        text.ok().and_then(|text| Some(text.as_str()?.to_owned())).unwrap_or_default()
    }

    /// The page's address.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("the browser knows where it is").into()
    }

    /// Runs a function's body in the page and returns what it returns.
    ///
    /// # Panics
    /// With the script's error.
    pub async fn script(&self, body: &str) -> Value {
        let answer = self.client.execute(body, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("the script `{body}` failed: {error}"))
    }

    /// Writes the whole page, to its very end, as a PNG.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub async fn screenshot(&self, path: &Path) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = json!(1);
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.devtools("Page.captureScreenshot", wanted).await;
        let image = STANDARD.decode(answer["data"].as_str().unwrap_or_default()).expect("the picture is in Base64");
        fs::write(path, image).unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }

    /// What the console has complained about since it was last asked: script errors, refused requests, violations of
    /// the content security policy.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn console_errors(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Extension::ConsoleLog).await.expect("chromedriver keeps the console's log");
        let entries = log.as_array().into_iter().flatten();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Calls a method of the Chrome DevTools Protocol, such as `WebAuthn.enable` or `Network.emulateNetworkConditions`.
    ///
    /// # Panics
    /// With the protocol's error.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let answer = self.client.issue_cmd(Extension::Devtools(method.to_owned(), parameters)).await;
        answer.unwrap_or_else(|error| panic!("the browser refuses {method}: {error}"))
    }

    /// Closes the browser before the session's end.
    ///
    /// # Panics
    /// When it is gone already.
    pub async fn close(self) {
        self.client.close().await.expect("the browser can be closed");
    }

    /// Whether the page comes to show this text, or to show it no more, before patience ends.
    async fn shows(&self, text: &str, wanted: bool) -> bool {
        let (text, patience) = (on_one_line(text), Patience::of(PATIENCE));
        while on_one_line(&self.text().await).contains(&text) != wanted {
            if !patience.lasts().await {
                return false;
            }
        }
        true
    }

    /// Does something to the first thing in these places that shows. While the page moves, an element may vanish or be
    /// covered between being found and being used, so it is tried until it works.
    async fn act(&self, what: &str, places: &Places, deed: Deed<'_>) {
        let patience = Patience::of(PATIENCE);
        let mut reason = "it is not there".to_owned();
        loop {
            if let Some(element) = self.find_shown(places).await {
                match deed.done_to(&element).await {
                    Ok(()) => return,
                    Err(error) => reason = error.to_string(),
                }
            }
            if !patience.lasts().await {
                self.give_up(what, &reason).await;
            }
        }
    }

    async fn find_shown(&self, places: &Places) -> Option<Element> {
        for place in places {
            for element in self.client.find_all(Locator::XPath(place)).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or(false) {
                    return Some(element);
                }
            }
        }
        None
    }

    async fn give_up(&self, what: &str, reason: &str) -> ! {
        panic!("could not {what}: {reason}. The page at {} says:\n{}", self.url().await, self.text().await);
    }
}

/// What a hand can do to a thing on the page.
#[derive(Debug, Clone, Copy)]
enum Deed<'a> {
    Click,
    Fill(&'a str),
}

impl Deed<'_> {
    async fn done_to(self, element: &Element) -> Result<(), CmdError> {
        let Self::Fill(text) = self else {
            return element.click().await;
        };
        if element.tag_name().await? == "select" {
            return element.find(Locator::XPath(&locate::option(text))).await?.click().await;
        }
        element.clear().await?;
        element.send_keys(text).await
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
