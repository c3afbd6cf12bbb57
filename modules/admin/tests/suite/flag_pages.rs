//! The pages about flags as a browser without scripts gets them.

use crate::flags::{plain, rollout};
use crate::house::{Answer, House, as_role};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kernel::Role;
use serde_json::json;

const FLAG: &str = "/admin/flags/new-editor";

async fn look(house: &House, path: &str, role: Role) -> Answer {
    house.get(path, as_role(role, 9)).await
}

async fn send(house: &House, path: &str, form: &[(&str, &str)]) -> Answer {
    let pairs: Vec<String> = form.iter().map(|(name, value)| pair(name, value)).collect();
    let request = Request::post(path)
        .header(header::AUTHORIZATION, "Bearer administrator 9")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(pairs.join("&")));
    house.send(request.unwrap()).await
}

fn pair(name: &str, value: &str) -> String {
    let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{name}={encoded}")
}

/// Where the browser is sent, and what it reads there.
async fn follow(house: &House, answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let to = answer.headers[header::LOCATION].to_str().unwrap().to_owned();
    (to.clone(), look(house, &to, Role::Administrator).await.text)
}

#[tokio::test]
async fn flag_is_defined_in_a_form_and_a_wrong_one_comes_back_with_its_mistakes() {
    let house = House::new().await;
    let form = look(&house, "/admin/new-flag", Role::Administrator).await.text;
    assert!(form.contains("A tenth of everybody"), "{form}");
    let define = async |key: &str, definition: &str| {
        let form = [("key", key), ("definition", definition), ("enabled", "yes"), ("idempotency_key", "")];
        send(&house, "/admin/new-flag", &form).await
    };
    let wrong = define("new-editor", r#"{"kind": "colour"}"#).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("kind must be boolean, string, number or json"), "{}", wrong.text);
    let named = "<li><a href=\"#field-definition\">JSON</a>: variants is missing</li>";
    assert!(wrong.text.contains(named), "{}", wrong.text);
    assert!(wrong.text.contains("&quot;colour&quot;") && wrong.text.contains("value=\"new-editor\""), "{}", wrong.text);
    let wrong = define("new-editor", "{").await;
    assert!(wrong.text.contains("is not JSON"), "{}", wrong.text);
    let (to, page) = follow(&house, &define("new-editor", &rollout(10).to_string()).await).await;
    assert_eq!(to, format!("{FLAG}?done=defined"));
    assert!(page.contains("The flag is defined.") && page.contains(">on</span>"), "{page}");
    let taken = define("new-editor", &rollout(10).to_string()).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.text.contains("There is a flag of that key."), "{}", taken.text);
}

#[tokio::test]
async fn list_shows_state_version_and_who_changed_what_last() {
    let house = House::new().await;
    house.registers(9, "ada", "Ada").await;
    assert!(look(&house, "/admin/flags", Role::Moderator).await.text.contains("No flags yet"));
    house.defines("new-editor", rollout(10)).await;
    house.defines("limit", plain("number", json!(3))).await;
    house.governs("PUT", "/api/v1/admin/flags/limit/switch", json!({ "enabled": false })).await;
    let list = look(&house, "/admin/flags", Role::Moderator).await.text;
    for words in ["href=\"/admin/flags/new-editor\"", "The editor with a preview.", ">off</span>", "by Ada", "number"] {
        assert!(list.contains(words), "{words} is not in {list}");
    }
    assert!(!list.contains("/admin/new-flag"), "{list}");
    assert!(look(&house, "/admin/flags", Role::Administrator).await.text.contains("/admin/new-flag"));
}

