//! The same journey in a real browser, with JavaScript and without.

use crate::stack::{Stack, Topology};
use rstest::rstest;
use testkit::{Browser, Engine, Session};

const PASSWORD: &str = "correct horse battery";

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::split_on_sqlite(Topology::Split, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reply_of_one_person_appears_on_the_other_ones_open_page(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(browser) = Browser::start().await else { return };
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let founder = browser.session().await;
    found(&founder, &stack).await;
    make_category(&founder, &stack).await;

    let ada = browser.session().await;
    register(&ada, &stack, "ada").await;
    start_thread(&ada, &stack).await;
    let thread = ada.url().await;

    // Bo has scripts switched off and can do everything all the same.
    let bo = browser.session_without_javascript().await;
    register(&bo, &stack, "bob").await;
    bo.open(&thread).await;
    ada.see("Live").await;
    bo.fill("Your reply", "I will bring **tomatoes**.").await;
    bo.press("Preview").await;
    bo.see("tomatoes").await;
    bo.press("Post reply").await;
    bo.see("tomatoes").await;
    ada.see("I will bring tomatoes.").await;

    founder.open(&format!("{}/audit", stack.url)).await;
    founder.see("forum.post_reply").await;
    log_out(&ada).await;
    for session in [&founder, &ada] {
        assert_eq!(session.console_errors().await, Vec::<String>::new());
    }
}

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::all_in_one_on_postgres(Topology::AllInOne, Engine::Postgres)]
#[case::split_on_sqlite(Topology::Split, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::all_in_one_on_mariadb(Topology::AllInOne, Engine::MariaDb)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_forgot_their_password_gets_back_in_by_mail(#[case] topology: Topology, #[case] engine: Engine) {
    let Some(browser) = Browser::start().await else { return };
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let ada = browser.session().await;
    register(&ada, &stack, "ada").await;
    let elsewhere = browser.session_without_javascript().await;
    elsewhere.open(&format!("{}/login", stack.url)).await;
    elsewhere.follow("Forgotten your password?").await;
    elsewhere.fill("E-mail", "ada@example.org").await;
    elsewhere.press("Send me the link").await;
    elsewhere.see("Look at your mail").await;
    testkit::eventually("the mail arrives", async || {
        elsewhere.open(&format!("{}/mailbox", stack.url)).await;
        elsewhere.text().await.contains("Set a new password")
    })
    .await;
    elsewhere.follow("Set a new password").await;
    let mail = elsewhere.text().await;
    let link = mail.split_whitespace().find(|word| word.contains("/reset-password/")).expect("the mail has a link");
    elsewhere.follow(link).await;
    elsewhere.fill("New password", "quite another sentence").await;
    elsewhere.press("Set the password").await;
    elsewhere.wait_for("form[action='/logout']").await;
    testkit::eventually("the other browser is logged out", async || {
        ada.open(&format!("{}/account", stack.url)).await;
        ada.url().await.contains("/login")
    })
    .await;
}

async fn found(session: &Session, stack: &Stack) {
    session.open(&format!("{}{}", stack.url, stack.setup_path().await)).await;
    session.fill("email", "founder@example.org").await;
    session.fill("handle", "founder").await;
    session.fill("display_name", "Fay Founder").await;
    session.fill("password", PASSWORD).await;
    session.script("document.querySelector('main form button[type=submit], main form button').click()").await;
    session.wait_for("form[action='/logout']").await;
}

async fn make_category(session: &Session, stack: &Stack) {
    testkit::eventually("the founder becomes an administrator", async || {
        session.open(&format!("{}/", stack.url)).await;
        session.text().await.contains("New category")
    })
    .await;
    session.open(&format!("{}/categories/new", stack.url)).await;
    session.fill("name", "Garden").await;
    session.fill("slug", "garden").await;
    session.fill("description", "Everything that grows.").await;
    session.press("Make the category").await;
    session.see("Everything that grows.").await;
}

pub(crate) async fn register(session: &Session, stack: &Stack, handle: &str) {
    session.open(&format!("{}/register", stack.url)).await;
    session.fill("email", &format!("{handle}@example.org")).await;
    session.fill("handle", handle).await;
    session.fill("display_name", &format!("Member {handle}")).await;
    session.fill("password", PASSWORD).await;
    session.press("Register").await;
    session.wait_for("form[action='/logout']").await;
}

async fn start_thread(session: &Session, stack: &Stack) {
    session.open(&format!("{}/new", stack.url)).await;
    session.fill("title", "Who plants what?").await;
    session.fill("category", "Garden").await;
    session.fill("body", "# Beds\n\nI take the *first* one.").await;
    session.press("Start the thread").await;
    session.see("I take the first one.").await;
}

pub(crate) async fn log_out(session: &Session) {
    session.script("document.querySelector('form[action=\"/logout\"]').requestSubmit()").await;
    session.see("Log in").await;
}
