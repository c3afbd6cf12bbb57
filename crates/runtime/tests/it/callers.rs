//! Who is believed to call: credentials, forms of other sites, keys, addresses.

use crate::house::{House, settings, trusting};
use rstest::rstest;
use settings::Http;

const LIVE_SESSION: (&str, &str) = ("cookie", "theme=dark; polity_session=ada");
const DEAD_SESSION: (&str, &str) = ("cookie", "polity_session=expired");
const UNKNOWABLE_SESSION: (&str, &str) = ("cookie", "polity_session=elsewhere");

#[tokio::test]
async fn cookie_and_bearer_both_say_who_calls() {
    let house = House::default();
    for shown in [LIVE_SESSION, ("authorization", "Bearer ada")] {
        assert_eq!(house.get("/api/whoami", &[shown]).await.json()["who"], "Ada");
    }
    assert_eq!(house.get("/api/whoami", &[]).await.json()["who"], "");
}

#[tokio::test]
async fn bearer_is_asked_before_the_cookie() {
    let shown = [LIVE_SESSION, ("authorization", "Bearer mo")];
    assert_eq!(House::default().get("/api/whoami", &shown).await.json()["who"], "Mo");
}

#[tokio::test]
async fn secure_sites_know_only_the_host_bound_cookie() {
    let house = House::with(Http { public_url: "https://polity.test".to_owned(), ..settings() });
    assert_eq!(house.get("/api/whoami", &[LIVE_SESSION]).await.json()["who"], "");
    let bound = ("cookie", "__Host-polity_session=ada");
    assert_eq!(house.get("/api/whoami", &[bound]).await.json()["who"], "Ada");
}

#[tokio::test]
async fn ended_session_makes_a_guest_and_a_bad_token_is_refused() {
    let house = House::default();
    for method in ["GET", "POST"] {
        assert_eq!(house.send(method, "/api/whoami", &[DEAD_SESSION], "").await.json()["who"], "");
    }
    let refused = house.get("/api/whoami", &[("authorization", "Bearer forged")]).await;
    assert_eq!(refused.problem(), (401, "access.credential_rejected".to_owned()));
}

#[tokio::test]
async fn while_nobody_can_tell_browsers_read_as_guests_and_write_nothing() {
    let house = House::default();
    assert_eq!(house.get("/api/whoami", &[UNKNOWABLE_SESSION]).await.json()["who"], "");
    let refused = house.post("/api/whoami", &[UNKNOWABLE_SESSION], "").await;
    assert_eq!(refused.problem(), (503, "portal.unavailable".to_owned()));
    let program = house.get("/api/whoami", &[("authorization", "Bearer elsewhere")]).await;
    assert_eq!(program.problem(), (503, "portal.unavailable".to_owned()));
}

#[tokio::test]
async fn idempotency_key_reaches_the_handler() {
    let answer = House::default().post("/api/whoami", &[("idempotency-key", "order 7")], "").await;
    assert_eq!(answer.json()["key"], "order 7");
}

#[rstest]
#[case(String::new())]
#[case("é".to_owned())]
#[case("k".repeat(256))]
#[tokio::test]
async fn malformed_idempotency_key_is_a_400(#[case] key: String) {
    let answer = House::default().post("/api/whoami", &[("idempotency-key", &key)], "").await;
    assert_eq!(answer.problem(), (400, "request.idempotency_key_malformed".to_owned()));
}

#[tokio::test]
async fn handler_learns_how_long_somebody_waits() {
    // The clock stands at the beginning of 2030, and a request may take 30 s.
    let answer = House::default().get("/api/whoami", &[]).await;
    assert_eq!(answer.json()["deadline"], "2030-01-01T00:00:30+00:00");
}

#[rstest]
#[case::other_site(&[("sec-fetch-site", "cross-site")])]
#[case::other_subdomain(&[("sec-fetch-site", "same-site")])]
#[case::old_browser(&[("origin", "https://evil.test")])]
#[case::sandboxed_page(&[("origin", "null")])]
#[tokio::test]
async fn form_of_another_site_is_refused(#[case] headers: &[(&str, &str)]) {
    let mut headers = headers.to_vec();
    headers.push(LIVE_SESSION);
    let refused = House::default().post("/api/whoami", &headers, "").await;
    assert_eq!(refused.problem(), (403, "request.cross_site".to_owned()));
}

#[rstest]
#[case::own_page(&[("sec-fetch-site", "same-origin")])]
#[case::typed_by_hand(&[("sec-fetch-site", "none")])]
#[case::old_browser(&[("origin", "http://polity.test")])]
#[case::program_without_origin(&[("authorization", "Bearer ada")])]
#[tokio::test]
async fn own_form_or_program_is_let_in(#[case] headers: &[(&str, &str)]) {
    assert_eq!(House::default().post("/api/whoami", headers, "").await.status, 200);
}

#[tokio::test]
async fn named_site_may_call_with_a_token_and_no_other_may() {
    let house = House::with(Http { cors_origins: vec!["https://app.test".to_owned()], ..settings() });
    let ask = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ]
    };
    let told = house.send("OPTIONS", "/api/whoami", &ask("https://app.test"), "").await;
    assert_eq!(told.header("access-control-allow-origin"), "https://app.test");
    assert_eq!(told.header("access-control-allow-headers"), "authorization");
    let other = house.send("OPTIONS", "/api/whoami", &ask("https://evil.test"), "").await;
    assert_eq!(other.header("access-control-allow-origin"), "");

    let call = [("origin", "https://app.test"), ("sec-fetch-site", "cross-site"), ("authorization", "Bearer ada")];
    let answer = house.post("/api/whoami", &call, "").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "https://app.test"));
    assert!(answer.header("access-control-expose-headers").contains("etag"), "{:?}", answer.headers);
}

#[rstest]
#[case::stranger_is_not_believed("198.51.100.9", "203.0.113.5", "198.51.100.9")]
#[case::proxy_is_believed("10.0.0.1", "203.0.113.5", "203.0.113.5")]
#[case::right_most_untrusted_hop("10.0.0.1", "6.6.6.6, 203.0.113.5, 10.0.0.2", "203.0.113.5")]
#[case::proxies_alone("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1")]
#[case::no_address_ends_the_search("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1")]
#[case::port_ends_the_search("10.0.0.1", "6.6.6.6, 203.0.113.5:4711, 10.0.0.2", "10.0.0.1")]
#[case::mapped_address("10.0.0.1", "2001:db8::5", "2001:db8::5")]
#[tokio::test]
async fn forwarded_address_is_the_right_most_untrusted_hop(
    #[case] peer: &str,
    #[case] forwarded: &str,
    #[case] address: &str,
) {
    let house = House::with(trusting(&["10.0.0.0/8"])).seen_from(peer);
    let answer = house.get("/api/whoami", &[("x-forwarded-for", forwarded)]).await;
    assert_eq!(answer.json()["address"], address);
}

#[tokio::test]
async fn forwarded_hops_in_several_headers_are_one_list() {
    let house = House::with(trusting(&["10.0.0.0/8"])).seen_from("10.0.0.1");
    let hops = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "10.0.0.2")];
    assert_eq!(house.get("/api/whoami", &hops).await.json()["address"], "203.0.113.5");
}

#[tokio::test]
async fn name_of_the_program_is_cut_to_a_sane_length() {
    let long = "x".repeat(1_000);
    let answer = House::default().get("/api/whoami", &[("user-agent", &long)]).await;
    assert_eq!(answer.json()["agent"].as_str().unwrap().len(), 200);
}
