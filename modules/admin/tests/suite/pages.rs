//! The pages as a browser gets them.

use crate::house::{Answer, House, as_role, person};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kernel::Role;

async fn look(house: &House, path: &str, role: Role) -> Answer {
    house.get(path, as_role(role, 9)).await
}

async fn save(house: &House, n: u32, form: &str) -> Answer {
    let request = Request::post(format!("/admin/people/{}/role", person(n)))
        .header(header::AUTHORIZATION, "Bearer administrator 9")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()));
    house.send(request.unwrap()).await
}

#[tokio::test]
async fn administrator_changes_a_role_and_comes_back_to_the_same_list() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let page = look(&house, "/admin/people?query=ad", Role::Administrator).await;
    assert!(page.text.contains("aria-label=\"Role of Ada\""), "{}", page.text);
    let saved = save(&house, 1, "role=moderator&version=0&query=ad&cursor=").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let back = saved.headers[header::LOCATION].to_str().unwrap();
    assert_eq!(back, format!("/admin/people?query=ad&changed={}", person(1)));
    let page = look(&house, back, Role::Administrator).await;
    assert!(page.text.contains("Ada now has the role: moderator."), "{}", page.text);
    assert!(page.text.contains("<option value=\"moderator\" selected>"), "{}", page.text);
}

#[tokio::test]
async fn refused_change_shows_the_list_again_and_says_why() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    house.founds(1).await;
    let refused = save(&house, 1, "role=member&version=1").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("The last administrator keeps the role."), "{}", refused.text);
    assert!(refused.text.contains("@ada"), "{}", refused.text);
    let late = save(&house, 1, "role=member&version=0").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert!(late.text.contains("Somebody else changed this role"), "{}", late.text);
}

#[tokio::test]
async fn moderators_see_roles_and_no_way_to_change_them() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let page = look(&house, "/admin/people", Role::Moderator).await;
    assert!(page.text.contains("@ada") && page.text.contains(">member</span>"), "{}", page.text);
    assert!(!page.text.contains("Role of Ada") && !page.text.contains("/admin/decisions"), "{}", page.text);
}

#[tokio::test]
async fn pages_are_closed_to_members_and_lead_guests_to_the_door() {
    let house = House::new().await;
    for path in ["/admin/people", "/admin/decisions"] {
        assert_eq!(look(&house, path, Role::Member).await.status, StatusCode::FORBIDDEN, "{path}");
        let request = Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
        let answer = house.send(request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.headers[header::LOCATION], format!("/login?next={path}"));
    }
    assert_eq!(look(&house, "/admin/decisions", Role::Moderator).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn empty_list_says_what_to_do() {
    let house = House::new().await;
    let page = look(&house, "/admin/people?query=nobody", Role::Moderator).await;
    assert!(page.text.contains("Nobody is called that"), "{}", page.text);
}

#[tokio::test]
async fn decision_is_asked_for_and_explained_in_a_page() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let ask = "/admin/decisions?who=%40ada&operation=admin.grant_role&kind=Person&id=p&attributes=";
    let refused = look(&house, ask, Role::Administrator).await;
    assert_eq!(refused.status, StatusCode::OK);
    assert!(refused.text.contains("Why this was refused"), "{}", refused.text);
    assert!(refused.text.contains("admin/administrators_govern"), "{}", refused.text);
    house.founds(1).await;
    let allowed = look(&house, ask, Role::Administrator).await;
    assert!(allowed.text.contains("Why it is allowed"), "{}", allowed.text);
    let wrong = look(&house, &ask.replace("%40ada", "ada"), Role::Administrator).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("must be @handle"), "{}", wrong.text);
}

#[tokio::test]
async fn words_from_people_are_never_markup() {
    let house = House::new().await;
    house.registers(1, "ada", "<script>alert(1)</script>").await;
    let page = look(&house, "/admin/people?query=%3Cscript%3E", Role::Administrator).await;
    assert!(page.text.contains("@ada") && !page.text.contains("<script>alert"), "{}", page.text);
}
