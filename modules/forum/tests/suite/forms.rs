//! The forms as a browser without JavaScript sends them.

use crate::house::{ADA, API, BO, House, MO, ROOT, Started, text};
use crate::requests::Answer;
use axum::http::{StatusCode, header};
use serde_json::json;

async fn reply(house: &House, thread: &Started, who: &str, pairs: &[(&str, &str)]) -> Answer {
    house.post(&format!("/t/{}/reply", thread.id)).by(who).form(pairs).await
}

/// Where a redirect leads: the page, and the post on it.
fn leads_to(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let (page, anchor) = answer.header(header::LOCATION).split_once('#').unwrap();
    (page.to_owned(), anchor.to_owned())
}

/// That the redirect leads to a page with the post on it, and not to another.
async fn leads_to_its_post(house: &House, answer: &Answer) -> String {
    let (page, anchor) = leads_to(answer);
    house.page(&page, None).await.expect(StatusCode::OK).shows(&format!("id=\"{anchor}\""));
    anchor.trim_start_matches("post-").to_owned()
}

#[tokio::test]
async fn thread_is_started_once_however_often_the_form_is_sent() {
    let house = House::new().await;
    let key = house.page("/new", Some(ADA)).await.expect(StatusCode::OK).hidden("idempotency_key");
    assert!(!key.is_empty());
    let form =
        [("category", "help"), ("title", "A thread"), ("body", "Text."), ("intent", "post"), ("idempotency_key", &key)];
    let first = house.post("/new").by(ADA).form(&form).await.expect(StatusCode::SEE_OTHER);
    let again = house.post("/new").by(ADA).form(&form).await.expect(StatusCode::SEE_OTHER);
    let location = first.header(header::LOCATION);
    assert_eq!(again.header(header::LOCATION), location);
    house.page(location, None).await.expect(StatusCode::OK).shows("<h1>A thread</h1>");
    let listed = house.get(&format!("{API}/threads")).send().await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_thread_form_comes_back_with_its_words_and_what_is_wrong() {
    let house = House::new().await;
    for (category, title, body, words) in [
        ("help", "x", "My text.", "must have 3 to 200 characters, and has 1"),
        ("help", "A title", " ", "must not be empty"),
        ("nowhere", "A title", "My text.", "choose one"),
    ] {
        let form = [("category", category), ("title", title), ("body", body), ("idempotency_key", "the key")];
        let page = house.post("/new").by(ADA).form(&form).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        for shown in ["The thread was not started.", words, &format!("value=\"{title}\""), "aria-invalid=\"true\""] {
            page.shows(shown);
        }
        assert_eq!(page.hidden("idempotency_key"), "the key");
        if body == "My text." {
            page.shows("My text.</textarea>");
        }
    }
}

#[tokio::test]
async fn preview_shows_harmless_html_keeps_the_words_and_posts_nothing() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let before = house.told().await.len();
    let words = "**Strong** <script>alert(1)</script>";
    let form =
        [("category", "help"), ("title", "A title"), ("body", words), ("intent", "preview"), ("idempotency_key", "k")];
    let new = house.post("/new").by(ADA).form(&form).await.expect(StatusCode::OK);
    assert_eq!(new.hidden("idempotency_key"), "k");
    new.shows("value=\"A title\"");
    let replied = reply(&house, &thread, BO, &[("body", words), ("intent", "preview"), ("idempotency_key", "k")]).await;
    let replied = replied.expect(StatusCode::OK);
    assert_eq!(replied.hidden("idempotency_key"), "k");
    let edit = house.post(&format!("/p/{}/edit", thread.post_id)).by(ADA);
    let edited = edit.form(&[("body", words), ("intent", "preview"), ("version", "1")]).await.expect(StatusCode::OK);
    assert_eq!(edited.hidden("version"), "1");
    for page in [&new, &replied, &edited] {
        page.shows("<strong>Strong</strong>");
        page.shows("**Strong** &lt;script&gt;");
        page.hides("<script>alert");
    }
    let live = house.post("/preview").form(&[("body", words)]).await.expect(StatusCode::OK);
    assert_eq!(live.text, "<p><strong>Strong</strong> </p>\n");
    assert_eq!(house.told().await.len(), before);
}

#[tokio::test]
async fn preview_of_too_long_a_text_keeps_it_and_says_so() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let long = "long ".repeat(4_001);
    let form =
        [("category", "help"), ("title", "A title"), ("body", long.as_str()), ("intent", "preview"), ("version", "1")];
    for path in ["/new".to_owned(), format!("/t/{}/reply", thread.id), format!("/p/{}/edit", thread.post_id)] {
        let page = house.post(&path).by(ADA).form(&form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        page.shows("must have at most 20000 characters");
        page.shows("long long long");
    }
}

#[tokio::test]
async fn reply_leads_to_the_page_that_holds_it() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 48).await;
    for (number, page) in [(50, 1), (51, 2), (52, 2)] {
        let answer = reply(&house, &thread, BO, &[("body", &format!("Number {number}."))]).await;
        let id = leads_to_its_post(&house, &answer).await;
        assert_eq!(house.read(&id).await["number"], number);
        assert_eq!(leads_to(&answer).0.contains("?cursor="), page == 2, "post {number}");
    }
}

