//! Getting back in, moving to another address, and what others learn of it.

use crate::house::{Answer, House, PASSWORD, registration};
use axum::http::{StatusCode, header};
use kernel::Mail;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;
use settings::EmailVerification;
use std::fs;
use testkit::Engine;

const ADA: &str = "ada@example.org";
const NEW: &str = "another long password";
const RESET: &str = "Set a new password";
const PROOF: &str = "Is this your e-mail address?";

fn link(house: &House, mail: &Mail) -> String {
    house.link(mail)
}

/// The secret a link ends with.
fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// How many tasks of that kind are done.
async fn done(house: &House, kind: &str) -> usize {
    let database = Database::connect(house.database.url.as_str()).await.unwrap();
    let sql = format!(
        "SELECT 1 FROM task_runs r JOIN tasks t ON t.id = r.task_id WHERE t.kind = '{kind}' AND r.outcome = 'done'"
    );
    let find = Statement::from_string(database.get_database_backend(), sql);
    database.query_all_raw(find).await.unwrap().len()
}

async fn forget(house: &House, email: &str) -> Answer {
    house.post("/forgot-password").form(&[("email", email)]).await
}

async fn reset_link(house: &House) -> String {
    forget(house, ADA).await;
    link(house, &house.mails(ADA, RESET, 1).await[0])
}

async fn me(house: &House, session: &str) -> StatusCode {
    house.get("/api/v1/auth/me").session(session).send().await.status
}

async fn log_in(house: &House, email: &str, password: &str) -> Answer {
    house.post("/api/v1/auth/tokens").json(json!({ "email": email, "password": password })).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn forgotten_password_is_set_by_the_link_in_the_mail(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    let _works = house.works();
    house.register("ada").await;
    let (session, (_, refresh)) = (house.log_in("ada").await, house.tokens("ada").await);
    let link = reset_link(&house).await;
    assert_eq!(house.get(&link).send().await.status, StatusCode::OK);
    let weak = house.post(&link).form(&[("password", "ada@example.org!")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", weak.text);
    let set = house.post(&link).form(&[("password", NEW)]).await;
    assert_eq!((set.status, me(&house, &set.session()).await), (StatusCode::SEE_OTHER, StatusCode::OK), "{}", set.text);
    assert_eq!(me(&house, &session).await, StatusCode::UNAUTHORIZED, "who was logged in is logged out");
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    assert_eq!(log_in(&house, ADA, PASSWORD).await.reason(), "auth.credentials_rejected");
    assert_eq!(log_in(&house, ADA, NEW).await.status, StatusCode::OK);
    let again = house.post(&link).form(&[("password", "yet another password")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "a link works once");
    house.mails(ADA, "Your password was set anew", 1).await;
    let events = house.events().await;
    let changed = events.iter().find(|event| event.kind == "auth.password_changed.v1").unwrap();
    assert_eq!(changed.data["was_reset"], true);
}

#[tokio::test]
async fn nobody_learns_whether_there_is_such_an_account() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let (unknown, known) = (forget(&house, "nobody@example.org").await, forget(&house, ADA).await);
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    house.mails(ADA, RESET, 1).await;
    testkit::eventually("both tasks are done", async || done(&house, "auth.mail_reset").await == 2).await;
    assert!(house.mails("nobody@example.org", RESET, 0).await.is_empty());
    let rest = |email: &str| house.post("/api/v1/auth/password-resets").json(json!({ "email": email }));
    assert_eq!(rest("nobody@example.org").await.status, StatusCode::ACCEPTED);
    assert_eq!(rest("no address").await.reason(), "request.invalid");
}

#[tokio::test]
async fn link_is_good_for_an_hour() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let link = reset_link(&house).await;
    house.advance(3_600);
    let late = json!({ "token": token(&link), "password": NEW });
    assert_eq!(house.ask("PUT", "/api/v1/auth/password-resets").json(late).await.reason(), "auth.link_spent");
    let made_up = json!({ "token": "made up", "password": NEW });
    assert_eq!(house.ask("PUT", "/api/v1/auth/password-resets").json(made_up).await.reason(), "auth.link_spent");
}

#[tokio::test]
async fn whoever_asks_often_fills_nobodys_mailbox() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    for _ in 0..5 {
        assert_eq!(forget(&house, " Ada@Example.org").await.status, StatusCode::OK);
    }
    house.mails(ADA, RESET, 1).await;
    house.advance(121);
    forget(&house, ADA).await;
    assert_eq!(house.mails(ADA, RESET, 2).await.len(), 2, "one for each two minutes");
}

#[tokio::test]
async fn of_several_links_that_were_mailed_one_works() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let first = reset_link(&house).await;
    house.advance(121);
    forget(&house, ADA).await;
    let second = link(&house, &house.mails(ADA, RESET, 2).await[1]);
    assert_eq!(house.post(&first).form(&[("password", NEW)]).await.status, StatusCode::SEE_OTHER, "mail may be slow");
    assert_eq!(house.post(&second).form(&[("password", PASSWORD)]).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_a_link_ends_with_is_nowhere_but_in_the_mail() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let link = reset_link(&house).await;
    let path = house.database.url.as_str().strip_prefix("sqlite:").unwrap().split('?').next().unwrap();
    let path = path.trim_start_matches("//");
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("auth.mail_reset"), "the search finds what is there");
    assert!(!holds(token(&link)));
}

