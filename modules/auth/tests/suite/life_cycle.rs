//! Accounts that are suspended, restored, deleted, or left.

use crate::house::{Answer, House, PASSWORD, registration};
use axum::http::StatusCode;
use kernel::Mail;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

const DAY_S: u64 = 24 * 3_600;

/// A house with an administrator who is logged in, and Bo, whose id it tells.
async fn house(engine: Engine) -> Option<(House, String, String)> {
    let house = House::on(engine, |settings| settings.auth.password_hash_concurrency = 16).await?;
    house.founder("adm_ann").await;
    let bo = house.register("bob").await.json()["id"].as_str().unwrap().to_owned();
    let ann = house.log_in("adm_ann").await;
    Some((house, ann, bo))
}

async fn here() -> (House, String, String) {
    house(Engine::Sqlite).await.unwrap()
}

fn path(id: &str, what: &str) -> String {
    format!("/api/v1/auth/users/{id}/{what}")
}

async fn suspend(house: &House, session: &str, id: &str, body: Value) -> Answer {
    house.ask("PUT", &path(id, "suspension")).session(session).json(body).await
}

async fn restore(house: &House, session: &str, id: &str) -> Answer {
    house.post(&path(id, "restoration")).session(session).send().await
}

async fn delete(house: &House, session: &str, id: &str) -> Answer {
    house.ask("PUT", &path(id, "deletion")).session(session).json(json!({ "reason": "Spam." })).await
}

async fn leave(house: &House, session: &str) -> Answer {
    let body = json!({ "current_password": PASSWORD });
    house.ask("PUT", "/api/v1/auth/me/deletion").session(session).json(body).await
}

async fn log_in(house: &House, handle: &str) -> Answer {
    let body = json!({ "email": format!("{handle}@example.org"), "password": PASSWORD });
    house.post("/api/v1/auth/tokens").json(body).await
}

async fn kinds(house: &House) -> Vec<String> {
    house.events().await.into_iter().map(|event| event.kind).collect()
}

/// Lets time do what it has brought about, as the scheduler would.
async fn settle(house: &House) {
    let store = crate::sweeps::elsewhere(house).await;
    crate::sweeps::ran(&store, "auth.settle_accounts").await;
    store.close().await;
}

async fn mailed(house: &House, subject: &str) -> Mail {
    house.mails("bob@example.org", subject, 1).await.remove(0)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn whoever_is_suspended_is_out_at_once_and_reads_why(#[case] engine: Engine) {
    let Some((house, ann, bo)) = house(engine).await else { return };
    let _works = house.works();
    let (session, (access, refresh)) = (house.log_in("bob").await, house.tokens("bob").await);
    let body = json!({ "reason": "Spam in three threads.", "until": "2030-02-01T00:00:00Z" });
    let suspended = suspend(&house, &ann, &bo, body).await;
    assert_eq!((suspended.status, &suspended.json()["barred"]["state"]), (StatusCode::OK, &json!("suspended")));
    assert_eq!(house.get("/api/v1/auth/me").session(&session).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    let refused = log_in(&house, "bob").await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "auth.suspended"));
    let why = "This account is suspended until 1 February 2030, 00:00 UTC. The reason: Spam in three threads.";
    assert_eq!(refused.json()["detail"], why);
    let page = house.post("/login").form(&[("email", "bob@example.org"), ("password", PASSWORD)]).await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains(why), "{}", page.text);
    let wrong = house.post("/login").form(&[("email", "bob@example.org"), ("password", "wrong password")]).await;
    assert!(!wrong.text.contains("Spam"), "who does not know the password learns nothing");
    assert!(mailed(&house, "Your account is suspended").await.text.contains("The reason: Spam in three threads."));
    let restored = restore(&house, &ann, &bo).await;
    assert_eq!((restored.status, &restored.json()["barred"]), (StatusCode::OK, &Value::Null));
    assert_eq!(log_in(&house, "bob").await.status, StatusCode::OK);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected", "what has ended does not come back");
    mailed(&house, "Your account can be used again").await;
    let kinds = kinds(&house).await;
    let life: Vec<_> = kinds.iter().filter(|kind| kind.contains("suspended") || kind.contains("restored")).collect();
    assert_eq!(life, ["auth.user_suspended.v1", "auth.user_restored.v1"]);
}

#[tokio::test]
async fn suspension_ends_by_itself() {
    let (house, ann, bo) = here().await;
    let _works = house.works();
    suspend(&house, &ann, &bo, json!({ "reason": "Cool down.", "until": "2030-01-02T00:00:00Z" })).await;
    house.advance(DAY_S);
    assert_eq!(log_in(&house, "bob").await.status, StatusCode::OK, "nobody waits for a task");
    settle(&house).await;
    testkit::eventually("it is told", async || kinds(&house).await.contains(&"auth.user_restored.v1".to_owned())).await;
}

