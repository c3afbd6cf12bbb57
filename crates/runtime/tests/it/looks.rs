//! What answers look like: refusals in each shape, names for requests, security headers, compression.

use crate::house::{House, OpenDoor, settings};
use rstest::rstest;
use settings::Http;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const JSEND: (&str, &str) = ("accept", "application/json; profile=jsend");

#[tokio::test]
async fn panic_is_a_500_that_tells_nothing() {
    let answer = House::default().get("/panics", &[]).await;
    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
}

#[tokio::test]
async fn cause_of_a_failure_stays_inside() {
    for look in [BROWSER, JSEND, ("accept", "*/*")] {
        let answer = House::default().get("/breaks", &[look]).await;
        assert_eq!(answer.status, 500);
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn whatever_is_not_there_is_a_404_problem() {
    let house = House::default();
    assert_eq!(house.get("/api/nothing", &[]).await.problem(), (404, "request.no_route".to_owned()));
    assert_eq!(house.get("/number/300", &[]).await.problem(), (404, "request.no_route".to_owned()));
}

#[tokio::test]
async fn grpc_client_learns_in_its_own_words_that_nothing_is_there() {
    let grpc = ("content-type", "application/grpc+proto");
    let answer = House::default().post("/polity.no.v1.Such/Call", &[grpc], "").await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, "12"));
    assert_eq!(
        (answer.header("content-type"), answer.header("polity-reason")),
        ("application/grpc", "request.no_route")
    );
    let web = ("content-type", "application/grpc-web");
    assert_eq!(House::default().post("/polity.no.v1.Such/Call", &[web], "").await.problem().0, 404);
}

#[tokio::test]
async fn wrong_method_is_a_405_that_names_the_right_ones() {
    let answer = House::default().send("DELETE", "/api/whoami", &[], "").await;
    assert_eq!(answer.problem(), (405, "request.method_not_allowed".to_owned()));
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
}

#[tokio::test]
async fn request_id_is_echoed_when_it_is_harmless() {
    let answer = House::default().get("/api/whoami", &[("x-request-id", "Trace-77")]).await;
    assert_eq!(answer.header("x-request-id"), "Trace-77");
    assert_eq!(answer.json()["request_id"], "Trace-77");
}

