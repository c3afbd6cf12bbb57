//! Lists, page by page.

use crate::house::{ADA, API, House, text};
use kernel::Cursor;
use rstest::rstest;
use serde_json::Value;
use std::time::Duration;
use testkit::Engine;

/// What `field` says of every item, page after page.
async fn walk(house: &House, path: &str, limit: u32, field: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut next = format!("{path}?limit={limit}");
    loop {
        let page = house.get(&next).send().await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        seen.extend(items.iter().map(|item| item[field].clone()));
        let Some(cursor) = page["next"].as_str() else { return seen };
        assert_eq!(items.len(), limit as usize, "only the last page may be short");
        next = format!("{path}?limit={limit}&cursor={cursor}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn threads_of_one_instant_are_each_listed_once(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let mut titles = Vec::new();
    for n in 0..5 {
        titles.push(format!("Thread {n}"));
        house.starts(ADA, &titles[n], "Text.").await;
    }
    titles.reverse();
    for limit in [1, 2, 5] {
        let seen = walk(&house, &format!("{API}/threads"), limit, "title").await;
        assert_eq!(seen, titles, "{limit} at a time");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn threads_come_newest_first_however_fine_the_instants(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let mut titles = Vec::new();
    // Whole seconds, milliseconds and microseconds are written with different numbers of digits.
    for micros in [0, 1, 499_999, 1, 499_999, 999] {
        house.advance(Duration::from_micros(micros));
        titles.push(format!("Thread after {micros}, number {}", titles.len()));
        house.starts(ADA, &titles[titles.len() - 1], "Text.").await;
    }
    titles.reverse();
    assert_eq!(walk(&house, &format!("{API}/threads"), 1, "title").await, titles);
}

#[tokio::test]
async fn reply_brings_its_thread_to_the_front() {
    let house = House::new().await;
    let old = house.starts(ADA, "Old thread", "Text.").await;
    house.starts(ADA, "New thread", "Text.").await;
    house.advance(Duration::from_secs(1));
    house.fills(&old, 1).await;
    assert_eq!(walk(&house, &format!("{API}/threads"), 10, "title").await, ["Old thread", "New thread"]);
}

#[tokio::test]
async fn one_categorys_threads_are_found_by_short_name_and_by_id() {
    let house = House::new().await;
    let other = text(&house.makes_category("other").await["id"]);
    house.starts(ADA, "In help", "Text.").await;
    for (category, expected) in [("help", 1), (&*house.help().await, 1), ("other", 0), (&*other, 0)] {
        let listed = house.get(&format!("{API}/threads?category={category}")).send().await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), expected, "{category}");
    }
}

#[tokio::test]
async fn posts_come_oldest_first_page_by_page() {
    let house = House::new().await;
    let thread = house.starts(ADA, "A thread", "Text.").await;
    house.fills(&thread, 6).await;
    let path = format!("{API}/threads/{}/posts", thread.id);
    for limit in [3, 7] {
        assert_eq!(walk(&house, &path, limit, "number").await, (1..=7).map(Value::from).collect::<Vec<_>>());
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn forged_cursors_and_limits_are_refused_by_name(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let thread = house.starts(ADA, "A thread", "Text.").await;
    let (threads, posts) = (format!("{API}/threads"), format!("{API}/threads/{}/posts", thread.id));
    let of_posts = Cursor::of(&7).0;
    let of_threads = Cursor::of(&("2030-01-01T00:00:00Z", &thread.id)).0;
    // No engine has such a year.
    let of_no_time = Cursor::of(&("-262143-01-01T00:00:00Z", &thread.id)).0;
    for (path, query, field) in [
        (&threads, "cursor=%25%25%25".to_owned(), "cursor"),
        (&threads, "cursor=abc".to_owned(), "cursor"),
        (&threads, format!("cursor={of_posts}"), "cursor"),
        (&threads, format!("cursor={of_no_time}"), "cursor"),
        (&posts, format!("cursor={of_threads}"), "cursor"),
        (&threads, "limit=0".to_owned(), "limit"),
        (&threads, "limit=101".to_owned(), "limit"),
        (&posts, "limit=0".to_owned(), "limit"),
        (&posts, "limit=101".to_owned(), "limit"),
    ] {
        let answer = house.get(&format!("{path}?{query}")).send().await;
        assert_eq!(answer.status.as_u16(), 422, "{query}: {}", answer.text);
        assert_eq!(answer.fields(), [field], "{query}");
    }
    let worded = house.get(&format!("{threads}?limit=many")).send().await;
    assert_eq!(worded.refusal(), (422, "request.invalid".to_owned()));
}
