//! How much and how often: bodies and requests.

use crate::house::{House, settings, trusting};
use axum::body::Body;
use futures::stream;
use rstest::rstest;
use settings::{Http, RateLimit};
use std::convert::Infallible;

const JSON: (&str, &str) = ("content-type", "application/json");

fn limited() -> Http {
    Http { rate_limit: RateLimit { enabled: true, per_minute: 60, burst: 3 }, ..settings() }
}

#[tokio::test]
async fn body_larger_than_allowed_is_a_413() {
    let large = format!("\"{}\"", "x".repeat(2_000));
    let house = House::default();
    let told = house.post("/api/echo", &[JSON, ("content-length", "2002")], large.clone()).await;
    assert_eq!(told.problem(), (413, "request.too_large".to_owned()));
    // A body that does not say how long it is is cut off on the way.
    let untold = Body::from_stream(stream::iter([Ok::<_, Infallible>(large)]));
    assert_eq!(house.post("/api/echo", &[JSON], untold).await.problem(), (413, "request.too_large".to_owned()));
    assert_eq!(house.post("/api/echo", &[JSON], "\"small\"").await.status, 200);
    // Nor does a handler that reads for itself get more.
    let unread = Body::from_stream(stream::iter([Ok::<_, Infallible>("x".repeat(2_000))]));
    assert_eq!(house.post("/api/raw", &[], unread).await.status, 413);
    assert_eq!(house.post("/api/raw", &[], "small").await.text(), "5");
}

#[rstest]
#[case(JSON, "{ not json", 400, "request.malformed")]
#[case(("content-type", "text/plain"), "{}", 415, "request.unsupported_media_type")]
#[tokio::test]
async fn unreadable_body_is_refused_in_our_words(
    #[case] media: (&str, &str),
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] reason: &str,
) {
    let answer = House::default().post("/api/echo", &[media], body).await;
    assert_eq!(answer.problem(), (status, reason.to_owned()));
}

#[tokio::test]
async fn allowance_is_told_and_then_spent() {
    let house = House::with(limited());
    for left in ["2", "1", "0"] {
        let answer = house.get("/api/whoami", &[]).await;
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, left));
        assert_eq!(answer.header("ratelimit-limit"), "3");
    }
    let refused = house.get("/api/whoami", &[]).await;
    assert_eq!(refused.problem(), (429, "request.rate_limited".to_owned()));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-reset")), ("1", "1"));
    assert_eq!(refused.header("ratelimit-remaining"), "0");
}

#[tokio::test]
async fn probes_and_style_sheets_cost_nothing() {
    let house = House::with(limited());
    for path in ["/health/live", "/assets/app.css", "/metrics"].repeat(4) {
        let answer = house.get(path, &[]).await;
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(answer.header("ratelimit-limit"), "", "{path}");
    }
    assert_eq!(house.get("/api/whoami", &[]).await.header("ratelimit-remaining"), "2");
}

#[tokio::test]
async fn everybody_has_an_allowance_of_their_own() {
    let house =
        House::with(Http { rate_limit: limited().rate_limit, ..trusting(&["10.0.0.0/8"]) }).seen_from("10.0.0.1");
    for client in ["203.0.113.5", "203.0.113.6"] {
        for left in ["2", "1", "0"] {
            let answer = house.get("/api/whoami", &[("x-forwarded-for", client)]).await;
            assert_eq!(answer.header("ratelimit-remaining"), left, "{client}");
        }
        assert_eq!(house.get("/api/whoami", &[("x-forwarded-for", client)]).await.status, 429, "{client}");
    }
}

#[tokio::test]
async fn stranger_does_not_get_more_by_inventing_addresses() {
    let house = House::with(limited()).seen_from("198.51.100.9");
    let mut statuses = Vec::new();
    for invented in ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"] {
        statuses.push(house.get("/api/whoami", &[("x-forwarded-for", invented)]).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[tokio::test]
async fn refusals_and_redirects_tell_the_allowance_too() {
    let house = House::with(limited());
    assert_eq!(house.get("/members", &[("accept", "text/html")]).await.header("ratelimit-remaining"), "2");
    assert_eq!(house.get("/nothing", &[]).await.header("ratelimit-remaining"), "1");
}