#[tokio::test]
async fn flag_is_switched_rolled_out_changed_and_put_away_by_forms() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    let (_, page) = follow(&house, &send(&house, &format!("{FLAG}/switch"), &[("to", "off")]).await).await;
    assert!(page.contains("The flag is off") && page.contains("Switch on"), "{page}");
    let percent = |version, percent| [("version", version), ("rule", "0"), ("share", "0"), ("percent", percent)];
    let rollout_path = format!("{FLAG}/rollout");
    let (_, page) = follow(&house, &send(&house, &rollout_path, &percent("2", "25 %")).await).await;
    assert!(page.contains("The percentage is changed.") && page.contains("value=\"25\""), "{page}");
    let refused = send(&house, &rollout_path, &percent("3", "many")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("percent: must be a number"), "{}", refused.text);
    let (_, page) =
        follow(&house, &send(&house, FLAG, &[("version", "3"), ("definition", &rollout(30).to_string())]).await).await;
    assert!(page.contains("The definition is changed."), "{page}");
    let late = send(&house, FLAG, &[("version", "3"), ("definition", &rollout(40).to_string())]).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert!(
        late.text.contains("Somebody changed this flag while you did.") && late.text.contains(":40"),
        "{}",
        late.text
    );
    assert!(late.text.contains("name=\"version\" value=\"4\""), "{}", late.text);
    let (_, page) = follow(&house, &send(&house, &format!("{FLAG}/archive"), &[("version", "4")]).await).await;
    assert!(page.contains("This flag was put away") && !page.contains("Switch on"), "{page}");
    assert!(page.contains("/admin/new-flag?again=new-editor"), "{page}");
    let form = look(&house, "/admin/new-flag?again=new-editor", Role::Administrator).await.text;
    assert!(form.contains("value=\"new-editor\"") && form.contains("The editor with a preview."), "{form}");
}

#[tokio::test]
async fn history_says_what_each_version_changed() {
    let house = House::new().await;
    house.defines("new-editor", rollout(10)).await;
    house.governs("PUT", "/api/v1/admin/flags/new-editor/rollout", json!({ "rule": 0, "percent": 20 })).await;
    let page = look(&house, &format!("{FLAG}/history"), Role::Moderator).await.text;
    assert!(page.contains("Version 2, rolled out") && page.contains("Version 1, defined"), "{page}");
    assert!(page.contains("definition.rules[0].split.shares[0].percent"), "{page}");
    assert!(page.contains("<code>10</code> → <code>20</code>"), "{page}");
}

#[tokio::test]
async fn trial_shows_the_reason_and_the_rule_that_decides() {
    let house = House::new().await;
    house.defines("new-editor", rollout(100)).await;
    let path = format!("{FLAG}/try");
    assert!(look(&house, &path, Role::Moderator).await.text.contains("targetingKey"));
    let page = look(&house, &format!("{path}?context=%7B%22targetingKey%22:%22ada%22%7D"), Role::Moderator).await.text;
    assert!(
        page.contains("They get the variant on") && page.contains("SPLIT") && page.contains("Rule 1 decides."),
        "{page}"
    );
    let page = look(&house, &format!("{path}?context=%7B%7D"), Role::Moderator).await.text;
    assert!(page.contains("TARGETING_KEY_MISSING"), "{page}");
    let wrong = look(&house, &format!("{path}?context=%7B"), Role::Moderator).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("is not JSON"), "{}", wrong.text);
}

#[tokio::test]
async fn moderators_see_a_flag_and_no_way_to_change_it() {
    let house = House::new().await;
    let mut definition = rollout(10);
    definition["description"] = json!("<script>alert(1)</script>");
    house.defines("new-editor", definition).await;
    let page = look(&house, FLAG, Role::Moderator).await.text;
    assert!(page.contains("Everybody"), "{page}");
    for form in ["textarea", "/switch", "/archive", "/rollout", "<script>alert"] {
        assert!(!page.contains(form), "{form} is in {page}");
    }
    assert_eq!(look(&house, "/admin/new-flag", Role::Moderator).await.status, StatusCode::FORBIDDEN);
    assert_eq!(look(&house, FLAG, Role::Member).await.status, StatusCode::FORBIDDEN);
    assert_eq!(look(&house, "/admin/flags/nowhere", Role::Moderator).await.status, StatusCode::NOT_FOUND);
}