#[tokio::test]
async fn form_sent_twice_makes_one_post_and_leads_to_it_both_times() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 48).await;
    let key = house.page(&format!("/t/{}", thread.id), Some(BO)).await.hidden("idempotency_key");
    let form = [("body", "Number 50."), ("idempotency_key", key.as_str())];
    let first = reply(&house, &thread, BO, &form).await;
    // Somebody else begins the next page in between.
    house.replies(ADA, &thread, "Number 51.").await.expect(StatusCode::CREATED);
    let again = reply(&house, &thread, BO, &form).await;
    let (first, again) = (leads_to_its_post(&house, &first).await, leads_to_its_post(&house, &again).await);
    assert_eq!(first, again);
    assert_eq!(house.thread(&thread).await["post_count"], 51);
}

#[tokio::test]
async fn wrong_reply_comes_back_on_the_threads_last_page() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 50).await;
    let page = reply(&house, &thread, BO, &[("body", " "), ("idempotency_key", "k")]).await;
    let page = page.expect(StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("must not be empty");
    page.shows("data-number=\"51\"");
    assert_eq!(page.hidden("idempotency_key"), "k");
}

#[tokio::test]
async fn edit_leads_back_to_the_page_that_holds_the_post() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 50).await;
    let last = &house.get(&format!("{API}/threads/{}/posts?limit=100", thread.id)).send().await.json()["items"][50];
    for (id, who) in [(thread.post_id.clone(), ADA), (text(&last["id"]), BO)] {
        let path = format!("/p/{id}/edit");
        let version = house.page(&path, Some(who)).await.expect(StatusCode::OK).hidden("version");
        let saved = house.post(&path).by(who).form(&[("body", "Better words."), ("version", &version)]).await;
        assert_eq!(leads_to_its_post(&house, &saved).await, id);
        assert_eq!(house.read(&id).await["body"], "Better words.");
    }
}

#[tokio::test]
async fn wrong_edit_comes_back_with_its_words() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/p/{}/edit", thread.post_id);
    let empty = house.post(&path).by(ADA).form(&[("body", ""), ("version", "1")]).await;
    empty.expect(StatusCode::UNPROCESSABLE_ENTITY).shows("must not be empty");
    house.post(&path).by(BO).form(&[("body", "Mine."), ("version", "1")]).await.expect(StatusCode::FORBIDDEN);

    house.post(&path).by(MO).form(&[("body", "Theirs."), ("version", "1")]).await.expect(StatusCode::SEE_OTHER);
    let late = house.post(&path).by(ADA).form(&[("body", "Mine, later."), ("version", "1")]).await;
    let late = late.expect(StatusCode::CONFLICT);
    late.shows("Somebody edited this post while you did.");
    late.shows("Mine, later.</textarea>");
    let version = late.hidden("version");
    house
        .post(&path)
        .by(ADA)
        .form(&[("body", "Mine, later."), ("version", &version)])
        .await
        .expect(StatusCode::SEE_OTHER);
    assert_eq!(house.read(&thread.post_id).await["body"], "Mine, later.");
}

#[tokio::test]
async fn moderator_locks_and_unlocks_by_button() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/t/{}", thread.id);
    for (button, locked) in [("lock", true), ("unlock", false)] {
        house.post(&format!("{path}/{button}")).by(ADA).form(&[]).await.expect(StatusCode::FORBIDDEN);
        let pressed = house.post(&format!("{path}/{button}")).by(MO).form(&[]).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(pressed.header(header::LOCATION), path);
        assert_eq!(house.thread(&thread).await["locked"], json!(locked));
    }
}

#[tokio::test]
async fn category_is_made_by_form_and_a_wrong_one_comes_back() {
    let house = House::new().await;
    house.page("/categories/new", Some(ROOT)).await.expect(StatusCode::OK).shows("action=\"/categories/new\"");
    let send = async |slug: &str, name: &str| {
        let form = [("slug", slug), ("name", name), ("description", "Words.")];
        house.post("/categories/new").by(ROOT).form(&form).await
    };
    for (slug, name, words) in [
        ("help", "Again", "Another category has this short name already."),
        ("Not a slug", "Again", "must have 2 to 40 of"),
        ("again", "x", "must have 2 to 60 characters"),
    ] {
        let page = send(slug, name).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        for shown in [words, "The category was not made.", "Words.</textarea>", &format!("value=\"{slug}\"")] {
            page.shows(shown);
        }
    }
    let made = send("again", "Again").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(made.header(header::LOCATION), "/c/again");
    house.page("/c/again", None).await.expect(StatusCode::OK).shows("<h1>Again</h1>");
}

#[tokio::test]
async fn form_from_another_sites_page_is_refused() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let ask = house.post(&format!("/t/{}/reply", thread.id)).by(BO).header("sec-fetch-site", "cross-site");
    ask.form(&[("body", "Not mine.")]).await.expect(StatusCode::FORBIDDEN).shows("request.cross_site");
    assert_eq!(house.thread(&thread).await["post_count"], 1);
}
