//! Two communities in one installation: each at its own address, neither anything to the other.

mod cases;

use crate::client::Client;
use crate::stack::{Stack, Topology};
use cases::{Case, Things, case};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, eventually};

const COMMUNITIES: &str = "/api/v1/admin/communities";

/// What a browser sends that wants to speak WebSocket.
const WEBSOCKET: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// A community of that short name at `<slug>.example`, and its first administrator, logged in there.
async fn community(stack: &Stack, operator: &Client, slug: &str) -> Client {
    let body = json!({ "slug": slug, "name": format!("The {slug}"), "domains": [format!("{slug}.example")] });
    eventually("the founder runs the installation", async || {
        let answer = operator.post(COMMUNITIES, &body).await;
        answer.status.as_u16() == 201 || answer.status.as_u16() == 409
    })
    .await;
    let line = stack.shell(&["auth", "setup-link", "--community", slug]);
    let path = &line[line.find("/welcome/").unwrap()..];
    let there = Client::new(&stack.url).in_community(slug);
    let (email, password) = (format!("{slug}@example.org"), "correct horse battery");
    let form = [("email", email.as_str()), ("handle", slug), ("display_name", slug), ("password", password)];
    let answer = there.post_form(path.trim(), &form).await;
    assert!(answer.status.is_redirection(), "{answer:?}");
    let administrator = there.log_in(&email, password).await;
    eventually("its founder runs it", async || administrator.get("/api/v1/admin/people").await.status.is_success())
        .await;
    administrator
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::split_on_sqlite(Topology::Split, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_endpoint_gives_away_what_another_community_has(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = stack.founder().await;
    let things = Things::of(&founder).await;
    let garden = community(&stack, &founder, "garden").await;
    let document = garden.get("/api/openapi.json").await.ok();
    let (mut tried, mut wrong, mut asked) = (0, Vec::new(), String::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete", "patch"].into_iter().filter(|method| item.get(method).is_some())
        {
            let operation = format!("{} {path}", method.to_uppercase());
            let Some(case) = case(&operation) else {
                wrong.push(format!("{operation}: no case says what it does to another community's ids"));
                continue;
            };
            tried += 1;
            let (body, refuses) = match &case {
                Case::Own => continue,
                Case::Refuses(body) => (things.body(body), true),
                Case::ShowsNothing(body) => (things.body(body), false),
            };
            let path = things.path(path);
            let answer = match path.ends_with("/ws") {
                true => garden.get_with(&path, &WEBSOCKET).await,
                false => garden.send_as(method, &path, &body).await,
            };
            let status = answer.status.as_u16();
            let is_refusal = [403, 404].contains(&status) || answer.text.contains("is nobody of this community");
            // Where nothing is kept yet there is nothing to be shown.
            let fits = if refuses { is_refusal } else { answer.status.is_success() || status == 404 };
            if !fits {
                wrong.push(format!("{operation}: {status} {}", answer.text));
            }
            // A record names what its own community asked for, in vain.
            asked = format!("{asked} {path} {body}");
            let own = if path.starts_with("/api/v1/audit/") { asked.clone() } else { format!("{path} {body}") };
            let named = things.named_in(&answer.text, &own);
            if !named.is_empty() {
                wrong.push(format!("{operation}: names {named:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 60, "{tried}");
    nothing_of_it_changed(&founder, &things).await;
    log_ins_hold_where_they_were_made(&stack, &founder, &garden).await;
    links_in_mail_lead_to_the_community(&stack, &garden).await;
}

async fn nothing_of_it_changed(founder: &Client, things: &Things) {
    let thread = founder.get(&things.path("/api/v1/forum/threads/{id}")).await.ok();
    assert_eq!((&thread["locked"], founder.posts(things.id("thread")).await.len()), (&json!(false), 1), "{thread}");
    let flag = founder.get("/api/v1/admin/flags/only-ours").await.ok();
    assert_eq!(flag["version"], 1, "{flag}");
    let standings = founder.get("/api/v1/admin/standings").await.ok();
    assert_eq!(standings["items"][0]["holders"].as_array().map(Vec::len), Some(1), "{standings}");
    let policies = founder.get("/api/v1/admin/policies").await.ok();
    assert_eq!(policies["items"][0]["status"], "proposed", "{policies}");
    for path in ["/api/v1/auth/service-accounts/{id}/keys", "/api/v1/auth/invitations"] {
        let kept = founder.get(&things.path(path)).await.ok();
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
    }
}

/// Pages, sessions and tokens: each is good in its own community, and a stranger's in every other.
async fn log_ins_hold_where_they_were_made(stack: &Stack, founder: &Client, garden: &Client) {
    let abroad = founder.in_community("garden").get("/api/v1/auth/me").await;
    assert_eq!((abroad.status.as_u16(), abroad.reason().as_str()), (401, "access.credential_rejected"));
    let at_home = garden.get("/api/v1/auth/me").await.ok();
    assert_eq!(at_home["handle"], "garden");
    assert_eq!(garden.in_community("main").get("/api/v1/auth/me").await.status.as_u16(), 401);
    let cookie = Client::new(&stack.url).session_cookie("founder@example.org", "correct horse battery").await;
    let page = |host: &'static str| {
        let (stack, cookie) = (Client::new(&stack.url), cookie.clone());
        async move { stack.get_with("/", &[("host", host), ("cookie", &cookie), ("accept", "text/html")]).await.text }
    };
    let (home, next_door) = (page("127.0.0.1").await, page("garden.example").await);
    assert!(home.contains("Fay Founder") && home.contains("secrets"), "{home}");
    assert!(!next_door.contains("Fay Founder") && !next_door.contains("secrets"), "{next_door}");
    assert!(next_door.contains("The garden") && next_door.contains("/login"), "{next_door}");
    // The same handle and the same address are another person's there.
    let body = json!({ "email": "founder@example.org", "handle": "founder", "display_name": "F", "password": "another horse battery" });
    Client::new(&stack.url).in_community("garden").post("/api/v1/auth/register", &body).await.ok();
}

async fn links_in_mail_lead_to_the_community(stack: &Stack, garden: &Client) {
    garden.post("/api/v1/auth/password-resets", &json!({ "email": "garden@example.org" })).await.ok();
    let anybody = Client::new(&stack.url);
    eventually("the mail has come, and its link leads to the garden", async || {
        let list = anybody.get("/mailbox").await.text;
        let Some(at) = list.find("/mailbox/").filter(|_| list.contains("garden@example.org")) else { return false };
        let path = list[at..].split('"').next().unwrap();
        anybody.get(path).await.text.contains("http://garden.example:")
    })
    .await;
}

#[rstest]
#[case::all_in_one(Topology::AllInOne)]
#[case::split(Topology::Split)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn community_that_is_closed_or_read_only_says_so(#[case] topology: Topology) {
    let Some(stack) = Stack::start(topology, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let garden = community(&stack, &founder, "garden").await;
    let unknown = garden.in_community("nowhere").get("/api/v1/forum/categories").await;
    assert_eq!((unknown.status.as_u16(), unknown.reason().as_str()), (404, "community.unknown"));
    assert!(unknown.text.contains("nowhere"), "{}", unknown.text);
    let put = async |state: &str| {
        let answer = founder.put(&format!("{COMMUNITIES}/garden/state"), None, &json!({ "state": state })).await;
        assert!(answer.status.is_success(), "{answer:?}");
    };
    let write = async || {
        let body = json!({ "slug": "beds", "name": "Beds", "description": "Where things grow." });
        garden.post("/api/v1/forum/categories", &body).await
    };
    put("read_only").await;
    eventually("nobody writes", async || {
        let answer = write().await;
        !answer.status.is_success() && answer.reason() == "community.read_only"
    })
    .await;
    assert!(garden.get("/api/v1/forum/categories").await.status.is_success());
    garden.log_in("garden@example.org", "correct horse battery").await.get("/api/v1/auth/me").await.ok();
    put("suspended").await;
    eventually("nobody reads", async || {
        let answer = garden.get("/api/v1/forum/categories").await;
        answer.status.as_u16() == 403 && answer.reason() == "community.suspended"
    })
    .await;
    put("active").await;
    eventually("everything is as it was", async || {
        let answer = write().await;
        answer.status.is_success() || answer.status.as_u16() == 409
    })
    .await;
    let first = founder.put(&format!("{COMMUNITIES}/main/state"), None, &json!({ "state": "suspended" })).await;
    assert_eq!((first.status.as_u16(), first.reason().as_str()), (409, "admin.first_community"));
    let own = garden.put("/api/v1/admin/tenant", None, &json!({ "name": "Kitchen garden", "accent": "#ffcc00" })).await;
    assert_eq!((own.status.as_u16(), own.reason().as_str()), (422, "request.invalid"));
    garden.put("/api/v1/admin/tenant", None, &json!({ "name": "Kitchen garden", "accent": "#1f6f3f" })).await.ok();
    eventually("its pages show its name and colour", async || {
        let page = garden.get_with("/", &[("accept", "text/html")]).await.text;
        page.contains("Kitchen garden") && page.contains("/brand.css?1f6f3f")
    })
    .await;
    eventually("whoever serves the sheet has heard of it", async || {
        garden.get("/brand.css?1f6f3f").await.text.contains("#1f6f3f")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_of_another_region_names_the_right_address() {
    let Some(mut stack) = Stack::start(Topology::AllInOne, Engine::Postgres).await else { return };
    let founder = stack.founder().await;
    let body = json!({ "slug": "garden", "name": "The garden", "region": "eu", "domains": ["garden.example"] });
    eventually("the founder runs the installation", async || {
        [201, 409].contains(&founder.post(COMMUNITIES, &body).await.status.as_u16())
    })
    .await;
    // Beside the first process, over the same databases: it stands in another region.
    stack.set("POLITY_COMMUNITIES_REGION", "us");
    let port = testkit::free_ports(1)[0];
    stack.run("run-all-in-one", port, 0).await;
    let abroad = Client::new(&format!("http://127.0.0.1:{port}")).in_community("garden");
    let refused = abroad.get("/api/v1/forum/categories").await;
    assert_eq!((refused.status.as_u16(), refused.reason().as_str()), (421, "community.misdirected"));
    assert!(refused.text.contains("garden.example") && refused.text.contains("eu"), "{}", refused.text);
    let page = abroad.get_with("/", &[("accept", "text/html")]).await;
    assert!(page.status.as_u16() == 421 && page.text.contains("garden.example"), "{page:?}");
    let at_home = Client::new(&stack.url).in_community("garden");
    assert!(at_home.get("/api/v1/forum/categories").await.status.is_success());
    assert!(abroad.in_community("main").get("/api/v1/forum/categories").await.status.is_success());
}
