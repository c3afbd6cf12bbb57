//! The pages as a browser gets them.

use crate::house::{ADA, API, BO, House, MO, ROOT};
use axum::http::{StatusCode, header};
use serde_json::json;
use std::time::Duration;
use testkit::Engine;

/// What must never reach a page as it is.
const HOSTILE: &str = "</textarea></title><script>alert(1)</script>\" onload=\"x";

#[tokio::test]
async fn home_shows_categories_and_the_latest_threads() {
    let house = House::new().await;
    house.joins(1, "ada", "Ada").await;
    let thread = house.starts(ADA, "How to begin?", "Text.").await;
    house.fills(&thread, 2).await;
    let page = house.page("/", None).await.expect(StatusCode::OK);
    for words in ["href=\"/c/help\"", "How to begin?", &format!("href=\"/t/{}\"", thread.id), "Ada"] {
        page.shows(words);
    }
    page.hides("/categories/new");
    house.page("/", Some(ROOT)).await.shows("/categories/new");
}

#[tokio::test]
async fn empty_places_say_what_to_do() {
    let house = House::bare(Engine::Sqlite).await.unwrap();
    house.page("/", None).await.shows("An administrator makes the first one.");
    house.page("/", Some(ROOT)).await.shows("Make the first one");
    house.page("/new", Some(ADA)).await.shows("No categories yet");
    house.makes_category("help").await;
    house.page("/c/help", None).await.shows("href=\"/login?next=/new\"");
    house.page("/c/help", Some(ADA)).await.shows("href=\"/new?category=help\"");
}

#[tokio::test]
async fn older_threads_are_a_page_away() {
    let house = House::new().await;
    for n in 0..31 {
        house.advance(Duration::from_secs(1));
        house.starts(ADA, &format!("Thread {n:02}"), "Text.").await;
    }
    for path in ["/", "/c/help"] {
        let newest = house.page(path, None).await;
        newest.shows("Thread 30");
        newest.hides("Thread 00");
        let mark = format!("href=\"{path}?cursor=");
        let cursor = newest.text.split_once(&mark).unwrap().1.split('"').next().unwrap();
        let older = house.page(&format!("{path}?cursor={cursor}"), None).await;
        older.shows("Thread 00");
        older.hides("Thread 30");
        older.hides("rel=\"next\"");
    }
}

#[tokio::test]
async fn thread_shows_its_posts_and_where_it_stands() {
    let house = House::new().await;
    house.joins(1, "ada", "Ada").await;
    let thread = house.starts(ADA, "A thread", "Some **bold** words.").await;
    house.fills(&thread, 1).await;
    let page = house.page(&format!("/t/{}", thread.id), None).await.expect(StatusCode::OK);
    for words in
        ["<h1>A thread</h1>", "<strong>bold</strong>", "href=\"/c/help\"", "Post 1 by Ada", "data-number=\"2\"", "@ada"]
    {
        page.shows(words);
    }
    page.shows(&format!("data-live-url=\"{API}/threads/{}/live", thread.id));
}

#[tokio::test]
async fn thread_is_read_page_by_page_and_answered_at_its_end() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 50).await;
    let path = format!("/t/{}", thread.id);
    let first = house.page(&path, Some(ADA)).await;
    first.shows("data-number=\"50\"");
    first.hides("data-number=\"51\"");
    first.hides(&format!("action=\"{path}/reply\""));
    first.hides("data-live-end");
    let next = first.text.split_once("rel=\"next\" href=\"").unwrap().1.split('"').next().unwrap();
    let last = house.page(next, Some(ADA)).await;
    last.shows("data-number=\"51\"");
    last.hides("data-number=\"50\"");
    last.shows(&format!("action=\"{path}/reply\""));
    last.shows("data-live-end");
    last.shows("First posts");
}

#[tokio::test]
async fn each_visitor_sees_what_they_may_do() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("/t/{}", thread.id);
    let (lock, reply) = (format!("action=\"{path}/lock\""), format!("action=\"{path}/reply\""));
    let edit = format!("href=\"/p/{}/edit\"", thread.post_id);
    for (who, may_reply, may_edit, may_lock) in [
        (None, false, false, false),
        (Some(BO), true, false, false),
        (Some(ADA), true, true, false),
        (Some(MO), true, true, true),
        (Some(ROOT), true, true, true),
    ] {
        let page = house.page(&path, who).await.expect(StatusCode::OK);
        let seen = [&reply, &edit, &lock].map(|mark| page.text.contains(mark.as_str()));
        assert_eq!(seen, [may_reply, may_edit, may_lock], "{who:?}");
        assert_eq!(page.text.contains("Join the discussion"), who.is_none(), "{who:?}");
    }
    house.page(&path, None).await.shows(&format!("href=\"/login?next={path}\""));
}

