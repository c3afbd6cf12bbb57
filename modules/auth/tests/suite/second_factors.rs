//! Authenticator apps and recovery codes: setting them up, logging in with them, losing them.

use crate::house::{Answer, House, PASSWORD, pair};
use axum::http::{StatusCode, header};
use kernel::Clock;
use rstest::rstest;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use testkit::Engine;
use totp_rs::{Builder, Secret};

const ADA: &str = "ada@example.org";

/// An app that was told a secret.
struct App(Vec<u8>);

impl App {
    fn told(secret: &str) -> Self {
        Self(Secret::try_from_base32(secret.replace(' ', "")).unwrap().as_bytes().to_vec())
    }

    /// What it shows so many seconds from now.
    fn shows(&self, house: &House, seconds: i64) -> String {
        let at = u64::try_from(house.clock.now().timestamp() + seconds).unwrap();
        Builder::new().with_secret(self.0.clone()).build().unwrap().generate(at).to_string()
    }
}

/// Ada, with an app and recovery codes; the code that set it up is spent, so that time goes on a little.
async fn protected(house: &House) -> (App, Vec<String>, String) {
    assert_eq!(house.register("ada").await.status, StatusCode::CREATED);
    let session = house.log_in("ada").await;
    let begun =
        house.post("/api/v1/auth/me/totp").session(&session).json(json!({ "current_password": PASSWORD })).await;
    assert_eq!((begun.status, begun.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"), "{}", begun.text);
    let app = App::told(begun.json()["secret"].as_str().unwrap());
    let confirm = house.ask("PUT", "/api/v1/auth/me/totp").session(&session);
    let confirmed = confirm.json(json!({ "code": app.shows(house, 0) })).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.text);
    house.advance(30);
    (app, codes(&confirmed), session)
}

fn codes(answer: &Answer) -> Vec<String> {
    serde_json::from_value(answer.json()["recovery_codes"].clone()).unwrap()
}

async fn challenge(house: &House) -> String {
    let answer = house.post("/api/v1/auth/tokens").json(json!({ "email": ADA, "password": PASSWORD })).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    answer.json()["challenge"].as_str().unwrap().to_owned()
}

async fn show(house: &House, challenge: &str, code: &str) -> Answer {
    house.post("/api/v1/auth/tokens/second-factor").json(json!({ "challenge": challenge, "code": code })).await
}

fn claims(access: &str) -> Value {
    use base64::Engine;
    let part = access.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn security(house: &House, session: &str) -> Value {
    house.get("/api/v1/auth/me/security").session(session).send().await.json()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn log_in_takes_two_steps_once_an_app_is_set_up(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    let (app, recovery, session) = protected(&house).await;
    assert_eq!(recovery.len(), 10);
    let view = security(&house, &session).await;
    assert_eq!(view["recovery_codes_left"], 10);
    assert!(view["totp_since"].is_string());

    let token = challenge(&house).await;
    let issued = show(&house, &token, &app.shows(&house, 0)).await;
    assert_eq!((issued.status, issued.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"), "{}", issued.text);
    let (access, refresh) = pair(&issued);
    assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(house.get("/api/v1/auth/me").bearer(&access).send().await.status, StatusCode::OK);
    let (access, _) = pair(&house.refresh(&refresh).await);
    assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]), "what was shown is remembered");

    let refused = show(&house, &token, &app.shows(&house, 30)).await;
    assert_eq!((refused.status, refused.reason().as_str()), (StatusCode::UNAUTHORIZED, "auth.challenge_over"));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn no_code_is_accepted_twice_nor_one_before_it(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    let (app, _, _) = protected(&house).await;
    let (one, two) = (challenge(&house).await, challenge(&house).await);
    let code = app.shows(&house, 30);
    assert_eq!(show(&house, &one, &code).await.status, StatusCode::OK, "a clock that is a step ahead");
    assert_eq!(show(&house, &two, &code).await.reason(), "auth.code_rejected");
    assert_eq!(show(&house, &two, &app.shows(&house, 0)).await.reason(), "auth.code_rejected", "an earlier one");
    house.advance(60);
    assert_eq!(show(&house, &two, &app.shows(&house, 0)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_code_shown_by_two_at_once_lets_one_in() {
    let house = House::new().await;
    let (app, recovery, _) = protected(&house).await;
    for code in [app.shows(&house, 0), recovery[0].clone()] {
        let (one, two) = (challenge(&house).await, challenge(&house).await);
        let (one, two) = tokio::join!(show(&house, &one, &code), show(&house, &two, &code));
        let mut statuses = [one.status, two.status];
        statuses.sort();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
    }
}

#[tokio::test]
async fn challenge_is_over_after_five_minutes_and_when_the_password_changes() {
    let house = House::new().await;
    let (app, _, session) = protected(&house).await;
    let token = challenge(&house).await;
    house.advance(300);
    assert_eq!(show(&house, &token, &app.shows(&house, 0)).await.reason(), "auth.challenge_over");
    let token = challenge(&house).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another long password" });
    house.ask("PUT", "/api/v1/auth/me/password").session(&session).json(change).await;
    assert_eq!(show(&house, &token, &app.shows(&house, 0)).await.reason(), "auth.challenge_over");
    assert_eq!(show(&house, "nonsense", "123456").await.reason(), "auth.challenge_over");
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait_however_many_challenges_they_have() {
    let house = House::new().await;
    let (app, recovery, _) = protected(&house).await;
    for _ in 0..5 {
        let token = challenge(&house).await;
        assert_eq!(show(&house, &token, "000000").await.reason(), "auth.code_rejected");
    }
    let token = challenge(&house).await;
    for code in [app.shows(&house, 0), recovery[0].clone()] {
        let refused = show(&house, &token, &code).await;
        assert_eq!(
            (refused.status, refused.reason().as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "auth.too_many_guesses")
        );
    }
    house.advance(1);
    assert_eq!(show(&house, &token, &app.shows(&house, 0)).await.status, StatusCode::OK);
    let token = challenge(&house).await;
    assert_eq!(show(&house, &token, "000000").await.reason(), "auth.code_rejected", "and they are forgotten");
}

#[tokio::test]
async fn recovery_code_works_once_and_its_owner_is_told() {
    let house = House::new().await;
    let _works = house.works();
    let (_, recovery, session) = protected(&house).await;
    let sloppy = recovery[0].replace('-', " ").to_uppercase();
    assert_eq!(show(&house, &challenge(&house).await, &sloppy).await.status, StatusCode::OK);
    assert_eq!(show(&house, &challenge(&house).await, &recovery[0]).await.reason(), "auth.code_rejected");
    assert_eq!(security(&house, &session).await["recovery_codes_left"], 9);
    for code in &recovery[1..7] {
        assert_eq!(show(&house, &challenge(&house).await, code).await.status, StatusCode::OK);
    }
    let mails = house.mails(ADA, "A recovery code was used", 7).await;
    assert!(mails.iter().any(|mail| mail.text.contains("There are 9 left")));
    assert!(mails.iter().any(|mail| mail.text.contains("Only 3 left. Make new ones")));
    house.mails(ADA, "An authenticator app protects your account", 1).await;
}

#[tokio::test]
async fn app_is_removed_and_codes_are_renewed_by_showing_both_factors_again() {
    let house = House::new().await;
    let (app, recovery, session) = protected(&house).await;
    let send = |path: &'static str, password: &str, code: String| {
        let body = json!({ "current_password": password, "code": code });
        house.post(path).session(&session).json(body)
    };
    let (codes_at, removal) = ("/api/v1/auth/me/recovery-codes", "/api/v1/auth/me/totp/removal");
    for path in [codes_at, removal] {
        assert_eq!(send(path, "wrong password", app.shows(&house, 0)).await.reason(), "auth.credentials_rejected");
        assert_eq!(send(path, PASSWORD, "000000".to_owned()).await.reason(), "auth.code_rejected");
    }
    let renewed = codes(&send(codes_at, PASSWORD, app.shows(&house, 0)).await);
    assert!(renewed.len() == 10 && !renewed.contains(&recovery[0]));
    assert_eq!(show(&house, &challenge(&house).await, &recovery[0]).await.reason(), "auth.code_rejected");
    assert_eq!(send(removal, PASSWORD, renewed[0].clone()).await.status, StatusCode::NO_CONTENT);
    house.tokens("ada").await;
    assert_eq!(send(removal, PASSWORD, renewed[1].clone()).await.reason(), "auth.no_second_factor");
}

#[tokio::test]
async fn app_is_not_asked_for_before_it_showed_a_right_code_in_time() {
    let house = House::new().await;
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let begin = || house.post("/api/v1/auth/me/totp").session(&session);
    let confirm = || house.ask("PUT", "/api/v1/auth/me/totp").session(&session);
    assert_eq!(confirm().json(json!({ "code": "123456" })).await.reason(), "auth.enrolment_over");
    let wrong = begin().json(json!({ "current_password": "wrong password" })).await;
    assert_eq!(wrong.reason(), "auth.credentials_rejected");
    let first =
        App::told(begin().json(json!({ "current_password": PASSWORD })).await.json()["secret"].as_str().unwrap());
    let second =
        App::told(begin().json(json!({ "current_password": PASSWORD })).await.json()["secret"].as_str().unwrap());
    assert_eq!(confirm().json(json!({ "code": first.shows(&house, 0) })).await.reason(), "auth.code_rejected");
    house.tokens("ada").await;
    house.advance(1_800);
    assert_eq!(confirm().json(json!({ "code": second.shows(&house, 0) })).await.reason(), "auth.enrolment_over");
    let third =
        App::told(begin().json(json!({ "current_password": PASSWORD })).await.json()["secret"].as_str().unwrap());
    assert_eq!(confirm().json(json!({ "code": third.shows(&house, 0) })).await.status, StatusCode::OK);
    let again = begin().json(json!({ "current_password": PASSWORD })).await;
    assert_eq!((again.status, again.reason().as_str()), (StatusCode::CONFLICT, "auth.second_factor_exists"));
}

#[tokio::test]
async fn browser_is_asked_for_the_code_and_led_on() {
    let house = House::new().await;
    let (app, _, _) = protected(&house).await;
    let form = [("email", ADA), ("password", PASSWORD), ("next", "/t/new")];
    let asked = house.post("/login").form(&form).await;
    assert_eq!((asked.status, asked.header(header::SET_COOKIE)), (StatusCode::OK, ""));
    let token = asked.text.split("name=\"challenge\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = |code: String| {
        let (house, token) = (&house, token.clone());
        async move {
            let pairs = [("challenge", token.as_str()), ("code", code.as_str()), ("next", "/t/new")];
            house.post("/login/code").form(&pairs).await
        }
    };
    let wrong = answer("000000".to_owned()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("wrong, too old, or was used before") && wrong.text.contains(&token));
    let entered = answer(app.shows(&house, 0)).await;
    assert_eq!((entered.status, entered.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/t/new"));
    let page = house.get("/account/security").session(&entered.session()).send().await;
    assert!(page.text.contains("10 left"), "{}", page.text);
    let over = answer(app.shows(&house, 30)).await;
    assert_eq!(over.header(header::LOCATION), "/login");
}

#[tokio::test]
async fn password_set_by_mail_leads_past_no_second_factor() {
    let house = House::new().await;
    let _works = house.works();
    let (app, _, _) = protected(&house).await;
    house.post("/forgot-password").form(&[("email", ADA)]).await;
    let mail = house.mails(ADA, "Set a new password", 1).await.remove(0);
    let link = mail.text.lines().find(|line| line.contains("/reset-password/")).unwrap();
    let path = link.strip_prefix(&house.settings.http.public_url).unwrap();
    let asked = house.post(path).form(&[("password", "another long password")]).await;
    assert_eq!((asked.status, asked.header(header::SET_COOKIE)), (StatusCode::OK, ""));
    let token = asked.text.split("name=\"challenge\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let code = app.shows(&house, 0);
    let form = [("challenge", token), ("code", code.as_str())];
    assert_eq!(house.post("/login/code").form(&form).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn pages_show_secret_and_codes_once_and_without_anything_inline() {
    let house = House::new().await;
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let begun = house.post("/account/security/app").session(&session).form(&[("current_password", PASSWORD)]).await;
    assert_eq!(begun.status, StatusCode::OK);
    assert!(begun.text.contains("<svg") && begun.text.contains("otpauth://totp/"), "{}", begun.text);
    assert!(!begun.text.contains("style=") && begun.header(header::CACHE_CONTROL) == "no-store");
    let secret = begun.text.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let code = App::told(secret).shows(&house, 0);
    let confirmed = house.post("/account/security/app/confirm").session(&session).form(&[("code", &code)]).await;
    assert_eq!(confirmed.text.matches("<li><code>").count(), 10, "{}", confirmed.text);
    let page = house.get("/account/security").session(&session).send().await;
    assert!(!page.text.contains("<li><code>") && !page.text.contains(secret));
}

/// Every text in every table of the database.
async fn dump(house: &House, engine: Engine) -> String {
    let database = Database::connect(house.database.url.as_str()).await.unwrap();
    let name = house.database.url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let list = match engine {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'".to_owned(),
        Engine::Postgres => "SELECT 'auth.' || tablename AS name FROM pg_tables WHERE schemaname = 'auth'".to_owned(),
        Engine::MariaDb => format!(
            "SELECT CONCAT(table_schema, '.', table_name) AS name FROM information_schema.tables \
             WHERE table_schema = '{name}_auth'"
        ),
    };
    let backend = database.get_database_backend();
    let rows = |sql: String| database.query_all_raw(Statement::from_string(backend, sql));
    let mut dump = String::new();
    for table in rows(list).await.unwrap() {
        let table: String = table.try_get("", "name").unwrap();
        for row in rows(format!("SELECT * FROM {table}")).await.unwrap() {
            for column in row.column_names() {
                dump.push_str(&row.try_get::<Option<String>>("", &column).ok().flatten().unwrap_or_default());
                dump.push('\n');
            }
        }
    }
    dump
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn dump_of_the_database_holds_no_usable_secret(#[case] engine: Engine) {
    let Some(house) = House::on(engine, |_| {}).await else { return };
    house.register("ada").await;
    let session = house.log_in("ada").await;
    let begun =
        house.post("/api/v1/auth/me/totp").session(&session).json(json!({ "current_password": PASSWORD })).await;
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let app = App::told(&secret);
    let confirm = house.ask("PUT", "/api/v1/auth/me/totp").session(&session);
    let recovery = codes(&confirm.json(json!({ "code": app.shows(&house, 0) })).await);
    house.advance(30);
    let token = challenge(&house).await;
    let (access, refresh) = pair(&show(&house, &token, &recovery[0]).await);
    let dump = dump(&house, engine).await;
    assert!(dump.contains(ADA) && dump.contains("x1."), "the search finds what is there");
    use base64::Engine as _;
    let mut canaries = vec![PASSWORD.to_owned(), session, token, access, refresh, secret.replace(' ', ""), secret];
    canaries.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(&app.0));
    canaries.push(app.0.iter().map(|byte| format!("{byte:02x}")).collect());
    canaries.extend(recovery.iter().flat_map(|code| [code.clone(), code.replace('-', "")]));
    for canary in canaries {
        assert!(!dump.contains(&canary), "{canary} is in the database");
    }
}
