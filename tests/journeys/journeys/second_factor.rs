//! Somebody protects their account with an authenticator app, and gets in with it, and without it.

use crate::browser::{log_out, register};
use crate::stack::{Stack, Topology};
use rstest::rstest;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::{Browser, Engine, Session};
use totp_rs::{Builder, Secret};

const PASSWORD: &str = "correct horse battery";

#[rstest]
#[case::all_in_one_on_sqlite(Topology::AllInOne, Engine::Sqlite)]
#[case::split_on_postgres(Topology::Split, Engine::Postgres)]
#[case::split_on_mariadb(Topology::Split, Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_with_an_app_asks_for_its_code_and_takes_a_recovery_code(
    #[case] topology: Topology,
    #[case] engine: Engine,
) {
    let Some(browser) = Browser::start().await else { return };
    let Some(stack) = Stack::start(topology, engine).await else { return };
    let ada = browser.session().await;
    register(&ada, &stack, "ada").await;
    ada.open(&format!("{}/account", stack.url)).await;
    ada.follow("Security").await;
    ada.follow("Set up an app").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Go on").await;
    ada.wait_for("svg[role=img] path").await;
    picture(&ada, "set-up-app-picture").await;
    let secret = ada.script("return document.querySelector('main code').textContent").await;
    let app = Secret::try_from_base32(secret.as_str().unwrap().replace(' ', "")).unwrap();
    ada.fill("Code", &code(&app, 0)).await;
    ada.press("Turn it on").await;
    ada.see("Keep these codes now").await;
    picture(&ada, "recovery-codes").await;
    let recovery = ada.script("return document.querySelector('main li code').textContent").await;
    ada.follow("I have kept them").await;
    ada.see("10 left").await;
    picture(&ada, "security-on").await;
    log_out(&ada).await;

    log_in(&ada, &stack).await;
    picture(&ada, "one-more-step").await;
    ada.fill("Code", "000000").await;
    ada.press("Log in").await;
    ada.see("wrong, too old, or was used before").await;
    // The code of now was spent when the app was set up.
    ada.fill("Code", &code(&app, 30)).await;
    ada.press("Log in").await;
    ada.wait_for("form[action='/logout']").await;

    let elsewhere = browser.session_without_javascript().await;
    log_in(&elsewhere, &stack).await;
    elsewhere.fill("Code", recovery.as_str().unwrap()).await;
    elsewhere.press("Log in").await;
    elsewhere.wait_for("form[action='/logout']").await;
    elsewhere.open(&format!("{}/account/security", stack.url)).await;
    elsewhere.see("9 left").await;
    // That a form was refused is told to the console by the browser itself.
    let errors: Vec<_> = ada.console_errors().await.into_iter().filter(|e| !e.contains("/login/code")).collect();
    assert_eq!(errors, Vec::<String>::new());
}

async fn log_in(session: &Session, stack: &Stack) {
    session.open(&format!("{}/login", stack.url)).await;
    session.fill("E-mail", "ada@example.org").await;
    session.fill("Password", PASSWORD).await;
    session.press("Log in").await;
    session.see("One more step").await;
}

/// What the app shows so many seconds from now.
fn code(app: &Secret, seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Builder::new().with_secret(app.as_bytes().to_vec()).build().unwrap().generate(now + seconds).to_string()
}

/// For people to look at.
async fn picture(session: &Session, name: &str) {
    if let Some(folder) = std::env::var_os("POLITY_SCREENSHOTS").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        session.screenshot(&folder.join(format!("{name}.png"))).await;
    }
}
