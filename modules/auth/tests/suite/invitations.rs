//! Being invited, and inviting.

use crate::house::{Answer, House, PASSWORD, registration};
use axum::http::StatusCode;
use kernel::AuditEntry;
use rstest::rstest;
use serde_json::{Value, json};
use settings::{EmailVerification, Inviters, Registration};
use testkit::Engine;

const BO: &str = "bob@example.org";
const INVITED: &str = "You are invited";

/// A house whose moderator has an account, and where accounts are made by invitation from then on.
async fn house() -> (House, String) {
    on(Engine::Sqlite).await.unwrap()
}

async fn on(engine: Engine) -> Option<(House, String)> {
    with(engine, |_| {}).await
}

async fn with(engine: Engine, change: impl FnOnce(&mut settings::Settings)) -> Option<(House, String)> {
    let house = House::on(engine, |settings| {
        settings.auth.registration = Registration::Invitation;
        change(settings);
    });
    let house = house.await?;
    house.founder("mod_mona").await;
    let session = house.log_in("mod_mona").await;
    Some((house, session))
}

async fn invite(house: &House, session: &str, body: Value) -> Answer {
    house.post("/api/v1/auth/invitations").session(session).json(body).await
}

/// The secret of the link in an answer or in a path.
fn token(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

/// An open link, for so many people.
async fn link(house: &House, session: &str, uses: i64) -> String {
    let made = invite(house, session, json!({ "uses": uses })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    token(made.json()["link"].as_str().unwrap())
}

async fn register(house: &House, handle: &str, token: &str) -> Answer {
    let mut body = registration(handle);
    body["invitation"] = json!(token);
    house.post("/api/v1/auth/register").json(body).await
}

async fn open(house: &House, session: &str) -> Vec<Value> {
    let list = house.get("/api/v1/auth/invitations").session(session).send().await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    list.json()["items"].as_array().unwrap().clone()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn whoever_was_invited_by_mail_makes_an_account_that_is_proven(#[case] engine: Engine) {
    let required = |settings: &mut settings::Settings| settings.auth.email_verification = EmailVerification::Required;
    let Some((house, mona)) = with(engine, required).await else { return };
    let _works = house.works();
    let made = invite(&house, &mona, json!({ "email": " Bob@Example.org", "note": "We keep bees." })).await;
    assert_eq!((made.status, made.json().get("link")), (StatusCode::CREATED, None), "{}", made.text);
    let mail = &house.mails(BO, INVITED, 1).await[0];
    assert!(mail.text.contains("MOD_MONA (@mod_mona) invites you") && mail.text.contains("“We keep bees.”"));
    let path = house.link(mail);
    let page = house.get(&path).send().await;
    assert!(page.text.contains("We keep bees.") && page.text.contains("value=\"bob@example.org\""), "{}", page.text);
    let fields = [("email", BO), ("handle", "bob"), ("display_name", "Bo"), ("password", PASSWORD)];
    let entered = house.post(&path).form(&fields).await;
    let me = house.get("/api/v1/auth/me").session(&entered.session()).send().await.json();
    assert_eq!((&me["handle"], &me["email_proven"]), (&json!("bob"), &json!(true)));
    let again = house.post(&path).form(&fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "an invitation works once");
    assert!(open(&house, &mona).await.is_empty());
}

#[tokio::test]
async fn nobody_makes_an_account_without_an_invitation() {
    let (house, _) = house().await;
    assert_eq!(house.register("bob").await.reason(), "auth.invitation_needed");
    assert_eq!(register(&house, "bob", "made up").await.reason(), "auth.invitation_spent");
    let page = house.get("/register").send().await;
    assert!(page.status == StatusCode::FORBIDDEN && page.text.contains("By invitation only"));
    assert_eq!(house.get("/register/made-up").send().await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn nobody_is_invited_while_registration_is_closed() {
    let house = House::with(|settings| settings.auth.registration = Registration::Closed).await;
    house.founder("mod_mona").await;
    let mona = house.log_in("mod_mona").await;
    assert_eq!(invite(&house, &mona, json!({})).await.reason(), "auth.registration_closed");
}

#[tokio::test]
async fn invitation_to_one_address_is_good_for_no_other() {
    let (house, mona) = house().await;
    let _works = house.works();
    invite(&house, &mona, json!({ "email": BO })).await;
    let path = house.link(&house.mails(BO, INVITED, 1).await[0]);
    let refused = register(&house, "eve", &token(&path)).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("email"))
    );
    let fields = [("email", "eve@example.org"), ("handle", "eve"), ("display_name", "Eve"), ("password", PASSWORD)];
    let refused = house.post(&path).form(&fields).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("is not the address"));
    assert_eq!(register(&house, "bob", &token(&path)).await.status, StatusCode::CREATED, "a wrong try uses nothing up");
}

#[tokio::test]
async fn link_that_was_handed_over_proves_no_address() {
    let (house, mona) = house().await;
    let token = link(&house, &mona, 1).await;
    assert_eq!(register(&house, "bob", &token).await.json()["email_proven"], false);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn link_lets_in_as_many_as_it_says_however_many_come_at_once(#[case] engine: Engine) {
    let Some((house, mona)) = with(engine, |settings| settings.auth.password_hash_concurrency = 16).await else {
        return;
    };
    let token = link(&house, &mona, 2).await;
    let handles: Vec<String> = (0..6).map(|n| format!("bee{n}")).collect();
    let come = handles.iter().map(|handle| register(&house, handle, &token));
    let answers = futures::future::join_all(come).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made, 2, "{:?}", answers.iter().map(|answer| &answer.text).collect::<Vec<_>>());
    for refused in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        assert_eq!(refused.reason(), "auth.invitation_spent", "{}", refused.text);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitation_withdrawn_while_it_is_used_is_either_withdrawn_or_used(#[case] engine: Engine) {
    let Some((house, mona)) = on(engine).await else { return };
    for round in 0..4 {
        let token = link(&house, &mona, 1).await;
        let id = open(&house, &mona).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/auth/invitations/{id}");
        let handle = format!("bee{round}");
        let (withdrawn, used) =
            tokio::join!(house.ask("DELETE", &path).session(&mona).send(), register(&house, &handle, &token));
        assert_eq!(withdrawn.status, StatusCode::NO_CONTENT, "{}", withdrawn.text);
        assert!(used.status == StatusCode::CREATED || used.reason() == "auth.invitation_spent", "{}", used.text);
        assert_eq!(register(&house, "late", &token).await.reason(), "auth.invitation_spent");
    }
}

#[tokio::test]
async fn withdrawn_invitation_lets_nobody_in() {
    let (house, mona) = house().await;
    let token = link(&house, &mona, 5).await;
    assert_eq!(register(&house, "bob", &token).await.status, StatusCode::CREATED);
    let id = open(&house, &mona).await[0]["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let page = house.post(&format!("/invitations/{id}/withdraw")).session(&mona).form(&[]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    }
    assert_eq!(register(&house, "cyd", &token).await.reason(), "auth.invitation_spent");
    assert!(open(&house, &mona).await.is_empty());
    house.log_in("bob").await;
}

#[tokio::test]
async fn invitation_ends_when_its_days_are_over_and_is_swept() {
    let (house, mona) = house().await;
    let made = invite(&house, &mona, json!({ "days": 1 })).await;
    let token = token(made.json()["link"].as_str().unwrap());
    house.advance(24 * 3_600);
    let mona = house.log_in("mod_mona").await;
    assert_eq!(register(&house, "bob", &token).await.reason(), "auth.invitation_spent");
    assert!(open(&house, &mona).await.is_empty());
}

#[tokio::test]
async fn invitation_is_sent_again_with_a_link_of_its_own_and_both_are_good() {
    let (house, mona) = house().await;
    let _works = house.works();
    invite(&house, &mona, json!({ "email": BO })).await;
    let first = house.link(&house.mails(BO, INVITED, 1).await[0]);
    let id = open(&house, &mona).await[0]["id"].as_str().unwrap().to_owned();
    house.advance(121);
    let again = house.post(&format!("/api/v1/auth/invitations/{id}/mails")).session(&mona).send().await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.text);
    let second = house.link(&house.mails(BO, INVITED, 2).await[1]);
    assert_ne!(first, second);
    assert_eq!(register(&house, "bob", &token(&first)).await.status, StatusCode::CREATED);
    assert_eq!(register(&house, "other", &token(&second)).await.reason(), "auth.invitation_spent");
    let late = house.post(&format!("/api/v1/auth/invitations/{id}/mails")).session(&mona).send().await;
    assert_eq!(late.reason(), "auth.invitation_spent");
}

#[tokio::test]
async fn members_invite_where_a_setting_says_so_and_see_their_own_alone() {
    let (house, mona) = house().await;
    register(&house, "bob", &link(&house, &mona, 1).await).await;
    let bo = house.log_in("bob").await;
    assert_eq!(invite(&house, &bo, json!({})).await.reason(), "access.forbidden");
    assert!(!house.get("/account").session(&bo).send().await.text.contains("href=\"/invitations\""));
    let members = |settings: &mut settings::Settings| settings.auth.inviters = Inviters::Members;
    let (house, mona) = with(Engine::Sqlite, members).await.unwrap();
    register(&house, "bob", &link(&house, &mona, 1).await).await;
    let bo = house.log_in("bob").await;
    link(&house, &mona, 1).await;
    assert!(open(&house, &bo).await.is_empty(), "others' invitations are not theirs to see");
    link(&house, &bo, 1).await;
    assert_eq!((open(&house, &bo).await.len(), open(&house, &mona).await.len()), (1, 2));
    let monas = open(&house, &mona).await.into_iter().find(|one| one["invited_by"] == "mod_mona").unwrap();
    let path = format!("/api/v1/auth/invitations/{}", monas["id"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", &path).session(&bo).send().await.reason(), "access.forbidden");
    let bos = open(&house, &bo).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/auth/invitations/{bos}");
    assert_eq!(house.ask("DELETE", &path).session(&mona).send().await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn nobody_invites_without_end_nor_one_address_twice() {
    let (house, mona) = house().await;
    assert_eq!(invite(&house, &mona, json!({ "email": BO })).await.status, StatusCode::CREATED);
    assert_eq!(invite(&house, &mona, json!({ "email": BO })).await.reason(), "auth.already_invited");
    for _ in 1..50 {
        link(&house, &mona, 1).await;
    }
    assert_eq!(invite(&house, &mona, json!({})).await.reason(), "auth.too_many_invitations");
    house.advance(24 * 3_600 + 1);
    let mona = house.log_in("mod_mona").await;
    assert_eq!(invite(&house, &mona, json!({})).await.reason(), "auth.too_many_invitations", "50 are still open");
}

#[tokio::test]
async fn every_wrong_field_is_named_and_what_was_typed_is_kept() {
    let (house, mona) = house().await;
    let body = json!({ "email": "bob", "note": "see https://x.example", "uses": 101, "days": 0 });
    let errors = invite(&house, &mona, body).await.json()["errors"].clone();
    let fields: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "note", "uses", "days"]);
    let fields = [("email", "b<o"), ("note", "Hi"), ("uses", "many"), ("days", "")];
    let page = house.post("/invitations/new").session(&mona).form(&fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("b&lt;o") && page.text.contains("must be between 1 and 100"), "{}", page.text);
}

#[tokio::test]
async fn page_shows_a_link_once_and_inviting_is_audited_without_it() {
    let (house, mona) = house().await;
    let page = house.post("/invitations/new").session(&mona).form(&[("uses", "3")]).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    let link = page.text.split("/register/").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(register(&house, "bob", link).await.status, StatusCode::CREATED);
    let list = house.get("/invitations").session(&mona).send().await;
    assert!(list.text.contains("1 of 3") && !list.text.contains(link), "{}", list.text);
    let log = house.everything_logged().await;
    let entries = log.iter().filter(|event| AuditEntry::is_kind(&event.kind));
    let entries: Vec<AuditEntry> = entries.map(|event| serde_json::from_value(event.data.clone()).unwrap()).collect();
    let invited = entries.iter().find(|entry| entry.operation == "auth.invite").unwrap();
    assert_eq!(invited.policies, ["auth/moderators_invite"]);
    let used = entries.iter().rfind(|entry| entry.operation == "auth.register").unwrap();
    assert!(used.changes.iter().any(|change| change.starts_with("invitation/") && change.ends_with("@2")), "{used:?}");
    assert!(log.iter().all(|event| !event.data.to_string().contains(link)), "the secret is in no event");
}
