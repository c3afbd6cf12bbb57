//! Filling, from the plan to a server that keeps the API's promises. What is said is tested elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the lint's exemption for tests does not reach the steps they share"
)]

mod fake_server;

use demo::{DemoError, DemoPlan, Report, Tally, fill};
use fake_server::{ADMIN, Forum, Shared, serve};
use indicatif::ProgressBar;
use std::collections::HashSet;

fn plan(base_url: &str) -> DemoPlan {
    DemoPlan { members: 12, threads: 20, posts: 150, ..DemoPlan::new(base_url, ADMIN.0, ADMIN.1.into()) }
}

async fn run(plan: DemoPlan) -> Result<Report, DemoError> {
    // A second installation in the same process fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    fill(plan, &ProgressBar::hidden()).await
}

fn check_numbers(forum: &Shared, accounts: usize, threads: usize, posts: usize) {
    let forum = forum.lock().unwrap();
    assert_eq!(forum.categories.len(), 9);
    assert_eq!((forum.accounts.len(), forum.threads.len(), forum.posts.len()), (accounts, threads, posts));
    assert_eq!(forum.posts.iter().map(|(_, body)| body).collect::<HashSet<_>>().len(), posts);
}

#[tokio::test]
async fn second_run_doubles_nothing_and_says_what_was_there() {
    let (url, forum) = serve(Forum::default()).await;
    let first = run(plan(&url)).await.unwrap();
    check_numbers(&forum, 12, 20, 150);
    assert_eq!((first.members, first.posts), (Tally { made: 12, found: 0 }, Tally { made: 150, found: 0 }));
    let second = run(plan(&format!("{url}/"))).await.unwrap();
    check_numbers(&forum, 12, 20, 150);
    assert_eq!((second.members, second.categories), (Tally { made: 0, found: 12 }, Tally { made: 0, found: 9 }));
    assert_eq!((second.threads, second.posts), (Tally { made: 0, found: 20 }, Tally { made: 0, found: 150 }));
}

#[tokio::test]
async fn broken_run_is_continued_by_the_next() {
    let (url, forum) = serve(Forum { breaks_after: Some(60), ..Forum::default() }).await;
    match run(plan(&url)).await {
        Err(DemoError::Refused { status: 409, reason, .. }) => assert_eq!(reason, "forum.thread_locked"),
        other => panic!("{other:?}"),
    }
    forum.lock().unwrap().breaks_after = None;
    let report = run(plan(&url)).await.unwrap();
    check_numbers(&forum, 12, 20, 150);
    assert_eq!(report.posts, Tally { made: 90, found: 60 });
}

#[tokio::test]
async fn larger_plan_adds_to_what_is_there() {
    let (url, forum) = serve(Forum::default()).await;
    run(plan(&url)).await.unwrap();
    let report = run(DemoPlan { threads: 30, posts: 300, ..plan(&url) }).await.unwrap();
    assert_eq!(report.threads, Tally { made: 10, found: 20 });
    assert!(report.posts.found >= 100, "{report}");
    assert_eq!(forum.lock().unwrap().posts.len(), 150 + report.posts.made);
}

#[tokio::test]
async fn replies_reach_their_thread_in_the_order_of_the_plan() {
    let (url, forum) = serve(Forum::default()).await;
    run(plan(&url)).await.unwrap();
    let written = demo::Community::write(&demo::Corpus::shipped().unwrap(), 12, 20, 150, 1).unwrap();
    let forum = forum.lock().unwrap();
    for thread in &written.threads {
        let id = forum.threads.iter().find(|made| made["title"] == thread.title.as_str()).unwrap()["id"].clone();
        let arrived = forum.posts.iter().filter(|(to, _)| id == to.as_str()).map(|(_, body)| body);
        assert!(arrived.eq(thread.posts.iter().map(|post| &post.body)), "{}", thread.title);
    }
}

#[tokio::test]
async fn calls_put_off_with_429_or_503_are_made_again() {
    let (url, forum) = serve(Forum { put_off_each: Some(3), ..Forum::default() }).await;
    run(plan(&url)).await.unwrap();
    check_numbers(&forum, 12, 20, 150);
    assert!(forum.lock().unwrap().put_off > 80);
}

#[tokio::test]
async fn expired_token_is_replaced_by_logging_in_again() {
    let (url, forum) = serve(Forum { uses_per_token: Some(3), ..Forum::default() }).await;
    run(plan(&url)).await.unwrap();
    check_numbers(&forum, 12, 20, 150);
    assert!(forum.lock().unwrap().logins >= 50);
}

#[tokio::test]
async fn progress_ends_exactly_at_its_length() {
    let (url, _forum) = serve(Forum::default()).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = ProgressBar::hidden();
    fill(plan(&url), &progress).await.unwrap();
    assert_eq!((progress.position(), progress.length()), (12 + 9 + 20 + 150, Some(12 + 9 + 20 + 150)));
}

#[tokio::test]
async fn silent_address_is_named_with_the_command_that_starts_polity() {
    // Port 1 is reserved and refuses connections at once.
    let error = run(plan("http://127.0.0.1:1")).await.unwrap_err();
    assert!(matches!(error, DemoError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("http://127.0.0.1:1") && text.contains("polity run-all-in-one"), "{text}");
}

#[tokio::test]
async fn address_that_is_none_is_refused_before_any_call() {
    for address in ["127.0.0.1:8080", "mailto:me@example.org", ""] {
        assert!(matches!(run(plan(address)).await, Err(DemoError::Address { .. })), "{address}");
    }
}

#[tokio::test]
async fn wrong_admin_password_is_said_before_anything_is_made() {
    let (url, forum) = serve(Forum::default()).await;
    let error = run(DemoPlan { admin_password: "wrong".into(), ..plan(&url) }).await.unwrap_err();
    assert!(error.to_string().contains("root@example.org was not let in"), "{error}");
    assert!(forum.lock().unwrap().accounts.is_empty());
}

#[tokio::test]
async fn account_without_the_role_is_told_so() {
    let (url, forum) = serve(Forum::default()).await;
    let account = serde_json::json!({ "handle": "plain", "password": "p" });
    forum.lock().unwrap().accounts.insert("plain@example.org".into(), account);
    let error = run(DemoPlan::new(&url, "plain@example.org", "p".into())).await.unwrap_err();
    assert!(matches!(error, DemoError::NotAdministrator { .. }), "{error:?}");
}

#[tokio::test]
async fn member_whose_address_is_somebody_elses_stops_the_run() {
    let (url, forum) = serve(Forum::default()).await;
    run(plan(&url)).await.unwrap();
    for account in forum.lock().unwrap().accounts.values_mut() {
        account["password"] = "changed".into();
    }
    let error = run(plan(&url)).await.unwrap_err();
    assert!(matches!(error, DemoError::MemberTaken { .. }), "{error:?}");
}

#[tokio::test]
async fn impossible_concurrency_is_refused() {
    let error = run(DemoPlan { concurrency: 0, ..plan("http://127.0.0.1:1") }).await.unwrap_err();
    assert!(matches!(error, DemoError::OutOfBounds { field: "concurrency", .. }), "{error:?}");
}
