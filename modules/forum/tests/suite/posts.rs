//! Posts over REST: replying, editing, looking back; and many at once.

use crate::house::{ADA, API, BO, House, MO, Started, person, text};
use crate::requests::Answer;
use axum::http::{StatusCode, header};
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Engine;

/// Puts `body` in the post's place, as one who saw the version of that tag.
async fn edit(house: &House, who: &str, post_id: &str, tag: Option<&str>, body: &str) -> Answer {
    let mut ask = house.ask("PUT", &format!("{API}/posts/{post_id}")).by(who);
    if let Some(tag) = tag {
        ask = ask.header("if-match", tag);
    }
    ask.json(json!({ "body": body })).await
}

async fn thread(house: &House) -> Started {
    house.starts(ADA, "A thread", "The first post.").await
}

#[tokio::test]
async fn reply_comes_back_whole_and_counts() {
    let house = House::new().await;
    let thread = thread(&house).await;
    house.advance(Duration::from_mins(1));
    let posted = house.replies(BO, &thread, "A reply.").await.expect(StatusCode::CREATED);
    let post = posted.json();
    assert_eq!(posted.header(header::LOCATION), format!("{API}/posts/{}", text(&post["id"])));
    assert_eq!(posted.header(header::ETAG), "\"v1\"");
    assert_eq!(
        (&post["number"], &post["author_id"], &post["body"]),
        (&json!(2), &json!(person(2)), &json!("A reply."))
    );
    let read = house.get(&format!("{API}/posts/{}", text(&post["id"]))).send().await.expect(StatusCode::OK);
    assert_eq!((read.json(), read.header(header::ETAG)), (post, "\"v1\""));
    let thread = house.thread(&thread).await;
    assert_eq!((&thread["post_count"], &thread["last_post_at"]), (&json!(2), &json!("2030-01-01T00:01:00Z")));
}

#[tokio::test]
async fn reply_must_say_something() {
    let house = House::new().await;
    let thread = thread(&house).await;
    for body in ["", " \r\n ", &"x".repeat(20_001), "nul \0 inside"] {
        let refused = house.replies(BO, &thread, body).await;
        assert_eq!((refused.status.as_u16(), refused.fields()), (422, vec!["body".to_owned()]));
    }
    assert_eq!(house.thread(&thread).await["post_count"], 1);
}

#[tokio::test]
async fn html_of_a_post_is_harmless_and_its_text_is_kept() {
    let house = House::new().await;
    let thread = thread(&house).await;
    let hostile = "*soft* [x](javascript:alert(1))\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>";
    let post = house.replies(BO, &thread, hostile).await.json();
    assert_eq!(post["body"], hostile);
    let html = text(&post["html"]);
    for bad in ["<script", "onerror", "javascript:"] {
        assert!(!html.contains(bad), "{bad} survives: {html}");
    }
    assert!(html.contains("<em>soft</em>"), "{html}");
    let edited = edit(&house, BO, &text(&post["id"]), None, "<svg onload=alert(1)> **loud**").await.json();
    let html = text(&edited["html"]);
    assert!(!html.contains("onload") && html.contains("<strong>loud</strong>"), "{html}");
}

#[tokio::test]
async fn author_edits_and_every_version_is_kept() {
    let house = House::new().await;
    let Started { post_id, .. } = thread(&house).await;
    house.advance(Duration::from_mins(1));
    let edited = edit(&house, ADA, &post_id, Some("\"v1\""), "The second text.").await.expect(StatusCode::OK);
    assert_eq!(edited.header(header::ETAG), "\"v2\"");
    let post = edited.json();
    assert_eq!((&post["version"], &post["edited_at"]), (&json!(2), &json!("2030-01-01T00:01:00Z")));
    house.advance(Duration::from_mins(1));
    edit(&house, MO, &post_id, None, "The third text.").await.expect(StatusCode::OK);
    let history = house.get(&format!("{API}/posts/{post_id}/versions")).send().await.expect(StatusCode::OK).json();
    let version = |n: i64, body: &str, by: u32, minute: u32| {
        let (actor, at) = (format!("user:{}", person(by)), format!("2030-01-01T00:0{minute}:00Z"));
        json!({ "version": n, "body": body, "actor": actor, "at": at })
    };
    let expected = [
        version(1, "The first post.", 1, 0),
        version(2, "The second text.", 1, 1),
        version(3, "The third text.", 3, 2),
    ];
    assert_eq!(history["items"], json!(expected));
}