#[tokio::test]
async fn locked_thread_says_so_and_can_be_unlocked_by_moderators() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.locks(&thread).await;
    let path = format!("/t/{}", thread.id);
    for who in [None, Some(ADA), Some(MO)] {
        let page = house.page(&path, who).await;
        page.shows("This thread is locked");
        page.hides(&format!("action=\"{path}/reply\""));
        assert_eq!(page.text.contains(&format!("action=\"{path}/unlock\"")), who == Some(MO), "{who:?}");
    }
}

#[tokio::test]
async fn words_from_people_are_never_markup() {
    let house = House::new().await;
    house.joins(1, "ada", HOSTILE).await;
    let category = json!({ "slug": "hostile", "name": "<script>alert(1)</script>", "description": HOSTILE });
    let made =
        house.post(&format!("{API}/categories")).by(ROOT).json(category).await.expect(StatusCode::CREATED).json();
    let input = json!({ "category_id": made["id"], "title": HOSTILE, "body": "</textarea><script>alert(1)</script>" });
    let made = house.post(&format!("{API}/threads")).by(ADA).json(input).await.expect(StatusCode::CREATED).json();
    let (thread, post) = (made["id"].as_str().unwrap(), made["post_id"].as_str().unwrap());
    let edit = house.ask("PUT", &format!("{API}/posts/{post}")).by(ADA);
    edit.json(json!({ "body": "Again </textarea><script>alert(2)</script>" })).await.expect(StatusCode::OK);
    for path in [
        "/".to_owned(),
        "/c/hostile".to_owned(),
        format!("/t/{thread}"),
        format!("/p/{post}"),
        format!("/p/{post}/edit"),
        format!("/p/{post}/history"),
        "/new?title=%3C/textarea%3E%3Cscript%3Ealert(1)%3C/script%3E&body=%3C/textarea%3E%3Cscript%3Ealert(1)"
            .to_owned(),
    ] {
        let page = house.page(&path, Some(ADA)).await.expect(StatusCode::OK);
        for bad in ["<script>alert", "\" onload=\"x"] {
            page.hides(bad);
        }
    }
}

#[tokio::test]
async fn history_shows_every_version_and_who_changed_it() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "First words.").await;
    let edit = house.ask("PUT", &format!("{API}/posts/{}", thread.post_id)).by(MO);
    edit.json(json!({ "body": "Second words." })).await.expect(StatusCode::OK);
    let history = format!("/p/{}/history", thread.post_id);
    house.page(&format!("/t/{}", thread.id), None).await.shows(&format!("href=\"{history}\""));
    let page = house.page(&history, None).await.expect(StatusCode::OK);
    for words in ["Version 1", "First words.", "Version 2", "Second words.", "by a moderator"] {
        page.shows(words);
    }
}

#[tokio::test]
async fn fragment_is_one_post_and_not_a_page() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Some words.").await;
    let fragment = house.page(&format!("/p/{}", thread.post_id), Some(BO)).await.expect(StatusCode::OK);
    assert!(fragment.text.starts_with("<article"), "{}", fragment.text);
    assert_eq!(fragment.header(header::CACHE_CONTROL), "no-store");
    fragment.shows("Some words.");
    fragment.hides("/edit\"");
}

#[tokio::test]
async fn forms_lead_guests_to_the_door_and_others_no_further_than_they_may_go() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let edit = format!("/p/{}/edit", thread.post_id);
    for path in ["/new", "/categories/new", &edit] {
        let guest = house.page(path, None).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(guest.header(header::LOCATION), format!("/login?next={path}"));
    }
    house.page("/categories/new", Some(MO)).await.expect(StatusCode::FORBIDDEN);
    house.page(&edit, Some(BO)).await.expect(StatusCode::FORBIDDEN);
    house.page(&edit, Some(ADA)).await.expect(StatusCode::OK).shows("Text.");
    house.page("/new?category=help", Some(ADA)).await.shows("<option value=\"help\" selected>");
}

#[tokio::test]
async fn page_that_does_not_exist_says_so() {
    let house = House::new().await;
    for (path, reason) in [
        ("/c/nowhere", "forum.no_such_category"),
        ("/t/00000000-0000-7000-8000-00000000dead", "forum.no_such_thread"),
        ("/p/00000000-0000-7000-8000-00000000dead", "forum.no_such_post"),
        ("/t/not-an-id", "request.no_route"),
    ] {
        let page = house.page(path, None).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(page.text, format!("error page: 404 {reason}"));
    }
}
