//! Who was logged out, or has another role, is so in every process at once, although each believes what it knows for an
//! hour: they are told.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use serde_json::json;
use testkit::{Engine, EphemeralRedis, eventually};

/// Long enough that nothing in here happens by itself.
const BELIEVED: (&str, &str) = ("POLITY_PORTALS_IDENTITY_MS", "3600000");

async fn log_out_and_roles_reach_the_forum_at_once(stack: &Stack) {
    let founder = stack.founder().await;
    let category = founder.category("plans").await;
    let thread = founder.thread(&category, "Who is here?").await;
    let posts = format!("/api/v1/forum/threads/{thread}/posts");
    let ada = Client::new(&stack.url).join("ada").await;
    let me = ada.get("/api/v1/auth/me").await.ok();
    ada.reply(&thread, "I am.").await;

    let lock = format!("/api/v1/forum/threads/{thread}/lock");
    assert_eq!(ada.put(&lock, None, &json!({})).await.status.as_u16(), 403, "the forum knows her as a member");
    let role = format!("/api/v1/admin/people/{}/role", me["id"].as_str().unwrap());
    let granted = founder.put(&role, None, &json!({ "role": "moderator" })).await;
    assert!(granted.status.is_success(), "{granted:?}");
    eventually("the forum knows her as a moderator", async || {
        ada.put(&lock, None, &json!({})).await.status.is_success()
    })
    .await;

    let bo = Client::new(&stack.url).join("bob").await;
    let elsewhere = Client::new(&stack.url).log_in("bob@example.org", "a password for 3").await;
    assert!(elsewhere.get(&posts).await.status.is_success(), "the forum knows both of Bo's log-ins");
    assert!(bo.get(&posts).await.status.is_success());
    let ended = bo.delete("/api/v1/auth/sessions").await;
    assert!(ended.status.is_success(), "{ended:?}");
    eventually("the forum refuses the one that has ended", async || {
        let answer = elsewhere.get(&posts).await;
        !answer.status.is_success() && answer.reason() == "access.credential_rejected"
    })
    .await;
    assert!(bo.get(&posts).await.status.is_success(), "and goes on with the other one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_by_redis() {
    let Some(redis) = EphemeralRedis::start(&[]).await else { return };
    let address = redis.url().trim_start_matches("redis://").to_owned();
    let told = [BELIEVED, ("POLITY_REDIS_ADDRESSES", address.as_str())];
    let Some(stack) = Stack::start_with(Topology::Split, Engine::Sqlite, &told).await else { return };
    log_out_and_roles_reach_the_forum_at_once(&stack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_by_postgresql() {
    let Some(stack) = Stack::start_with(Topology::Split, Engine::Postgres, &[BELIEVED]).await else { return };
    log_out_and_roles_reach_the_forum_at_once(&stack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_within_one_process() {
    let Some(stack) = Stack::start_with(Topology::AllInOne, Engine::Sqlite, &[BELIEVED]).await else { return };
    log_out_and_roles_reach_the_forum_at_once(&stack).await;
}