#[tokio::test]
async fn same_text_again_is_no_new_version() {
    let house = House::new().await;
    let Started { post_id, .. } = thread(&house).await;
    let before = house.everything_told().await.len();
    let same = edit(&house, ADA, &post_id, Some("\"v1\""), "The first post.\r\n").await.expect(StatusCode::OK).json();
    assert_eq!((&same["version"], &same["edited_at"]), (&json!(1), &Value::Null));
    assert_eq!(house.everything_told().await.len(), before);
}

#[tokio::test]
async fn others_may_not_edit_and_do_not_learn_whether_their_words_were_valid() {
    let house = House::new().await;
    let Started { post_id, .. } = thread(&house).await;
    for body in ["Better.", ""] {
        let refused = edit(&house, BO, &post_id, Some("\"v1\""), body).await;
        assert_eq!(refused.refusal(), (403, "access.forbidden".to_owned()));
        assert!(refused.json().get("explanation").is_none(), "{}", refused.text);
    }
    assert_eq!(house.read(&post_id).await["body"], "The first post.");
}

#[tokio::test]
async fn edit_of_an_older_version_is_refused() {
    let house = House::new().await;
    let Started { post_id, .. } = thread(&house).await;
    edit(&house, ADA, &post_id, Some("\"v1\""), "Second.").await.expect(StatusCode::OK);
    let late = edit(&house, MO, &post_id, Some("\"v1\""), "Third.").await;
    assert_eq!(late.refusal(), (412, "store.stale_version".to_owned()));
    let weak = edit(&house, ADA, &post_id, Some("W/\"2\""), "Third.").await;
    assert_eq!((weak.status.as_u16(), weak.fields()), (422, vec!["If-Match".to_owned()]));
    let empty = edit(&house, ADA, &post_id, Some("\"v2\""), "").await;
    assert_eq!((empty.status.as_u16(), empty.fields()), (422, vec!["body".to_owned()]));
    assert_eq!(house.read(&post_id).await["body"], "Second.");
}

#[tokio::test]
async fn post_that_does_not_exist_is_not_found() {
    let house = House::new().await;
    let path = format!("{API}/posts/00000000-0000-7000-8000-00000000dead");
    for (method, path) in [("GET", path.clone()), ("PUT", path.clone()), ("GET", format!("{path}/versions"))] {
        let answer = house.ask(method, &path).by(MO).json(json!({ "body": "Text." })).await;
        assert_eq!(answer.refusal(), (404, "forum.no_such_post".to_owned()), "{method} {path}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn twenty_replies_at_once_are_numbered_without_gap_or_double(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = thread(&house).await;
    let bodies: Vec<_> = (0..20).map(|n| format!("Reply {n}.")).collect();
    let answers = join_all(bodies.iter().map(|body| house.replies(BO, &thread, body))).await;
    let mut numbers: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect(StatusCode::CREATED).json()["number"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=21).collect::<Vec<_>>());
    let read = house.thread(&thread).await;
    assert_eq!(read["post_count"], 21);
    let listed: Vec<_> = read["posts"]["items"].as_array().unwrap().iter().map(|post| post["number"].clone()).collect();
    assert_eq!(listed, (1..=21).map(Value::from).collect::<Vec<_>>());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn of_edits_made_at_once_from_one_version_exactly_one_wins(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let Started { post_id, .. } = thread(&house).await;
    for round in 1..=5 {
        let tag = format!("\"v{round}\"");
        let bodies: Vec<_> = (0..4).map(|n| format!("Round {round}, text {n}.")).collect();
        let edits = bodies.iter().map(|body| edit(&house, ADA, &post_id, Some(&tag), body));
        let (won, lost): (Vec<_>, Vec<_>) = join_all(edits).await.into_iter().partition(|a| a.status == StatusCode::OK);
        assert_eq!((won.len(), lost.len()), (1, 3), "round {round}");
        for refused in lost {
            assert_eq!(refused.refusal(), (412, "store.stale_version".to_owned()), "round {round}");
        }
        assert_eq!(house.read(&post_id).await, won[0].json(), "round {round}");
    }
}
