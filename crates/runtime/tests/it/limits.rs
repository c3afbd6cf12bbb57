//! How much and how often: bodies and requests.

use crate::house::{House, settings, trusting};
use axum::body::Body;
use engine_memory::MemoryLimiter;
use engine_redis::{RedisLimiter, RedisServers};
use futures::stream;
use kernel::{Fault, Quota, RateLimiter, Verdict};
use rstest::rstest;
use runtime::http::SharedLimiter;
use settings::{Http, RateLimit};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::{EphemeralRedis, eventually};

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

#[tokio::test]
async fn account_has_one_allowance_from_everywhere() {
    let counts: Arc<dyn RateLimiter> = Arc::new(MemoryLimiter::default());
    let from = |peer: &str| House::counted_by(limited(), Arc::clone(&counts)).seen_from(peer);
    let (home, work, away) = (from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3"));
    let ada = [("authorization", "Bearer ada")];
    for (place, left) in [(&home, "2"), (&work, "1"), (&away, "0")] {
        let answer = place.get("/api/whoami", &ada).await;
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, left), "the tighter one is told");
    }
    let refused = home.get("/api/whoami", &ada).await;
    assert_eq!(refused.problem(), (429, "request.rate_limited".to_owned()));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-reset")), ("1", "1"));
    assert_eq!(home.get("/api/whoami", &[("authorization", "Bearer mo")]).await.status, 200, "others have their own");
}

/// What a process counts with whose Redis is at `server`.
fn sharing(server: &EphemeralRedis) -> Arc<dyn RateLimiter> {
    let port = server.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let shared = RedisLimiter::on(&RedisServers::single("127.0.0.1", port)).unwrap();
    let own = Arc::new(MemoryLimiter::default());
    Arc::new(SharedLimiter::new(Arc::new(shared), own, Duration::from_secs(2)))
}

#[tokio::test]
async fn two_processes_share_one_limit_and_count_alone_while_redis_is_gone() {
    let Some(mut server) = EphemeralRedis::start(&[]).await else { return };
    let slow = || Http { rate_limit: RateLimit { enabled: true, per_minute: 1, burst: 3 }, ..settings() };
    let (one, two) = (House::counted_by(slow(), sharing(&server)), House::counted_by(slow(), sharing(&server)));
    for (house, left) in [(&one, "2"), (&two, "1"), (&one, "0")] {
        let answer = house.get("/api/whoami", &[]).await;
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, left));
    }
    assert_eq!(two.get("/api/whoami", &[]).await.status, 429, "what the one let through the other knows");

    server.stop().await;
    for house in [&one, &two] {
        for left in ["2", "1", "0"] {
            let answer = house.get("/api/whoami", &[]).await;
            assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, left), "each counts alone");
        }
        assert_eq!(house.get("/api/whoami", &[]).await.status, 429, "and still counts");
    }

    server.restart().await;
    // Another address: what Redis has written down of the first one is not its matter here.
    let (one, two) = (one.seen_from("192.0.2.7"), two.seen_from("192.0.2.7"));
    eventually("they count together again", async || {
        let (first, second) = (one.get("/api/whoami", &[]).await, two.get("/api/whoami", &[]).await);
        // Alone each is refused at once by its own spent count; together both are, by the one at Redis.
        first.status == 429 && second.status == 429 && asked_redis(&server).await > 0
    })
    .await;
}

/// How many addresses Redis knows of.
async fn asked_redis(server: &EphemeralRedis) -> i64 {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("EXISTS").arg("polity:limit:http:address:192.0.2.7").query_async(&mut connection).await.unwrap()
}

/// Never answers, and knows how often it was asked.
#[derive(Default)]
struct Silent(AtomicUsize);

#[async_trait::async_trait]
impl RateLimiter for Silent {
    async fn check(&self, _: &str, _: &Quota) -> Result<Verdict, Fault> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

#[tokio::test]
async fn nobody_waits_for_a_silent_count_longer_than_once() {
    let silent = Arc::new(Silent::default());
    let own = Arc::new(MemoryLimiter::default());
    let shared = Arc::clone(&silent) as Arc<dyn RateLimiter>;
    let limiter = SharedLimiter::new(shared, own, Duration::from_millis(1));
    for _ in 0..50 {
        assert!(limiter.check("a", &Quota::per_minute(60, 100)).await.unwrap().allowed);
    }
    assert_eq!(silent.0.load(Ordering::SeqCst), 1, "it is asked once, and then left alone for a while");
}
