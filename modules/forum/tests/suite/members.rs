//! What the forum makes of auth's events: its own copy of who its members are.

use crate::house::{ADA, House, MO, person};
use auth_contract::{ProfileChanged, UserDeleted, UserRegistered};
use kernel::EventPayload;
use rstest::rstest;
use testkit::Engine;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn new_name_reaches_what_its_bearer_wrote(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.joins(1, "ada", "Ada").await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/t/{}", thread.id);
    house.page(&path, None).await.shows("Post 1 by Ada\"");

    let mut story = house.story();
    story.when("Ada goes by another name", async { house.renames(1, "countess", "Ada Lovelace") }).await;
    story.until(ProfileChanged::KIND).await;
    story.until_heard().await;
    let page = house.page(&path, None).await;
    story.then("the thread shows it", async { page.text.contains("Post 1 by Ada Lovelace\"") }).await;
    story.then("the post shows the handle", async { page.text.contains("@countess") }).await;
    let read = house.read(&thread.post_id).await;
    story.then("so does the API", async { read["author_name"] == "Ada Lovelace" }).await;
    story.finish().await;
}

#[tokio::test]
async fn whoever_deleted_their_account_is_named_no_more_and_their_writing_stays() {
    let house = House::new().await;
    house.joins(1, "ada", "Ada").await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/t/{}", thread.id);
    house.page(&path, None).await.shows("href=\"/u/ada\"");
    let mut story = house.story();
    let deleted = UserDeleted {
        user_id: person(1).to_string(),
        handle: "deleted-1".to_owned(),
        display_name: "Deleted member".to_owned(),
        at_ms: 0,
    };
    story.when("Ada's account is gone", async { house.auth_tells(&deleted) }).await;
    story.until_heard().await;
    let page = house.page(&path, None).await;
    story.then("the thread names nobody", async { page.text.contains("Post 1 by Deleted member\"") }).await;
    story
        .then("nor does it lead to anybody", async { !page.text.contains("/u/") && page.text.contains("Text.") })
        .await;
    let read = house.read(&thread.post_id).await;
    story.then("so does the API", async { read["author_handle"].is_null() }).await;
    story.finish().await;
}

#[tokio::test]
async fn somebody_not_heard_of_yet_is_a_new_member() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.page(&format!("/t/{}", thread.id), None).await.shows("Post 1 by New member");
    house.joins(1, "ada", "Ada").await;
    house.page(&format!("/t/{}", thread.id), None).await.shows("Post 1 by Ada\"");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn event_delivered_twice_has_one_effect(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.joins(1, "ada", "Ada").await;
    let mut story = house.story();
    let renamed = story.when("Ada goes by another name", async { house.renames(1, "ada", "Countess") }).await;
    story.when("the same is told again", async { house.auth.append(renamed) }).await;
    story.until_heard().await;
    let records = house.everything_told().await.into_iter().filter(|e| e.data["operation"] == "forum.record_member");
    assert_eq!(records.count(), 2);
    story.finish().await;
}

#[tokio::test]
async fn what_the_forum_does_not_care_for_is_passed_over() {
    let house = House::new().await;
    let mut story = house.story();
    let founded = auth_contract::SuperuserCreated { user_id: person(4).to_string(), created_at_ms: 0 };
    story.when("auth tells of a superuser", async { house.auth_tells(&founded) }).await;
    story.until_heard().await;
    let told = house.told().await.len();
    story.then("the forum has nothing to tell", async { told == 1 }).await;
    story.finish().await;
}

#[tokio::test]
async fn event_that_cannot_be_handled_holds_up_nobody_else_and_shows_as_unheard() {
    let house = House::new().await;
    let unreadable = UserRegistered {
        user_id: "nobody".to_owned(),
        handle: "x".to_owned(),
        display_name: "X".to_owned(),
        registered_at_ms: 0,
    };
    house.auth_tells(&unreadable);
    house.renames(3, "mo", "Mo");
    let thread = house.starts(MO, "A thread", "Text.").await;
    testkit::eventually("Mo's name has arrived", async || house.read(&thread.post_id).await["author_name"] == "Mo")
        .await;
    let cursors = house.cursors().await;
    assert_eq!(cursors, [("forum.members".to_owned(), "auth".to_owned(), kernel::Position(0))]);
}
