//! Threads over REST: starting, reading, closing.

use crate::house::{ADA, API, BO, House, MO, ROOT, person, text};
use axum::http::{StatusCode, header};
use futures::future::join_all;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

const PATH: &str = "/api/v1/forum/threads";
const NOBODY: &str = "00000000-0000-7000-8000-00000000dead";

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn member_starts_a_thread_and_everybody_reads_it(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.joins(1, "ada", "Ada").await;
    let help = house.help().await;
    let input = json!({ "category_id": help, "title": "  How \n to?  ", "body": "**Well**?" });
    let made = house.post(PATH).by(ADA).json(input).await.expect(StatusCode::CREATED);
    let (id, post_id) = (text(&made.json()["id"]), text(&made.json()["post_id"]));
    assert_eq!(made.header(header::LOCATION), format!("{PATH}/{id}"));

    let read = house.get(&format!("{PATH}/{id}")).send().await.expect(StatusCode::OK).json();
    let post = json!({
        "id": post_id, "thread_id": id, "number": 1, "author_id": person(1), "author_name": "Ada", "author_handle": "ada",
        "body": "**Well**?", "html": "<p><strong>Well</strong>?</p>\n", "posted_at": "2030-01-01T00:00:00Z",
        "edited_at": null, "version": 1,
    });
    let expected = json!({
        "id": id, "category_id": help, "title": "How to?", "locked": false, "post_count": 1, "author_id": person(1),
        "author_name": "Ada", "started_at": "2030-01-01T00:00:00Z", "last_post_at": "2030-01-01T00:00:00Z",
        "posts": { "items": [post], "next": null },
    });
    assert_eq!(read, expected);
    let posts = house.get(&format!("{PATH}/{id}/posts")).send().await.expect(StatusCode::OK).json();
    assert_eq!(posts, read["posts"]);
}

#[tokio::test]
async fn guests_are_turned_away_before_their_words_are_read() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    for (method, path) in [
        ("POST", PATH.to_owned()),
        ("POST", format!("{PATH}/{}/posts", thread.id)),
        ("PUT", format!("{API}/posts/{}", thread.post_id)),
        ("PUT", format!("{PATH}/{}/lock", thread.id)),
        ("DELETE", format!("{PATH}/{}/lock", thread.id)),
    ] {
        let answer = house.ask(method, &path).raw_json("this is not JSON").await;
        assert_eq!(answer.refusal(), (401, "access.log_in".to_owned()), "{method} {path}");
        assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Bearer"), "{method} {path}");
    }
}

#[tokio::test]
async fn wrong_thread_is_refused_by_field() {
    let house = House::new().await;
    let help = house.help().await;
    let (long, blank) = ("x".repeat(20_001), " \n ".to_owned());
    let deceptive = "abc\u{202e}fed".to_owned();
    for (title, body, field) in [
        ("ab".to_owned(), "Text.".to_owned(), "title"),
        ("x".repeat(201), "Text.".to_owned(), "title"),
        (deceptive, "Text.".to_owned(), "title"),
        ("A title".to_owned(), blank, "body"),
        ("A title".to_owned(), long, "body"),
    ] {
        let answer = house.post(PATH).by(ADA).json(json!({ "category_id": help, "title": title, "body": body })).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{}", answer.text);
    }
    assert_eq!(house.told().await.len(), 1, "the category's own event, and no other");
}

#[tokio::test]
async fn thread_that_is_wrong_twice_hears_of_both_at_once() {
    let house = House::new().await;
    let input = json!({ "category_id": house.help().await, "title": "", "body": "" });
    assert_eq!(house.post(PATH).by(ADA).json(input).await.fields(), ["title", "body"]);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let house = House::new().await;
    let input = json!({ "category_id": NOBODY, "title": "A title", "body": "Text." });
    assert_eq!(house.post(PATH).by(ADA).json(input).await.refusal(), (404, "forum.no_such_category".to_owned()));
    let thread = format!("{PATH}/{NOBODY}");
    for (method, path) in [
        ("GET", thread.clone()),
        ("GET", format!("{thread}/posts")),
        ("POST", format!("{thread}/posts")),
        ("PUT", format!("{thread}/lock")),
        ("DELETE", format!("{thread}/lock")),
        ("GET", format!("{thread}/live")),
    ] {
        let answer = house.ask(method, &path).by(MO).json(json!({ "body": "Text." })).await;
        assert_eq!(answer.refusal(), (404, "forum.no_such_thread".to_owned()), "{method} {path}");
    }
    for query in ["nowhere", NOBODY] {
        let answer = house.get(&format!("{PATH}?category={query}")).send().await;
        assert_eq!(answer.refusal(), (404, "forum.no_such_category".to_owned()), "{query}");
    }
    assert_eq!(house.get(&format!("{PATH}/not-an-id")).send().await.refusal(), (404, "request.no_route".to_owned()));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn moderator_closes_a_thread_and_opens_it_again(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let path = format!("{PATH}/{}/lock", thread.id);
    for _ in 0..2 {
        house.ask("PUT", &path).by(MO).send().await.expect(StatusCode::NO_CONTENT);
    }
    assert_eq!(house.thread(&thread).await["locked"], true);
    assert_eq!(house.replies(BO, &thread, "Late.").await.refusal(), (409, "forum.thread_locked".to_owned()));
    for who in [ADA, MO] {
        let edit = house.ask("PUT", &format!("{API}/posts/{}", thread.post_id)).by(who);
        let refusal = edit.json(json!({ "body": "Other." })).await.refusal();
        assert_eq!(refusal, (409, "forum.thread_locked".to_owned()), "{who}");
    }
    for _ in 0..2 {
        house.ask("DELETE", &path).by(ROOT).send().await.expect(StatusCode::NO_CONTENT);
    }
    house.replies(BO, &thread, "In time.").await.expect(StatusCode::CREATED);
    let kinds: Vec<_> = house.told().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds[2..], ["forum.thread_locked.v1", "forum.thread_unlocked.v1", "forum.reply_posted.v1"]);
}

#[tokio::test]
async fn members_close_no_thread_not_even_their_own() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    for method in ["PUT", "DELETE"] {
        let refused = house.ask(method, &format!("{PATH}/{}/lock", thread.id)).by(ADA).send().await;
        assert_eq!(refused.refusal(), (403, "access.forbidden".to_owned()), "{method}");
    }
    assert_eq!(house.thread(&thread).await["locked"], false);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_to_a_thread_after_it_was_closed(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    for round in 0..20 {
        let thread = house.starts(ADA, "A thread", "Text.").await;
        let posts: Vec<_> = (0..4).map(|n| format!("Reply {n}.")).collect();
        let replies = join_all(posts.iter().map(|body| house.replies(BO, &thread, body)));
        let edit =
            house.ask("PUT", &format!("{API}/posts/{}", thread.post_id)).by(ADA).json(json!({ "body": "Other." }));
        let (mut answers, edited, ()) = tokio::join!(replies, edit, house.locks(&thread));
        answers.push(edited);
        for answer in answers {
            let done = matches!(answer.status, StatusCode::OK | StatusCode::CREATED);
            assert!(done || answer.refusal() == (409, "forum.thread_locked".to_owned()), "{}", answer.text);
        }
        let told = house.told().await.into_iter().filter(|event| event.key == thread.id);
        let kinds: Vec<_> = told.map(|event| event.kind).collect();
        assert_eq!(kinds.last().unwrap(), "forum.thread_locked.v1", "round {round}: {kinds:?}");
    }
}
