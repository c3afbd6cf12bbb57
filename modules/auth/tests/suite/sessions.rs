//! Logging in with a browser: the cookie, where it leads, and how it ends.

use crate::house::{House, PASSWORD};
use axum::http::{StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};

async fn ada() -> House {
    let house = House::new().await;
    assert_eq!(house.register("ada").await.status, StatusCode::CREATED);
    house
}

async fn is_in(house: &House, session: &str) -> bool {
    house.get("/api/v1/auth/me").session(session).send().await.status == StatusCode::OK
}

async fn listed(house: &House, session: &str) -> Vec<Value> {
    let list = house.get("/api/v1/auth/sessions").session(session).send().await.json();
    list["items"].as_array().unwrap().clone()
}

#[rstest]
#[case("http://polity.example", "polity_session=", "; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000")]
#[case("https://polity.example", "__Host-polity_session=", "; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000; Secure")]
#[tokio::test]
async fn cookie_is_kept_from_scripts_and_other_sites(#[case] url: &str, #[case] name: &str, #[case] rest: &str) {
    let house = House::with(|settings| url.clone_into(&mut settings.http.public_url)).await;
    house.register("ada").await;
    let entered = house.post("/login").form(&[("email", "ada@example.org"), ("password", PASSWORD)]).await;
    assert_eq!((entered.status, entered.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(entered.header(header::CACHE_CONTROL), "private, no-cache");
    let cookie = entered.header(header::SET_COOKIE);
    let token = cookie.strip_prefix(name).and_then(|cookie| cookie.strip_suffix(rest));
    assert_eq!(token.map(str::len), Some(43), "{cookie}");
    assert!(is_in(&house, &entered.session()).await);
}

#[rstest]
#[case("/t/42?after=7", "/t/42?after=7")]
#[case("https://evil.example/", "/")]
#[case("//evil.example", "/")]
#[case("/\\evil.example", "/")]
#[case("/\t/evil.example", "/")]
#[tokio::test]
async fn log_in_leads_back_and_never_to_another_site(#[case] next: &str, #[case] leads_to: &str) {
    let house = ada().await;
    let fields = [("email", "ada@example.org"), ("password", PASSWORD), ("next", next)];
    let entered = house.post("/login").form(&fields).await;
    assert_eq!(entered.header(header::LOCATION), leads_to);
    let escaped: String = next.bytes().map(|b| format!("%{b:02x}")).collect();
    let again = house.get(&format!("/login?next={escaped}")).session(&entered.session()).send().await;
    assert_eq!((again.status, again.header(header::LOCATION)), (StatusCode::SEE_OTHER, leads_to));
}

#[tokio::test]
async fn form_says_the_same_of_a_wrong_password_and_an_unknown_address() {
    let house = ada().await;
    let mut pages = Vec::new();
    for (email, password) in [("ada@example.org", "wrong horse battery"), ("eve@example.org", PASSWORD)] {
        let fields = [("email", email), ("password", password), ("next", "/t/42")];
        let refused = house.post("/login").form(&fields).await;
        assert_eq!((refused.status, refused.header(header::SET_COOKIE)), (StatusCode::UNPROCESSABLE_ENTITY, ""));
        assert!(refused.text.contains(r#"name="next" value="/t/42""#) && refused.text.contains(email));
        assert!(!refused.text.contains(password));
        pages.push(refused.text.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);
    assert!(pages[0].contains("The e-mail address or the password is wrong."));
}

#[tokio::test]
async fn log_in_never_takes_a_session_over() {
    let house = ada().await;
    let planted = "A".repeat(43);
    let entered = house.post("/login").session(&planted);
    let entered = entered.form(&[("email", "ada@example.org"), ("password", PASSWORD)]).await;
    assert_ne!(entered.session(), planted);
    assert!(!is_in(&house, &planted).await);
    let second = house.post("/login").session(&entered.session());
    let second = second.form(&[("email", "ada@example.org"), ("password", PASSWORD)]).await;
    assert_ne!(second.session(), entered.session());
}

#[tokio::test]
async fn log_out_ends_the_session_and_not_only_the_cookie() {
    let house = ada().await;
    let (session, elsewhere) = (house.log_in("ada").await, house.log_in("ada").await);
    let left = house.post("/logout").session(&session).send().await;
    assert_eq!((left.status, left.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/"));
    assert!(left.header(header::SET_COOKIE).contains("Max-Age=0"));
    assert!(!is_in(&house, &session).await);
    assert!(is_in(&house, &elsewhere).await);
    let again = house.post("/logout").session(&session).send().await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "whoever is out already is let out");
    let account = house.get("/account").session(&session).header("accept", "text/html").send().await;
    assert_eq!((account.status, account.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/login?next=/account"));
}

#[tokio::test]
async fn other_sites_forms_do_nothing() {
    let house = ada().await;
    let session = house.log_in("ada").await;
    let forged = house.post("/logout").session(&session).header("sec-fetch-site", "cross-site").send().await;
    assert_eq!((forged.status, forged.reason().as_str()), (StatusCode::FORBIDDEN, "request.cross_site"));
    assert!(is_in(&house, &session).await);
}

#[tokio::test]
async fn session_lives_while_it_is_used_and_not_for_ever() {
    const DAY_S: u64 = 24 * 3_600;
    let house = ada().await;
    let (used, idle) = (house.log_in("ada").await, house.log_in("ada").await);
    for day in (13..90).step_by(13) {
        house.advance(13 * DAY_S);
        assert!(is_in(&house, &used).await, "day {day}");
    }
    assert!(!is_in(&house, &idle).await, "14 days without use are the end");
    assert_eq!(listed(&house, &used).await.len(), 1);
    house.advance(12 * DAY_S);
    assert!(!is_in(&house, &used).await, "90 days are the end");
}

#[tokio::test]
async fn last_use_is_known_to_within_minutes() {
    let house = ada().await;
    let session = house.log_in("ada").await;
    let began = listed(&house, &session).await[0]["created_at"].clone();
    house.advance(299);
    assert_eq!(listed(&house, &session).await[0]["last_seen_at"], began);
    house.advance(1);
    assert_eq!(listed(&house, &session).await[0]["last_seen_at"], "2030-01-01T00:05:00Z");
}

#[tokio::test]
async fn people_see_their_own_log_ins_and_no_others() {
    let house = ada().await;
    house.register("bob").await;
    let phone = house.post("/login").header("user-agent", "Phone/1");
    let phone = phone.form(&[("email", "ada@example.org"), ("password", PASSWORD)]).await.session();
    let (_, laptop) = (house.tokens("ada").await, house.log_in("ada").await);
    house.log_in("bob").await;
    let items = listed(&house, &laptop).await;
    let seen: Vec<_> = items.iter().map(|item| (item["kind"].as_str().unwrap(), item["current"] == true)).collect();
    assert_eq!(seen, [("browser", true), ("api", false), ("browser", false)], "the newest first");
    assert_eq!(items[2]["user_agent"], "Phone/1");
    house.post("/logout").session(&phone).send().await;
    assert_eq!(listed(&house, &laptop).await.len(), 2, "what has ended is not shown");
}

#[tokio::test]
async fn list_is_read_page_by_page() {
    let house = ada().await;
    for _ in 0..3 {
        house.log_in("ada").await;
    }
    let session = house.log_in("ada").await;
    let (mut ids, mut path) = (Vec::new(), "/api/v1/auth/sessions?limit=3".to_owned());
    loop {
        let list = house.get(&path).session(&session).send().await.json();
        ids.extend(list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = list["next"].as_str() else { break };
        path = format!("/api/v1/auth/sessions?limit=3&cursor={next}");
    }
    assert_eq!(ids.len(), 4);
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    let refused = house.get("/api/v1/auth/sessions?limit=0").session(&session).send().await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn log_in_is_ended_by_its_owner_alone() {
    let house = ada().await;
    house.register("bob").await;
    let (hers, his) = (house.log_in("ada").await, house.log_in("bob").await);
    let path = format!("/api/v1/auth/sessions/{}", listed(&house, &hers).await[0]["id"].as_str().unwrap());
    let refused = house.ask("DELETE", &path).session(&his).send().await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::FORBIDDEN, "access.forbidden"));
    assert!(is_in(&house, &hers).await);
    let elsewhere = house.log_in("ada").await;
    for _ in 0..2 {
        let ended = house.ask("DELETE", &path).session(&elsewhere).send().await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "ending twice is ending once");
    }
    assert!(!is_in(&house, &hers).await);
    let unknown = format!("/api/v1/auth/sessions/{}", uuid::Uuid::from_u128(7));
    assert_eq!(house.ask("DELETE", &unknown).session(&his).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.ask("DELETE", "/api/v1/auth/sessions/7").session(&his).send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn account_page_shows_where_somebody_is_logged_in_and_ends_it() {
    let house = ada().await;
    let (phone, laptop) = (house.log_in("ada").await, house.log_in("ada").await);
    let page = house.get("/account").session(&laptop).header("accept", "text/html").send().await;
    assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"));
    assert!(page.text.contains("ada@example.org") && page.text.contains("this one"));
    let items = listed(&house, &laptop).await;
    let end = |item: &Value| format!("/account/sessions/{}/end", item["id"].as_str().unwrap());
    assert!(items.iter().all(|item| page.text.contains(&end(item))));
    let ended = house.post(&end(&items[1])).session(&laptop).send().await;
    assert_eq!((ended.header(header::LOCATION), ended.header(header::SET_COOKIE)), ("/account", ""));
    assert!(!is_in(&house, &phone).await);
    let ended = house.post(&end(&items[0])).session(&laptop).send().await;
    assert_eq!(ended.header(header::LOCATION), "/");
    assert!(ended.header(header::SET_COOKIE).contains("Max-Age=0"));
}

#[tokio::test]
async fn list_and_its_parameters_are_documented() {
    let document = serde_json::to_value((auth::SPEC.openapi)()).unwrap();
    let parameters = document["paths"]["/api/v1/auth/sessions"]["get"]["parameters"].as_array().unwrap().clone();
    let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cursor", "limit"]);
    assert_eq!(document["paths"].as_object().unwrap().len(), 31);
    assert_eq!(
        document["components"]["schemas"]["RegisterBody"]["properties"]["password"]["format"],
        json!("password")
    );
}

#[tokio::test]
async fn all_others_end_at_once() {
    let house = House::new().await;
    house.register("ada").await;
    house.register("bob").await;
    let (here, there, (access, refresh)) =
        (house.log_in("ada").await, house.log_in("ada").await, house.tokens("ada").await);
    let bo = house.log_in("bob").await;
    let ended = house.ask("DELETE", "/api/v1/auth/sessions").session(&here).send().await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.text);
    for (session, status) in [(&here, StatusCode::OK), (&there, StatusCode::UNAUTHORIZED), (&bo, StatusCode::OK)] {
        assert_eq!(house.get("/api/v1/auth/me").session(session).send().await.status, status);
    }
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.refresh(&refresh).await.reason(), "auth.refresh_rejected");
    let again = house.ask("DELETE", "/api/v1/auth/sessions").session(&here).send().await;
    assert_eq!(again.status, StatusCode::NO_CONTENT, "ending nothing is no fault");
}