#[rstest]
#[case("")]
#[case("two words")]
#[case("<script>")]
#[case("a;b")]
#[case("0123456789012345678901234567890123456789012345678901234567890123456789")]
#[tokio::test]
async fn request_id_that_could_do_harm_is_replaced(#[case] hostile: &str) {
    let answer = House::default().get("/api/whoami", &[("x-request-id", hostile)]).await;
    let given = answer.header("x-request-id");
    assert!(given.len() == 32 && given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{given}");
    assert_eq!(answer.json()["request_id"], given);
}

#[rstest]
#[case("/api/whoami", 200)]
#[case("/nothing", 404)]
#[case("/panics", 500)]
#[case("/members", 303)]
#[case("/busy", 503)]
#[tokio::test]
async fn every_answer_carries_the_security_headers(#[case] path: &str, #[case] status: u16) {
    let answer = House::default().get(path, &[BROWSER]).await;
    assert_eq!(answer.status, status);
    let policy = answer.header("content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{path}: {policy:?}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "strict-origin-when-cross-origin");
    assert!(!answer.headers.contains_key("strict-transport-security"), "not over plain HTTP");
}

#[tokio::test]
async fn secure_sites_ask_to_be_visited_securely() {
    let house = House::with(Http { public_url: "https://polity.test".to_owned(), ..settings() });
    let answer = house.get("/api/whoami", &[]).await;
    assert!(answer.header("strict-transport-security").starts_with("max-age="), "{:?}", answer.headers);
}

#[tokio::test]
async fn browser_gets_a_page_and_a_program_a_problem() {
    let house = House::default();
    let page = house.get("/nothing", &[BROWSER]).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text().contains("<h1>Not Found</h1>"), "{}", page.text());
    // What lies under /api is for programs, whoever calls it.
    assert_eq!(house.get("/api/nothing", &[BROWSER]).await.problem().0, 404);
}

#[tokio::test]
async fn guest_is_sent_to_log_in_and_back_again() {
    let house = House::default();
    let sent = house.get("/members?tab=new&q=a%20b", &[BROWSER]).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/login?next=/members%3Ftab%3Dnew%26q%3Da%2520b"));
    let told = house.get("/members", &[]).await;
    assert_eq!(told.problem(), (401, "access.log_in".to_owned()));
    assert!(told.header("www-authenticate").starts_with("Bearer"), "{:?}", told.headers);
}

#[tokio::test]
async fn jsend_wraps_both_ways_on_request() {
    let house = House::default();
    let well = house.post("/api/echo", &[JSEND, ("content-type", "application/json")], r#"{"a":1}"#).await;
    assert_eq!(well.json(), serde_json::json!({ "status": "success", "data": { "a": 1 } }));
    let theirs = house.get("/api/nothing", &[JSEND]).await.json();
    assert_eq!((&theirs["status"], &theirs["data"]["reason"]), (&"fail".into(), &"request.no_route".into()));
    let ours = house.get("/breaks", &[JSEND]).await.json();
    assert_eq!((&ours["status"], &ours["code"]), (&"error".into(), &"internal".into()));
    assert!(!ours["message"].as_str().unwrap().is_empty());
    // What is no JSON stays what it is.
    assert!(house.get("/long", &[JSEND]).await.text().starts_with("many words"));
}

#[tokio::test]
async fn refusal_keeps_what_the_handler_said_in_headers() {
    let answer = House::default().get("/cookie", &[]).await;
    assert_eq!((answer.problem().0, answer.header("set-cookie")), (404, "crumb=1"));
}

#[tokio::test]
async fn handler_that_wrote_its_own_words_keeps_them() {
    let answer = House::default().post("/form", &[BROWSER], "").await;
    assert_eq!((answer.status, answer.text()), (422, "<form>again</form>"));
}

#[tokio::test]
async fn unavailable_answers_say_when_to_come_back() {
    let house = House::default();
    assert_eq!(house.get("/busy", &[]).await.header("retry-after"), "7");
    assert_eq!(house.get("/api/whoami", &[("authorization", "Bearer elsewhere")]).await.header("retry-after"), "1");
}

#[tokio::test]
async fn explanation_is_for_moderators_only() {
    let house = House::deciding(settings(), Arc::new(OpenDoor));
    let member = house.get("/locked", &[("authorization", "Bearer ada")]).await;
    assert_eq!(member.problem(), (403, "access.forbidden".to_owned()));
    assert!(member.json().get("explanation").is_none(), "{}", member.text());
    let moderator = house.get("/locked", &[("authorization", "Bearer mo")]).await;
    assert_eq!(moderator.json()["explanation"]["would_need"][0], "forum/moderators_lock");
}

#[tokio::test(start_paused = true)]
async fn answer_that_never_comes_is_given_up() {
    let began = Instant::now();
    let answer = House::default().get("/hangs", &[]).await;
    assert_eq!(answer.problem(), (503, "request.deadline_exceeded".to_owned()));
    let waited = began.elapsed();
    assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&waited), "{waited:?}");
}

#[rstest]
#[case("gzip")]
#[case("br")]
#[tokio::test]
async fn long_answers_are_compressed_when_asked(#[case] coding: &str) {
    let house = House::default();
    let packed = house.get("/long", &[("accept-encoding", coding)]).await;
    assert_eq!(packed.header("content-encoding"), coding);
    assert!(packed.body.len() < 1_000, "{} bytes", packed.body.len());
    assert_eq!(house.get("/long", &[]).await.header("content-encoding"), "");
    assert_eq!(house.get("/events", &[("accept-encoding", coding)]).await.header("content-encoding"), "");
    let plain = House::with(Http { compression: false, ..settings() });
    assert_eq!(plain.get("/long", &[("accept-encoding", coding)]).await.header("content-encoding"), "");
}
