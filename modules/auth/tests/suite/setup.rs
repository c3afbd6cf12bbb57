//! The first start: the one-time link, and the account it makes.

use crate::house::{House, PASSWORD, registration};
use axum::http::{StatusCode, header};

const FOUNDER: [(&str, &str); 4] =
    [("email", "ada@example.org"), ("handle", "admin"), ("display_name", "Ada"), ("password", PASSWORD)];

/// The path of the link that a start prints.
async fn link(house: &House) -> String {
    let greeting = house.module.greeting().await.unwrap();
    let url = greeting.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    url.strip_prefix("http://polity.example").unwrap().to_owned()
}

async fn is_dead(house: &House, path: &str) -> bool {
    let page = house.get(path).header("accept", "text/html").send().await;
    page.status == StatusCode::CONFLICT && page.text.contains("This link does not work any more")
}

#[tokio::test]
async fn link_makes_whoever_runs_the_community_and_logs_them_in() {
    let house = House::new().await;
    let path = link(&house).await;
    assert!(path.starts_with("/welcome/"));
    let shown = house.get(&path).send().await;
    assert_eq!((shown.status, shown.header(header::REFERRER_POLICY)), (StatusCode::OK, "no-referrer"));
    assert!(shown.text.contains(&format!(r#"action="{path}""#)));
    let made = house.post(&path).form(&FOUNDER).await;
    assert_eq!((made.status, made.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/"), "{}", made.text);
    let me = house.get("/api/v1/auth/me").session(&made.session()).send().await.json();
    assert_eq!(me["handle"], "admin");
    let events = house.events().await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["auth.user_registered.v1", "auth.superuser_created.v1"]);
    assert!(events.iter().all(|event| event.key == me["id"].as_str().unwrap()));
}

#[tokio::test]
async fn link_works_once() {
    let house = House::new().await;
    let path = link(&house).await;
    house.post(&path).form(&FOUNDER).await;
    assert!(is_dead(&house, &path).await);
    let again = [("email", "eve@example.org"), ("handle", "eve"), ("display_name", "Eve"), ("password", PASSWORD)];
    let refused = house.post(&path).form(&again).await;
    assert_eq!((refused.status, refused.header(header::SET_COOKIE)), (StatusCode::CONFLICT, ""));
    assert_eq!(house.events().await.len(), 2);
    assert_eq!(house.module.greeting().await, None, "there is nothing left to set up");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_open_the_link_at_once_one_runs_the_community() {
    let house = House::new().await;
    let path = link(&house).await;
    let eve = [("email", "eve@example.org"), ("handle", "eve"), ("display_name", "Eve"), ("password", PASSWORD)];
    let (one, other) = tokio::join!(house.post(&path).form(&FOUNDER), house.post(&path).form(&eve));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(house.events().await.len(), 2);
}

#[tokio::test]
async fn mistake_in_the_form_does_not_spend_the_link() {
    let house = House::new().await;
    let path = link(&house).await;
    let refused = house.post(&path).form(&[("email", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("is not an e-mail address"));
    assert_eq!(house.post(&path).form(&FOUNDER).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn next_start_replaces_the_link() {
    let house = House::new().await;
    let (old, new) = (link(&house).await, link(&house).await);
    assert!(is_dead(&house, &old).await);
    assert_eq!(house.post(&old).form(&FOUNDER).await.status, StatusCode::CONFLICT);
    assert_eq!(house.post(&new).form(&FOUNDER).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn made_up_link_is_dead() {
    let house = House::new().await;
    let _real = link(&house).await;
    assert!(is_dead(&house, "/welcome/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await);
}

#[tokio::test]
async fn members_do_not_stand_in_the_way_of_whoever_runs_the_community() {
    let house = House::new().await;
    house.register("bob").await;
    let path = link(&house).await;
    assert_eq!(house.post(&path).form(&FOUNDER).await.status, StatusCode::SEE_OTHER);
    let refused = house.post("/api/v1/auth/register").json(registration("root")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "only they may be called like somebody in charge");
}
