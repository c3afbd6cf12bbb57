//! Who may give roles, and who keeps theirs.

use crate::house::{House, as_role, person, policies};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kernel::Role;
use rstest::rstest;
use testkit::Engine;

#[tokio::test]
async fn administrator_gives_a_role_and_everybody_hears_of_it() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let given = house.gives(as_role(Role::Administrator, 9), 1, "moderator").await;
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(given.headers[header::ETAG], "\"v1\"");
    assert_eq!(given.json()["role"], "moderator");
    assert_eq!(house.role(1).await, "moderator");
    assert_eq!(house.listed("ada").await.unwrap()["role"], "moderator");

    house.gives(as_role(Role::Administrator, 9), 1, "member").await;
    let told = house.told().await;
    let roles: Vec<_> = told
        .iter()
        .filter(|event| event.kind.starts_with("admin.role_"))
        .map(|event| (event.kind.as_str(), event.data["role"].as_str().unwrap()))
        .collect();
    let expected = [
        ("admin.role_granted.v1", "moderator"),
        ("admin.role_revoked.v1", "moderator"),
        ("admin.role_granted.v1", "member"),
    ];
    assert_eq!(roles, expected);
    assert_eq!(told.last().unwrap().data["operation"], "admin.grant_role");
}

#[tokio::test]
async fn giving_the_same_role_again_changes_nothing() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    house.gives(as_role(Role::Administrator, 9), 1, "moderator").await;
    let before = house.told().await.len();
    let again = house.gives(as_role(Role::Administrator, 9), 1, "moderator").await;
    assert_eq!((again.status, again.json()["role_version"].as_i64()), (StatusCode::OK, Some(1)));
    assert_eq!(house.told().await.len(), before);
}

#[tokio::test]
async fn unknown_roles_and_unknown_people_are_refused() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let administrator = || as_role(Role::Administrator, 9);
    for role in ["guest", "emperor"] {
        let refused = house.gives(administrator(), 1, role).await;
        assert_eq!((refused.status, refused.reason()), (StatusCode::UNPROCESSABLE_ENTITY, "admin.no_such_role".into()));
    }
    let refused = house.gives(administrator(), 2, "moderator").await;
    assert_eq!((refused.status, refused.reason()), (StatusCode::NOT_FOUND, "auth.no_such_user".into()));
}

#[tokio::test]
async fn only_administrators_give_roles() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    assert_eq!(house.gives(None, 1, "moderator").await.status, StatusCode::UNAUTHORIZED);
    for role in [Role::Member, Role::Moderator] {
        // Not even their own, and they learn that before whether the input made sense.
        assert_eq!(house.gives(as_role(role, 1), 1, "emperor").await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(house.role(1).await, "member");
}

#[tokio::test]
async fn role_changed_in_between_is_not_changed_again_unseen() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    let change = |tag: &str, role: &str| {
        Request::put(format!("/api/v1/admin/people/{}/role", person(1)))
            .header(header::AUTHORIZATION, "Bearer administrator 9")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, tag)
            .body(Body::from(format!("{{\"role\":\"{role}\"}}")))
            .unwrap()
    };
    assert_eq!(house.send(change("\"v0\"", "moderator")).await.status, StatusCode::OK);
    let late = house.send(change("\"v0\"", "administrator")).await;
    assert_eq!((late.status, late.reason()), (StatusCode::PRECONDITION_FAILED, "store.stale_version".into()));
    assert_eq!(house.send(change("\"v1\"", "administrator")).await.status, StatusCode::OK);
    assert_eq!(house.role(1).await, "administrator");
}

#[tokio::test]
async fn last_administrator_keeps_the_role() {
    let house = House::new().await;
    house.registers(1, "ada", "Ada").await;
    house.registers(2, "bo", "Bo").await;
    house.founds(1).await;
    let ada = || as_role(Role::Administrator, 1);
    let refused = house.gives(ada(), 1, "member").await;
    assert_eq!((refused.status, refused.reason()), (StatusCode::CONFLICT, "admin.last_administrator".into()));
    assert_eq!(house.gives(ada(), 2, "administrator").await.status, StatusCode::OK);
    assert_eq!(house.gives(ada(), 1, "member").await.status, StatusCode::OK);
    assert_eq!((house.role(1).await.as_str(), house.role(2).await.as_str()), ("member", "administrator"));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_demote_each_other_exactly_one_succeeds(#[case] engine: Engine) {
    let Some(house) = House::on(engine).await else { return };
    house.registers(1, "ada", "Ada").await;
    house.registers(2, "bo", "Bo").await;
    house.founds(1).await;
    house.founds(2).await;
    let (ada, bo) = (|| as_role(Role::Administrator, 1), || as_role(Role::Administrator, 2));
    for round in 0..20 {
        let (by_ada, by_bo) = tokio::join!(house.gives(ada(), 2, "member"), house.gives(bo(), 1, "member"));
        let (won, lost, left) = match by_ada.status {
            StatusCode::OK => (by_ada, by_bo, 1),
            _ => (by_bo, by_ada, 2),
        };
        assert_eq!(won.status, StatusCode::OK, "round {round}: {}", won.text);
        assert_eq!(lost.reason(), "admin.last_administrator", "round {round}");
        assert_eq!(house.role(left).await, "administrator", "round {round}");
        assert_eq!(house.role(3 - left).await, "member", "round {round}");
        let again = house.gives(as_role(Role::Administrator, left), 3 - left, "administrator").await;
        assert_eq!(again.status, StatusCode::OK, "round {round}: {}", again.text);
    }
}

#[test]
fn each_operation_is_for_these_and_nobody_else() {
    let expected = "\
operation                guest  member  moderator  administrator  service
admin.approve_policies   no     no      no         yes            no
admin.archive_flag       no     no      no         yes            no
admin.change_community   no     if      if         if             if
admin.change_flag        no     no      no         yes            no
admin.change_profile     no     no      no         yes            no
admin.create_community   no     if      if         if             if
admin.define_flag        no     no      no         yes            no
admin.define_standing    no     no      no         yes            no
admin.end_standings      no     no      no         no             if
admin.evaluate_flag      if     yes     yes        yes            if
admin.evaluate_flags     yes    yes     yes        yes            yes
admin.explain_decision   no     no      no         yes            no
admin.find_community     yes    yes     yes        yes            yes
admin.give_standing      no     no      no         yes            no
admin.grant_founder      no     no      no         no             if
admin.grant_role         no     no      no         yes            no
admin.list_communities   no     if      if         if             if
admin.list_flags         no     no      yes        yes            no
admin.list_people        no     no      yes        yes            no
admin.list_policies      no     no      no         yes            no
admin.list_standings     no     no      yes        yes            no
admin.make_operator      no     if      if         if             if
admin.propose_policies   no     no      no         yes            no
admin.put_community      no     if      if         if             if
admin.read_community     no     if      if         if             if
admin.read_flag          no     no      yes        yes            no
admin.read_flag_history  no     no      yes        yes            no
admin.read_role          yes    yes     yes        yes            yes
admin.read_rules         no     no      no         no             if
admin.read_tenant        no     no      yes        yes            no
admin.record_person      no     no      no         no             if
admin.reject_policies    no     no      no         yes            no
admin.resolve_flags      yes    yes     yes        yes            yes
admin.roll_out_flag      no     no      no         yes            no
admin.switch_flag        no     no      no         yes            no
admin.take_standing      no     no      no         yes            no
admin.try_flag           no     no      yes        yes            no
";
    assert_eq!(policies().matrix().to_string(), expected);
}
