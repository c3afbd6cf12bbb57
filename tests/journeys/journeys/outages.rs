//! One process of many is gone: the others go on, say clearly what they cannot do, and nothing is lost or doubled when
//! it is back.

use crate::client::{Answer, Client};
use crate::live::Page;
use crate::stack::{Stack, Topology};
use serde_json::json;
use testkit::{Engine, eventually};

const BROWSER: (&str, &str) = ("accept", "text/html");

/// The numbers of the processes that run these commands: they change with a restart.
fn pids(stack: &Stack, commands: &[&str]) -> Vec<u32> {
    commands.iter().map(|command| stack.process(command).pid()).collect()
}

/// A refusal that tells a program what to do: come back.
fn is_clean_503(answer: &Answer) -> bool {
    if answer.status.as_u16() != 503 {
        return false;
    }
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(!answer.reason().is_empty());
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_auth_everybody_reads_and_nobody_writes() {
    let Some(mut stack) = Stack::start(Topology::Split, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("dark").await;
    let thread = founder.thread(&category, "Candles").await;
    let cookie = founder.session_cookie("founder@example.org", "correct horse battery").await;
    let as_founder = [BROWSER, ("cookie", cookie.as_str())];
    let guest = Client::new(&stack.url);
    assert!(guest.get_with("/", &as_founder).await.text.contains("action=\"/logout\""));
    let others = ["run-admin", "run-forum", "run-audit", "run-gateway"];
    let before = pids(&stack, &others);

    stack.kill("run-auth").await;
    let api = format!("/api/v1/forum/threads/{thread}");
    let replies = format!("{api}/posts");
    // For a second the last answer about somebody is still believed; after that nobody can tell.
    eventually("writing is refused", async || {
        let answer = founder.post(&replies, &json!({ "body": "Is anybody there?" })).await;
        assert!(answer.status.is_success() || answer.status.as_u16() == 503, "{answer:?}");
        is_clean_503(&answer)
    })
    .await;
    eventually("the cookie is believed no longer either", async || {
        !guest.get_with("/", &as_founder).await.text.contains("action=\"/logout\"")
    })
    .await;
    for path in ["/".to_owned(), format!("/t/{thread}"), "/c/dark".to_owned(), api, replies.clone()] {
        assert_eq!(guest.get(&path).await.status.as_u16(), 200, "{path}");
        let page = guest.get_with(&path, &as_founder).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        assert!(!page.text.contains("action=\"/logout\""), "{path} is shown to a guest");
    }
    let log_in = guest.get_with("/login", &[BROWSER]).await;
    assert_eq!(
        (log_in.status.as_u16(), &log_in.headers["content-type"]),
        (503, &"text/html; charset=utf-8".parse().unwrap())
    );

    stack.start_again("run-auth").await;
    eventually("writing works again", async || {
        let answer = founder.post(&replies, &json!({ "body": "There you are." })).await;
        answer.status.is_success() || !is_clean_503(&answer)
    })
    .await;
    founder.reply(&thread, "All is well.").await;
    eventually("the cookie is recognised again", async || {
        guest.get_with("/", &as_founder).await.text.contains("action=\"/logout\"")
    })
    .await;
    assert_eq!(pids(&stack, &others), before, "nobody else was restarted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_audit_everything_goes_on_and_every_deed_is_recorded_later_once() {
    const REPLIES: usize = 40;
    let Some(mut stack) = Stack::start(Topology::Split, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("unseen").await;
    let thread = founder.thread(&category, "Nobody watches").await;
    founder.reply(&thread, "Seen").await;
    eventually("the first deed is recorded", async || founder.audited_replies(&thread).await == 1).await;

    stack.kill("run-audit").await;
    let bo = Client::new(&stack.url).join("bob").await;
    for n in 1..REPLIES {
        bo.reply(&thread, &format!("Unseen {n}")).await;
    }
    assert!(is_clean_503(&founder.get("/api/v1/audit/entries").await));
    assert_eq!(founder.get(&format!("/t/{thread}")).await.status.as_u16(), 200);

    // It dies again while it catches up.
    stack.start_again("run-audit").await;
    stack.kill("run-audit").await;
    stack.start_again("run-audit").await;
    eventually("every deed is recorded", async || founder.audited_replies(&thread).await >= REPLIES).await;
    // Entries of one thread come in order: when a later one is there, no other of them is still to come.
    founder.reply(&thread, "Seen again").await;
    eventually("the last deed is recorded", async || founder.audited_replies(&thread).await > REPLIES).await;
    assert_eq!(founder.audited_replies(&thread).await, REPLIES + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_forum_the_gateway_says_so_and_open_pages_go_on_where_they_were() {
    let Some(mut stack) = Stack::start(Topology::Split, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let category = founder.category("back").await;
    let thread = founder.thread(&category, "Back in a minute").await;
    let guest = Client::new(&stack.url);
    let mut page = Page::open(&guest, &thread, None).await;
    let writer = tokio::spawn(write_until_refused(founder.clone(), thread.clone()));
    let mut seen = page.replies(5).await;

    stack.kill("run-forum").await;
    let acknowledged = writer.await.unwrap();
    while let Some(told) = page.next().await {
        seen.push(told.data["post_id"].as_str().unwrap().to_owned());
    }
    let api = format!("/api/v1/forum/threads/{thread}");
    let refused = guest.get(&api).await;
    assert!(is_clean_503(&refused), "{refused:?}");
    assert_eq!(refused.reason(), "gateway.upstream_unavailable");
    let shown = guest.get_with("/", &[BROWSER]).await;
    assert_eq!(shown.status.as_u16(), 503);
    assert!(shown.text.contains("<h1>Service Unavailable</h1>"), "{}", shown.text);
    for path in ["/login", "/health/ready", "/api/openapi.json"] {
        assert!(guest.get(path).await.status.is_success(), "{path}");
    }

    stack.start_again("run-forum").await;
    eventually("the forum is back", async || guest.get(&api).await.status.is_success()).await;
    for n in 0..5 {
        founder.reply(&thread, &format!("After {n}")).await;
    }
    let written = guest.posts(&thread).await.split_off(1);
    assert!(acknowledged.iter().all(|id| written.contains(id)), "{acknowledged:?} and {written:?}");
    let mut page = Page::open(&guest, &thread, Some(page.last)).await;
    seen.extend(page.replies(written.len() - seen.len()).await);
    assert_eq!(seen, written);
}

/// The ids of the replies that were acknowledged before one was not.
async fn write_until_refused(founder: Client, thread: String) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let path = format!("/api/v1/forum/threads/{thread}/posts");
        match founder.try_post(&path, &json!({ "body": format!("Before {n}") })).await {
            Some(answer) if answer.status.is_success() => {
                acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
            }
            Some(answer) => {
                assert!(is_clean_503(&answer), "{answer:?}");
                break;
            }
            None => break,
        }
    }
    acknowledged
}