#[tokio::test]
async fn nobody_suspends_themselves_nor_whoever_runs_the_community_nor_as_a_member() {
    let (house, ann, bo) = here().await;
    let me = house.get("/api/v1/auth/me").session(&ann).send().await.json()["id"].as_str().unwrap().to_owned();
    let why = json!({ "reason": "x" });
    assert_eq!(suspend(&house, &ann, &me, why.clone()).await.reason(), "access.forbidden");
    assert_eq!(delete(&house, &ann, &me).await.reason(), "access.forbidden");
    assert_eq!(leave(&house, &ann).await.reason(), "auth.runs_the_community");
    let cy = house.register("adm_cy").await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(suspend(&house, &ann, &cy, why.clone()).await.reason(), "auth.runs_the_community");
    assert_eq!(delete(&house, &ann, &cy).await.reason(), "auth.runs_the_community");
    let session = house.log_in("bob").await;
    assert_eq!(suspend(&house, &session, &cy, why.clone()).await.reason(), "access.forbidden");
    assert_eq!(restore(&house, &session, &bo).await.reason(), "access.forbidden");
    assert_eq!(house.get(&format!("/accounts/{bo}")).session(&session).send().await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn reason_and_end_must_make_sense() {
    let (house, ann, bo) = here().await;
    let field = async |body: Value| {
        suspend(&house, &ann, &bo, body).await.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(field(json!({ "reason": " " })).await, "reason");
    assert_eq!(field(json!({ "reason": "x", "until": "2020-01-01T00:00:00Z" })).await, "until");
    let nobody = suspend(&house, &ann, &uuid::Uuid::from_u128(7).to_string(), json!({ "reason": "x" })).await;
    assert_eq!(nobody.reason(), "auth.no_such_user");
    let page = house.post(&format!("/accounts/{bo}/suspend")).session(&ann);
    let page = page.form(&[("reason", "kept <b>"), ("until", "yesterday")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("kept &lt;b&gt;"), "{}", page.text);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_in_made_while_somebody_is_suspended_does_not_outlive_it(#[case] engine: Engine) {
    let Some((house, ann, bo)) = house(engine).await else { return };
    let why = json!({ "reason": "x" });
    let entering = futures::future::join_all((0..8).map(|_| log_in(&house, "bob")));
    let (suspended, entered) = tokio::join!(suspend(&house, &ann, &bo, why), entering);
    assert_eq!(suspended.status, StatusCode::OK, "{}", suspended.text);
    for answer in entered.iter().filter(|answer| answer.status == StatusCode::OK) {
        let (access, refresh) = crate::house::pair(answer);
        assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn account_that_was_deleted_can_be_restored_until_it_is_gone(#[case] engine: Engine) {
    let Some((house, ann, bo)) = house(engine).await else { return };
    let _works = house.works();
    let session = house.log_in("bob").await;
    for _ in 0..2 {
        let deleted = delete(&house, &ann, &bo).await;
        assert_eq!((deleted.status, &deleted.json()["barred"]["state"]), (StatusCode::OK, &json!("leaving")));
    }
    assert_eq!(house.get("/api/v1/auth/me").session(&session).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&house, "bob").await.reason(), "auth.account_leaving", "logging in does not undo it");
    house.advance(13 * DAY_S);
    settle(&house).await;
    let ann = house.log_in("adm_ann").await;
    assert_eq!(restore(&house, &ann, &bo).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, "bob").await.status, StatusCode::OK);
    delete(&house, &ann, &bo).await;
    house.advance(14 * DAY_S);
    settle(&house).await;
    mailed(&house, "Your account is gone").await;
    let ann = house.log_in("adm_ann").await;
    let gone = house.get(&format!("/api/v1/auth/users/{bo}")).session(&ann).send().await.json();
    assert_eq!((&gone["display_name"], &gone["barred"]["state"]), (&json!("Deleted member"), &json!("gone")));
    assert!(!gone.to_string().contains("bob@example.org") && gone["handle"].as_str().unwrap().starts_with("deleted-"));
    assert_eq!(restore(&house, &ann, &bo).await.reason(), "auth.no_such_user");
    assert_eq!(log_in(&house, "bob").await.reason(), "auth.credentials_rejected");
    let events = house.events().await;
    let told = events.iter().find(|event| event.kind == "auth.user_deleted.v1").unwrap();
    assert_eq!((&told.data["user_id"], &told.data["display_name"]), (&json!(bo), &json!("Deleted member")));
    let mut body = registration("bob");
    assert_eq!(house.register("bob").await.reason(), "auth.handle_taken", "the handle is nobody's for a while");
    body["handle"] = json!("bobby");
    assert_eq!(house.post("/api/v1/auth/register").json(body).await.status, StatusCode::CREATED, "the address is free");
    house.advance(181 * DAY_S);
    let mut body = registration("bob");
    body["email"] = json!("other@example.org");
    assert_eq!(house.post("/api/v1/auth/register").json(body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn whoever_leaves_by_themselves_can_still_be_shut_out() {
    let (house, ann, bo) = here().await;
    leave(&house, &house.log_in("bob").await).await;
    assert_eq!(suspend(&house, &ann, &bo, json!({ "reason": "x" })).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, "bob").await.reason(), "auth.suspended");
    assert_eq!(restore(&house, &ann, &bo).await.status, StatusCode::OK);
    leave(&house, &house.log_in("bob").await).await;
    assert_eq!(delete(&house, &ann, &bo).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, "bob").await.reason(), "auth.account_leaving", "what others decided holds");
    assert_eq!(suspend(&house, &ann, &bo, json!({ "reason": "x" })).await.reason(), "auth.account_leaving");
}

#[tokio::test]
async fn account_of_a_program_that_was_shut_out_gets_no_key() {
    let (house, ann, _) = here().await;
    let body = json!({ "handle": "robot", "display_name": "Robot" });
    let robot = house.post("/api/v1/auth/service-accounts").session(&ann).json(body).await.json();
    let robot = robot["id"].as_str().unwrap();
    let keys = format!("/api/v1/auth/service-accounts/{robot}/keys");
    let body = json!({ "name": "Works", "scopes": ["auth:read"] });
    let key = house.post(&keys).session(&ann).json(body.clone()).await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(house.get("/api/v1/auth/me").bearer(&key).send().await.status, StatusCode::OK);
    assert_eq!(suspend(&house, &ann, robot, json!({ "reason": "Leaked." })).await.status, StatusCode::OK);
    assert_eq!(house.get("/api/v1/auth/me").bearer(&key).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.post(&keys).session(&ann).json(body).await.reason(), "auth.suspended");
}

#[tokio::test]
async fn whoever_leaves_shows_the_password_and_stays_by_logging_in() {
    let (house, _, _) = here().await;
    let _works = house.works();
    let (session, (access, _)) = (house.log_in("bob").await, house.tokens("bob").await);
    let wrong = house.post("/account/delete").session(&session).form(&[("current_password", "wrong password")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text.contains("is not your password"));
    let left = house.post("/account/delete").session(&session).form(&[("current_password", PASSWORD)]).await;
    assert!(left.status == StatusCode::OK && left.text.contains("Log in before to keep it"), "{}", left.text);
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
    assert!(mailed(&house, "Your account is about to be deleted").await.text.contains("Keep my account"));
    house.advance(13 * DAY_S);
    let session = house.log_in("bob").await;
    house.advance(2 * DAY_S);
    settle(&house).await;
    let session = if house.get("/account").session(&session).send().await.status == StatusCode::OK {
        session
    } else {
        house.log_in("bob").await
    };
    assert_eq!(house.get("/api/v1/auth/me").session(&session).send().await.json()["handle"], "bob");
    assert!(!kinds(&house).await.contains(&"auth.user_deleted.v1".to_owned()));
}

#[tokio::test]
async fn invitations_of_whoever_is_suspended_let_nobody_in() {
    let house = House::with(|settings| settings.auth.inviters = settings::Inviters::Members).await;
    house.founder("adm_ann").await;
    let bo = house.register("bob").await.json()["id"].as_str().unwrap().to_owned();
    let (ann, session) = (house.log_in("adm_ann").await, house.log_in("bob").await);
    let made = house.post("/api/v1/auth/invitations").session(&session).json(json!({})).await.json();
    suspend(&house, &ann, &bo, json!({ "reason": "x" })).await;
    let mut body = registration("eve");
    body["invitation"] = json!(made["link"].as_str().unwrap().rsplit('/').next().unwrap());
    assert_eq!(house.post("/api/v1/auth/register").json(body).await.reason(), "auth.invitation_spent");
}

#[tokio::test]
async fn page_of_an_account_suspends_restores_and_deletes_it() {
    let (house, ann, bo) = here().await;
    let at = format!("/accounts/{bo}");
    let post = |what: &str, fields: &'static [(&'static str, &'static str)]| {
        house.post(&format!("{at}/{what}")).session(&ann).form(fields)
    };
    assert_eq!(post("suspend", &[("reason", "Spam"), ("until", "2030-01-03")]).await.status, StatusCode::SEE_OTHER);
    let page = house.get(&at).session(&ann).send().await;
    assert!(page.text.contains("Suspended") && page.text.contains("2030-01-04 00:00:00"), "{}", page.text);
    assert_eq!(post("restore", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(post("delete", &[("reason", "")]).await.status, StatusCode::SEE_OTHER);
    let page = house.get(&at).session(&ann).send().await;
    assert!(page.text.contains("About to be deleted") && page.text.contains("Restore the account"), "{}", page.text);
}