#[tokio::test]
async fn changed_password_ends_every_other_log_in() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let (here, there, (access, refresh)) =
        (house.log_in("ada").await, house.log_in("ada").await, house.tokens("ada").await);
    let change = |current: &str, new: &str| {
        house
            .ask("PUT", "/api/v1/auth/me/password")
            .session(&here)
            .json(json!({ "current_password": current, "new_password": new }))
    };
    assert_eq!(change("wrong password", NEW).await.reason(), "auth.credentials_rejected");
    let weak = change(PASSWORD, "short").await;
    assert_eq!(weak.json()["errors"][0]["field"], "new_password");
    assert_eq!(change(PASSWORD, NEW).await.status, StatusCode::NO_CONTENT);
    assert_eq!((me(&house, &here).await, me(&house, &there).await), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    let bearer = house.get("/api/v1/auth/me").bearer(&access).send().await;
    assert_eq!(
        (bearer.status, house.refresh(&refresh).await.reason().as_str()),
        (StatusCode::UNAUTHORIZED, "auth.refresh_rejected")
    );
    house.mails(ADA, "Your password was changed", 1).await;
    let page =
        house.post("/account/password").session(&here).form(&[("current_password", "no"), ("new_password", PASSWORD)]);
    let page = page.await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("is not your password"), "{}", page.text);
}

#[tokio::test]
async fn account_moves_to_an_address_that_was_proven() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let reset = reset_link(&house).await;
    let session = house.log_in("ada").await;
    let body = json!({ "email": "Lovelace@example.org", "current_password": PASSWORD });
    let asked = house.ask("PUT", "/api/v1/auth/me/email").session(&session).json(body).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    house.mails(ADA, "Your account is to have another e-mail address", 1).await;
    let link = link(&house, &house.mails("lovelace@example.org", PROOF, 1).await[0]);
    assert_eq!(log_in(&house, "lovelace@example.org", PASSWORD).await.status, StatusCode::UNAUTHORIZED, "not yet");
    assert_eq!(house.get(&link).send().await.status, StatusCode::OK);
    assert_eq!(log_in(&house, ADA, PASSWORD).await.status, StatusCode::OK, "looking at a link changes nothing");
    let stranger = house.post(&link).form(&[]).await;
    assert!(stranger.header(header::LOCATION).starts_with("/login?next=/prove-email/"), "{}", stranger.text);
    assert_eq!(house.post(&link).session(&session).form(&[]).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, "lovelace@example.org", PASSWORD).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, ADA, PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let left_behind = house.post(&reset).form(&[("password", NEW)]).await;
    assert_eq!(left_behind.status, StatusCode::CONFLICT, "who reads the old address has no say any more");
    let me = house.get("/api/v1/auth/me").session(&session).send().await.json();
    assert_eq!((me["email"].as_str().unwrap(), me["email_proven"].as_bool().unwrap()), ("lovelace@example.org", true));
}

#[tokio::test]
async fn address_of_another_account_is_not_taken_over() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    house.register("bob").await;
    let session = house.log_in("bob").await;
    let body = json!({ "email": ADA, "current_password": PASSWORD });
    let asked = house.ask("PUT", "/api/v1/auth/me/email").session(&session).json(body).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "Bo does not learn that Ada is here");
    let link = link(&house, &house.mails(ADA, PROOF, 2).await[1]);
    let proof = json!({ "token": token(&link) });
    let stranger = house.post("/api/v1/auth/email-proofs").json(proof.clone()).await;
    assert_eq!(stranger.reason(), "access.log_in", "Ada, who reads the mail, is not let into Bob's account by it");
    let taken = house.post("/api/v1/auth/email-proofs").session(&session).json(proof).await;
    assert_eq!(taken.reason(), "auth.email_taken");
}

