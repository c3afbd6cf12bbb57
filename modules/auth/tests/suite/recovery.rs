//! Getting back in, moving to another address, and what others learn of it.

use crate::house::{Answer, House, PASSWORD, registration};
use axum::http::{StatusCode, header};
use kernel::Mail;
use rstest::rstest;
use serde_json::json;
use settings::EmailVerification;
use std::fs;
use testkit::Engine;

const ADA: &str = "ada@example.org";
const NEW: &str = "another long password";

/// Where the link in a mail leads on this site.
fn link(house: &House, mail: &Mail) -> String {
    let line =
        mail.text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link: {}", mail.text));
    line.strip_prefix(&house.settings.http.public_url).unwrap().to_owned()
}

/// The secret a link ends with.
fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn forget(house: &House, email: &str) -> Answer {
    house.post("/forgot-password").form(&[("email", email)]).await
}

async fn reset_link(house: &House) -> String {
    forget(house, ADA).await;
    let mails = house.mails(ADA, 2).await;
    link(house, mails.last().unwrap())
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
    let mails = house.mails(ADA, 3).await;
    assert_eq!(mails.last().unwrap().subject, "Your password was set anew");
    let events = house.events().await;
    let changed = events.iter().find(|event| event.kind == "auth.password_changed.v1").unwrap();
    assert_eq!(changed.data["was_reset"], true);
}

#[tokio::test]
async fn nobody_learns_whether_there_is_such_an_account() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    house.mails(ADA, 1).await;
    let (known, unknown) = (forget(&house, ADA).await, forget(&house, "nobody@example.org").await);
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    house.mails(ADA, 2).await;
    // Asked for before Ada's second mail, and enqueued in one order.
    assert!(house.mails("nobody@example.org", 0).await.is_empty());
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
    house.mails(ADA, 2).await;
    house.advance(121);
    forget(&house, ADA).await;
    assert_eq!(house.mails(ADA, 3).await.len(), 3, "one for each two minutes");
}

#[tokio::test]
async fn of_several_links_that_were_mailed_one_works() {
    let house = House::new().await;
    let _works = house.works();
    house.register("ada").await;
    let first = reset_link(&house).await;
    house.advance(121);
    forget(&house, ADA).await;
    let second = link(&house, &house.mails(ADA, 3).await[2]);
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
    assert_eq!(house.mails(ADA, 2).await[1].subject, "Your password was changed");
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
    assert_eq!(house.mails(ADA, 3).await[2].subject, "Your account is to have another e-mail address");
    let link = link(&house, &house.mails("lovelace@example.org", 1).await[0]);
    assert_eq!(log_in(&house, "lovelace@example.org", PASSWORD).await.status, StatusCode::UNAUTHORIZED, "not yet");
    assert_eq!(house.get(&link).send().await.status, StatusCode::OK);
    assert_eq!(log_in(&house, ADA, PASSWORD).await.status, StatusCode::OK, "looking at a link changes nothing");
    assert_eq!(house.post(&link).form(&[]).await.status, StatusCode::OK);
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
    let link = link(&house, &house.mails(ADA, 2).await[1]);
    let taken = house.post("/api/v1/auth/email-proofs").json(json!({ "token": token(&link) })).await;
    assert_eq!(taken.reason(), "auth.email_taken");
}

#[tokio::test]
async fn nobody_gets_in_before_their_address_is_proven_where_that_is_demanded() {
    let house = House::with(|settings| settings.auth.email_verification = EmailVerification::Required).await;
    let _works = house.works();
    let made = house.register("ada").await;
    assert_eq!((made.status, made.text.as_str()), (StatusCode::ACCEPTED, ""));
    let link = link(&house, &house.mails(ADA, 1).await[0]);
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
    let second = house.post("/api/v1/auth/register").json(body.clone()).await;
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert_eq!(house.mails(ADA, 2).await[1].subject, "You have an account already");
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
