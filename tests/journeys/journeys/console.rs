//! The console of tasks: who may open it, what it shows when a module is gone, what runs its work, and the same at a
//! shell.

use crate::client::Client;
use crate::stack::{Stack, Topology};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Browser, Engine, eventually, free_ports};

const BROWSER: (&str, &str) = ("accept", "text/html");

/// The modules that do not answer the console.
async fn silent(founder: &Client) -> Vec<String> {
    let queues = founder.get("/api/v1/platform/queues").await.ok();
    let silent = queues["silent"].as_array().unwrap().iter();
    silent.map(|module| module["module"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_see_every_modules_tasks_and_nobody_else_does(
    #[case] topology: Topology,
    #[case] engine: Engine,
) {
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = stack.founder().await;
    let ada = Client::new(&stack.url).join("ada").await;
    eventually("the founder is an administrator", async || {
        founder.get("/api/v1/platform/queues").await.status.is_success()
    })
    .await;
    for path in ["queues", "throughput", "tasks", "tasks/count", "schedules", "sagas"] {
        let path = format!("/api/v1/platform/{path}");
        assert_eq!(founder.get(&path).await.ok()["silent"], json!([]), "{path}");
        assert_eq!(ada.get(&path).await.status.as_u16(), 403, "{path}");
        assert_eq!(Client::new(&stack.url).get(&path).await.status.as_u16(), 401, "{path}");
    }
    let nothing = founder.post("/api/v1/platform/tasks/redrive", &json!({})).await.ok();
    assert_eq!(nothing["count"], 0);
    let refused = ada.post("/api/v1/platform/tasks/redrive", &json!({})).await;
    assert_eq!(refused.status.as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn console_names_the_module_that_is_gone_and_shows_the_others() {
    let Some(mut stack) = Stack::start(Topology::Split, Engine::Sqlite).await else { return };
    let founder = stack.founder().await;
    let cookie = founder.session_cookie("founder@example.org", "correct horse battery").await;
    eventually("everybody answers", async || {
        founder.get("/api/v1/platform/queues").await.status.is_success() && silent(&founder).await.is_empty()
    })
    .await;

    stack.kill("run-forum").await;
    eventually("the forum is named", async || silent(&founder).await == ["forum"]).await;
    let page = Client::new(&stack.url).get_with("/platform/tasks", &[BROWSER, ("cookie", &cookie)]).await;
    assert!(page.status.is_success() && page.text.contains("forum does not answer"), "{page:?}");

    stack.start_again("run-forum").await;
    eventually("the forum answers again", async || silent(&founder).await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_do_tasks_answer_for_their_health_alone() {
    let Some(mut stack) = Stack::start(Topology::Split, Engine::Sqlite).await else { return };
    for command in ["run-forum-taskmill-worker", "run-forum-taskmill-scheduler"] {
        let ports = free_ports(2);
        stack.run(command, ports[0], ports[1]).await;
        let process = Client::new(&format!("http://127.0.0.1:{}", ports[0]));
        eventually("it is ready", async || process.get("/health/ready").await.status.is_success()).await;
        for path in ["/", "/api/v1/forum/threads", "/api/docs"] {
            assert_eq!(process.get(path).await.status.as_u16(), 404, "{command} {path}");
        }
        assert!(std::net::TcpStream::connect(("127.0.0.1", ports[1])).is_err(), "{command} offers portals");
        // It drains when it is told to, with nothing to hand back.
        stack.process(command).terminate().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn console_opens_from_the_navigation() {
    let Some(browser) = Browser::start().await else { return };
    let Some(stack) = Stack::start(Topology::AllInOne, Engine::Sqlite).await else { return };
    stack.founder().await;
    let session = browser.session().await;
    session.open(&format!("{}/login", stack.url)).await;
    session.fill("email", "founder@example.org").await;
    session.fill("password", "correct horse battery").await;
    session.press("Log in").await;
    session.wait_for("form[action='/logout']").await;
    eventually("the founder becomes an administrator", async || {
        session.open(&format!("{}/", stack.url)).await;
        session.text().await.contains("Tasks")
    })
    .await;
    session.follow("Tasks").await;
    session.see("The last hour").await;
    for (tab, words) in [("Search", "Every module's tasks"), ("Schedules", "by the clock"), ("Sagas", "Stuck ones")] {
        session.follow(tab).await;
        session.see(words).await;
    }
    assert_eq!(session.console_errors().await, Vec::<String>::new());
}

#[test]
fn shell_tells_the_same_beside_the_databases() {
    let said = crate::configuration::polity(&["platform", "tasks", "list", "--json"], &[]);
    assert!(said.success, "{}", said.said);
    let found: Value = serde_json::from_str(&said.said).unwrap();
    assert_eq!(found, json!({ "items": [], "next": null, "silent": [] }));
    let words = crate::configuration::polity(&["platform", "sagas", "list"], &[]);
    assert!(words.success && words.said == "No sagas.\n", "{}", words.said);
    let nothing = "00000000-0000-0000-0000-000000000001";
    let refused = crate::configuration::polity(&["platform", "tasks", "show", "nowhere", nothing], &[]);
    assert!(!refused.success && refused.said.contains("platform.no_such_desk"), "{}", refused.said);
}