#[tokio::test]
async fn nobody_gets_in_before_their_address_is_proven_where_that_is_demanded() {
    let house = House::with(|settings| settings.auth.email_verification = EmailVerification::Required).await;
    let _works = house.works();
    let made = house.register("ada").await;
    assert_eq!((made.status, made.text.as_str()), (StatusCode::ACCEPTED, ""));
    let link = link(&house, &house.mails(ADA, PROOF, 1).await[0]);
    assert_eq!(log_in(&house, ADA, "wrong password").await.reason(), "auth.credentials_rejected");
    assert_eq!(log_in(&house, ADA, PASSWORD).await.reason(), "auth.email_unproven");
    assert_eq!(house.post(&link).form(&[]).await.status, StatusCode::OK);
    assert_eq!(log_in(&house, ADA, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn registering_does_not_tell_who_has_an_account_where_addresses_are_proven() {
    let house = House::with(|settings| settings.auth.email_verification = EmailVerification::Required).await;
    let _works = house.works();
    let first = house.register("ada").await;
    let mut body = registration("other");
    body["email"] = json!(ADA);
    for _ in 0..3 {
        let again = house.post("/api/v1/auth/register").header("idempotency-key", "k1").json(body.clone()).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
    }
    let mut fresh = registration("fresh");
    fresh["email"] = json!("fresh@example.org");
    for _ in 0..2 {
        let kept = house.post("/api/v1/auth/register").header("idempotency-key", "k2").json(fresh.clone()).await;
        assert_eq!((kept.status, &kept.text), (first.status, &first.text), "nor does a retry tell");
    }
    assert_eq!(house.mails(ADA, "You have an account already", 1).await.len(), 1, "once a day");
    for email in [ADA, "new@example.org"] {
        (body["email"], body["handle"]) = (json!(email), json!("ada"));
        assert_eq!(house.post("/api/v1/auth/register").json(body.clone()).await.reason(), "auth.handle_taken");
    }
    let page = house.post("/register").form(&[
        ("email", "new@example.org"),
        ("handle", "newcomer"),
        ("display_name", "New"),
        ("password", PASSWORD),
    ]);
    let page = page.await;
    assert_eq!((page.status, page.header(header::SET_COOKIE)), (StatusCode::ACCEPTED, ""), "nobody is logged in by it");
}

#[tokio::test]
async fn links_that_somebody_else_had_mailed_die_with_the_old_password() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let thief = house.log_in("ada").await;
    let body = json!({ "email": "thief@example.org", "current_password": PASSWORD });
    house.ask("PUT", "/api/v1/auth/me/email").session(&thief).json(body).await;
    let planted = link(&house, &house.mails("thief@example.org", PROOF, 1).await[0]);
    forget(&house, ADA).await;
    let reset = link(&house, &house.mails(ADA, RESET, 1).await[0]);
    let entered = house.post(&reset).form(&[("password", NEW)]).await.session();
    let followed = house.post(&planted).session(&entered).form(&[]).await;
    assert_eq!(followed.status, StatusCode::CONFLICT, "not even for somebody who is logged in");
}

#[tokio::test]
async fn right_password_is_looked_at_although_a_wrong_one_came_with_the_same_key() {
    let house = House::new().await;
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let change = |current: &str| {
        let ask = house.ask("PUT", "/api/v1/auth/me/password").session(&session).header("idempotency-key", "k1");
        ask.json(json!({ "current_password": current, "new_password": NEW }))
    };
    for _ in 0..2 {
        assert_eq!(change("wrong password").await.reason(), "auth.credentials_rejected");
    }
    assert_eq!(change(PASSWORD).await.status, StatusCode::NO_CONTENT);
    assert_eq!(log_in(&house, ADA, NEW).await.status, StatusCode::OK);
}

#[tokio::test]
async fn address_may_be_as_long_as_addresses_are() {
    let house = House::new().await;
    let _works = house.works();
    let email = format!("ada@{}.example.org", ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join("."));
    let mut body = registration("ada");
    body["email"] = json!(email);
    assert_eq!(house.post("/api/v1/auth/register").json(body).await.status, StatusCode::CREATED);
    assert_eq!(forget(&house, &email).await.status, StatusCode::OK);
    house.mails(&email, RESET, 1).await;
}

#[tokio::test]
async fn whoever_mistyped_for_too_long_gets_in_by_mail() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let link = reset_link(&house).await;
    for _ in 0..5 {
        log_in(&house, ADA, "wrong password").await;
    }
    assert_eq!(log_in(&house, ADA, PASSWORD).await.reason(), "auth.too_many_guesses");
    let set = house.post(&link).form(&[("password", NEW)]).await;
    assert_eq!(me(&house, &set.session()).await, StatusCode::OK);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_in_made_while_the_password_changes_does_not_outlive_the_change(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |settings| settings.auth.password_hash_concurrency = 16).await else { return };
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let change = house.ask("PUT", "/api/v1/auth/me/password").session(&session).json(body);
    let log_ins = futures::future::join_all((0..12).map(|_| log_in(&house, ADA, PASSWORD)));
    let (changed, entered) = tokio::join!(change, log_ins);
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text);
    for answer in entered.iter().filter(|answer| answer.status == StatusCode::OK) {
        let (_, refresh) = crate::house::pair(answer);
        assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    }
}
