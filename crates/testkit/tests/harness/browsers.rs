//! The browser's verbs, on pages made for them.
//!
//! What may not enter: Polity's own pages.
#![allow(clippy::disallowed_methods, reason = "a test spawns and asks the machine as it likes")]

use crate::rerun::runs;
use axum::extract::Form;
use axum::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Router, http};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use testkit::{Browser, SessionOptions, eventually};
use tokio::net::TcpListener;

const FORM: &str = r#"<!doctype html><meta name="viewport" content="width=device-width"><title>Form</title>
<link rel="icon" href="data:,">
<h1>Write to
us</h1>
<form method="post" action="/sent">
  <label for="t">Title <em>*</em></label><input id="t" name="title" value="old">
  <label>Your "own" words, don't hold back <textarea name="body"></textarea></label>
  <input name="hidden_twin" type="hidden"><input aria-label="Nickname" name="nick">
  <label for="c">Colour</label><select id="c" name="colour"><option>Red</option><option value="b">Dark  blue</option></select>
  <label><input type="checkbox" name="agree" value="yes"> I agree</label>
  <button style="display:none" name="pressed" value="unseen">Send</button>
  <button name="pressed" value="seen">Send</button>
</form>
<p id="ran">Scripts are off</p><noscript>Please enable scripts</noscript>
<p style="margin-top: 2000px">The end</p><a href="/plain">Plain page</a>
<script>
  document.getElementById('ran').textContent = 'Scripts are on';
  document.getElementById('ran').insertAdjacentHTML('afterend', '<p>Colours are ' +
    (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light') + '</p>');
</script>"#;

async fn sent(Form(fields): Form<BTreeMap<String, String>>) -> Html<String> {
    Html(format!("<title>Sent</title><pre>{fields:?}</pre>"))
}

async fn guarded() -> impl IntoResponse {
    let page = "<link rel=icon href='data:,'><p>Guarded</p><script>document.body.append('Broken in')</script>";
    ([(CONTENT_SECURITY_POLICY, "default-src 'self'; img-src data:")], Html(page))
}

async fn cookie(headers: http::HeaderMap) -> impl IntoResponse {
    let known = if headers.contains_key("cookie") { "Welcome back" } else { "Hello, stranger" };
    ([(SET_COOKIE, "known=yes")], Html(known))
}

/// Serves the pages for as long as the test's runtime lives.
async fn site() -> String {
    let routes = Router::new()
        .route("/", get(async || Html(FORM)))
        .route("/plain", get(async || Html("<link rel=icon href='data:,'><p>Nothing here")))
        .route("/guarded", get(guarded))
        .route("/cookie", get(cookie))
        .route("/sent", post(sent));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}

#[tokio::test]
async fn visitor_fills_in_a_form_by_what_it_says_and_sends_it() {
    let Some(browser) = Browser::start().await else { return };
    let (session, site) = (browser.session().await, site().await);
    session.open(&site).await;
    session.see("Write to us").await;
    session.fill("Title", "new").await;
    session.fill("Your \"own\" words, don't hold back", "so be it").await;
    session.fill("Nickname", "ada").await;
    session.fill("colour", "Dark blue").await;
    session.tick("I agree").await;
    session.press("Send").await;
    for field in [r#""title": "new""#, r#""body": "so be it""#, r#""nick": "ada""#, r#""colour": "b""#] {
        session.see(field).await;
    }
    session.see(r#""agree": "yes""#).await;
    session.see(r#""pressed": "seen""#).await;
    assert_eq!(session.url().await, format!("{site}/sent"));
    session.see_no("Write to us").await;
}

#[tokio::test]
async fn visitor_on_another_thread_follows_a_link_and_waits_for_what_is_there() {
    let Some(browser) = Browser::start().await else { return };
    let (session, site) = (browser.session().await, site().await);
    let visit = async move {
        session.open(&site).await;
        session.follow("Plain page").await;
        session.see("Nothing here").await;
        session.script("setTimeout(() => document.body.innerHTML = '<b class=late>Here now</b>', 50)").await;
        session.wait_for("b.late").await;
        assert_eq!(session.text().await, "Here now");
    };
    tokio::spawn(visit).await.unwrap();
}

#[tokio::test]
async fn sessions_share_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let page = format!("{}/cookie", site().await);
    let (one, other) = (browser.session().await, browser.session().await);
    one.open(&page).await;
    one.open(&page).await;
    one.see("Welcome back").await;
    other.open(&page).await;
    other.see("Hello, stranger").await;
    one.close().await;
    other.open(&page).await;
    other.see("Welcome back").await;
}

#[tokio::test]
async fn session_without_javascript_sees_what_such_visitors_see() {
    let Some(browser) = Browser::start().await else { return };
    let (with, without) = (browser.session().await, browser.session_without_javascript().await);
    let site = site().await;
    with.open(&site).await;
    with.see("Scripts are on").await;
    with.see_no("Please enable scripts").await;
    without.open(&site).await;
    without.see("Scripts are off").await;
    without.see("Please enable scripts").await;
    without.fill("Title", "still works").await;
    without.press("Send").await;
    without.see("still works").await;
}

#[tokio::test]
async fn phone_is_narrow_and_dark_is_dark() {
    let Some(browser) = Browser::start().await else { return };
    let site = site().await;
    let phone = browser.session_with(SessionOptions { phone: true, dark: true, ..Default::default() }).await;
    phone.open(&site).await;
    assert_eq!(phone.script("return [innerWidth, innerHeight]").await, serde_json::json!([390, 844]));
    phone.see("Colours are dark").await;
    let desk = browser.session().await;
    desk.open(&site).await;
    assert_eq!(desk.script("return innerWidth").await, 1280);
    desk.see("Colours are light").await;
}

#[tokio::test]
async fn console_tells_of_a_broken_content_security_policy_once() {
    let Some(browser) = Browser::start().await else { return };
    let (session, site) = (browser.session().await, site().await);
    session.open(&format!("{site}/plain")).await;
    assert_eq!(session.console_errors().await, Vec::<String>::new());
    session.open(&format!("{site}/guarded")).await;
    session.see("Guarded").await;
    let errors = session.console_errors().await;
    assert!(errors.iter().any(|error| error.contains("Content Security Policy")), "{errors:?}");
    assert_eq!(session.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn screenshot_reaches_to_the_end_of_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let session = browser.session().await;
    session.open(&site().await).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("page.png");
    session.screenshot(&file).await;
    let png = fs::read(file).unwrap();
    // The header chunk of a PNG: width and height follow its name, each in four bytes (PNG specification §11.2.1).
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((&png[12..16], number(16)), (&b"IHDR"[..], 1280));
    assert!(number(20) > 2000, "{}", number(20));
}

// Without a browser the two tests that must panic do so at once: they have nothing to say then.

#[tokio::test]
#[should_panic(expected = "says:\nNothing here")]
async fn what_is_not_seen_fails_with_what_is() {
    let browser = Browser::start().await.expect("says:\nNothing here");
    let session = browser.session().await;
    session.open(&format!("{}/plain", site().await)).await;
    tokio::time::pause();
    session.see("Something here").await;
}

#[tokio::test]
#[should_panic(expected = "could not press `Send`: it is not there")]
async fn what_cannot_be_pressed_is_named() {
    let browser = Browser::start().await.expect("could not press `Send`: it is not there");
    let session = browser.session().await;
    session.open(&format!("{}/plain", site().await)).await;
    tokio::time::pause();
    session.press("Send").await;
}

#[tokio::test]
async fn dropped_browser_leaves_neither_process_nor_directory() {
    let Some(browser) = Browser::start().await else { return };
    let session = browser.session().await;
    session.open("chrome://version").await;
    session.see("/polity-browser-").await;
    let text = session.text().await;
    let profile = text.split_whitespace().find_map(|word| word.strip_prefix("--user-data-dir=")).unwrap();
    let directory = Path::new(profile).parent().unwrap().to_string_lossy();
    let processes = mentioning(&directory);
    assert!(!processes.is_empty() && Path::new(&*directory).exists(), "{directory}");
    drop(browser);
    eventually("all its processes are gone", async || !processes.iter().any(|pid| runs(*pid))).await;
    assert!(!Path::new(&*directory).exists());
}

/// The processes whose command line names this directory.
fn mentioning(directory: &str) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mentions = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(directory)
    };
    pids.filter(mentions).collect()
}
