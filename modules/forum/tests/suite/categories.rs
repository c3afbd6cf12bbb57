//! Categories over REST.

use crate::house::{ADA, API, House, MO, ROOT};
use axum::http::{StatusCode, header};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

const PATH: &str = "/api/v1/forum/categories";

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn administrator_makes_categories_and_everybody_lists_them_in_that_order(#[case] engine: Engine) {
    let Some(house) = House::bare(engine).await else { return };
    assert_eq!(house.get(PATH).send().await.json(), json!({ "items": [] }));
    let input = json!({ "slug": "zebras", "name": "Zebras & co", "description": "Striped." });
    let made = house.post(PATH).by(ROOT).json(input).await.expect(StatusCode::CREATED);
    assert_eq!(made.header(header::LOCATION), "/c/zebras");
    for slug in ["ants", "moles", "bees", "cranes"] {
        house.makes_category(slug).await;
    }
    let listed = house.get(PATH).send().await.json();
    assert_eq!(listed["items"][0], made.json());
    let expected = json!({
        "id": made.json()["id"], "slug": "zebras", "name": "Zebras & co", "description": "Striped.", "thread_count": 0
    });
    assert_eq!(listed["items"][0], expected);
    let rest: Vec<_> = listed["items"].as_array().unwrap()[1..].iter().map(|item| &item["slug"]).collect();
    assert_eq!(rest, ["ants", "moles", "bees", "cranes"]);
}

#[tokio::test]
async fn only_administrators_make_categories_and_the_rest_learn_it_before_their_words_are_read() {
    let house = House::new().await;
    for (who, refusal) in
        [(None, (401, "access.log_in")), (Some(ADA), (403, "access.forbidden")), (Some(MO), (403, "access.forbidden"))]
    {
        let answer = house.post(PATH).by_anybody(who).raw_json("this is not JSON").await;
        assert_eq!(answer.refusal(), (refusal.0, refusal.1.to_owned()), "{who:?}");
    }
    let answer = house.post(PATH).by(ROOT).raw_json("this is not JSON").await;
    assert_eq!(answer.refusal(), (400, "request.malformed".to_owned()));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn short_name_belongs_to_one_category(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    let again = house.post(PATH).by(ROOT).json(json!({ "slug": "help", "name": "Help again" })).await;
    assert_eq!(again.refusal(), (409, "forum.slug_taken".to_owned()));
}

#[tokio::test]
async fn wrong_category_is_refused_by_field() {
    let house = House::new().await;
    let long = "x".repeat(301);
    for (input, field) in [
        (json!({ "slug": "Not a slug", "name": "Good" }), "slug"),
        (json!({ "slug": "good", "name": "x" }), "name"),
        (json!({ "slug": "good", "name": "Good", "description": long }), "description"),
    ] {
        let answer = house.post(PATH).by(ROOT).json(input).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]));
    }
    let all = house.post(PATH).by(ROOT).json(json!({ "slug": "", "name": "", "description": long })).await;
    assert_eq!(all.fields(), ["slug", "name", "description"]);
    let unknown = house.post(PATH).by(ROOT).json(json!({ "slug": "good", "name": "Good", "colour": "red" })).await;
    assert_eq!(unknown.refusal(), (422, "request.invalid".to_owned()));
}

#[tokio::test]
async fn category_counts_its_threads() {
    let house = House::new().await;
    house.makes_category("other").await;
    house.starts(ADA, "One thread", "Text.").await;
    house.starts(ADA, "Another thread", "Text.").await;
    let listed = house.get(&format!("{API}/categories")).send().await.json();
    assert_eq!((&listed["items"][0]["thread_count"], &listed["items"][1]["thread_count"]), (&json!(2), &json!(0)));
}
