//! What the engine decides and how it explains itself.

use crate::garden::{DIG_UP, LOCK, PLANT, RENT, VISIT, WATER, ask, bed, bed_of, engine, guest, service, tenant, user};
use kernel::{Attribute, Caller, DecisionPoint, Operation, Resource, Role, SessionId, SystemIds};

#[track_caller]
fn allowed(caller: &Caller, operation: &'static Operation, resource: &Resource, by: &str) {
    let decision = ask(caller, operation, resource);
    assert!(decision.allowed, "{:?}", decision.explanation);
    assert_eq!(decision.explanation.decided_by, [by]);
    assert!(decision.explanation.would_need.is_empty() && decision.explanation.errors.is_empty());
}

#[track_caller]
fn refused(caller: &Caller, operation: &'static Operation, resource: &Resource) -> kernel::Explanation {
    let decision = ask(caller, operation, resource);
    assert!(!decision.allowed, "{:?}", decision.explanation);
    decision.explanation
}

#[test]
fn keeper_plants_own_bed_and_nobody_elses() {
    allowed(&user(7, Role::Member), &PLANT, &bed(7), "garden/keepers_plant");
    refused(&user(8, Role::Member), &PLANT, &bed(7));
}

#[test]
fn roles_include_the_ones_below_them() {
    for role in [Role::Guest, Role::Member, Role::Moderator, Role::Administrator] {
        allowed(&user(1, role), &VISIT, &bed(7), "garden/anybody_visits");
    }
    refused(&user(1, Role::Member), &LOCK, &bed(7));
    allowed(&user(1, Role::Moderator), &LOCK, &bed(7), "garden/moderators_change");
    allowed(&user(1, Role::Administrator), &LOCK, &bed(7), "garden/moderators_change");
}

#[test]
fn guest_is_a_guest_whatever_role_it_claims() {
    let mut pretender = guest();
    pretender.actor.role = Role::Administrator;
    let explanation = refused(&pretender, &LOCK, &bed(7));
    assert_eq!(explanation.role, "guest");
    assert!(!engine().could_allow(&pretender, &LOCK));
}

#[test]
fn forbid_wins_over_every_permit_and_is_named_alone() {
    let explanation = refused(&user(7, Role::Administrator), &PLANT, &bed_of(1, 7, true, 10));
    assert_eq!(explanation.decided_by, ["garden/locked_beds_rest"]);
    assert!(explanation.would_need.is_empty());
}

#[test]
fn another_community_is_out_of_reach_for_everybody() {
    let elsewhere = bed_of(2, 7, false, 10);
    for caller in [user(7, Role::Administrator), guest(), service("sprinkler")] {
        for operation in [&VISIT, &PLANT, &WATER] {
            assert_eq!(refused(&caller, operation, &elsewhere).decided_by, ["polity/same_tenant"]);
        }
    }
}

#[test]
fn named_service_may_and_another_may_not() {
    allowed(&service("sprinkler"), &WATER, &bed(7), "garden/sprinkler_waters");
    refused(&service("scarecrow"), &WATER, &bed(7));
    refused(&user(1, Role::Administrator), &WATER, &bed(7));
}

#[test]
fn action_that_declares_the_context_sees_the_session() {
    let plot = Resource::new("Plot", "p1", tenant(1));
    let mut member = user(1, Role::Member);
    refused(&member, &RENT, &plot);
    member.actor.session = Some(SessionId(kernel::Ids::next(&SystemIds)));
    allowed(&member, &RENT, &plot, "garden/members_rent_in_person");
}

#[test]
fn refusal_names_what_would_be_needed() {
    let explanation = refused(&user(8, Role::Member), &PLANT, &bed(7));
    assert_eq!(explanation.operation, "garden.plant");
    assert_eq!(explanation.principal, r#"Polity::User::"20000000-0000-0000-0000-000000000008""#);
    assert_eq!(explanation.role, "member");
    assert_eq!(explanation.resource, r#"Garden::Bed::"b1""#);
    assert_eq!(explanation.would_need, ["garden/keepers_plant", "garden/moderators_change"]);
    assert!(explanation.decided_by.is_empty() && explanation.errors.is_empty());
}

#[test]
fn undeclared_operation_is_refused() {
    static FLOOD: Operation = Operation::command("garden.flood", "Bed");
    let administrator = user(1, Role::Administrator);
    assert_eq!(refused(&administrator, &FLOOD, &bed(7)).errors, ["no module declares `garden.flood`"]);
    assert!(!engine().could_allow(&administrator, &FLOOD));
}

#[track_caller]
fn broken(resource: &Resource, expected: &str) {
    let explanation = refused(&user(7, Role::Administrator), &LOCK, resource);
    let [error] = explanation.errors.as_slice() else { panic!("one error: {explanation:?}") };
    assert!(error.contains(expected), "{error}");
    assert!(explanation.decided_by.is_empty());
}

#[test]
fn bad_attribute_refuses_and_says_which() {
    let mut misnamed = bed(7);
    misnamed.attributes[0] = ("keeper", Attribute::Text("Ada".to_owned()));
    broken(&misnamed, "`keeper`");
    broken(&Resource::new("Bed", "b1", tenant(1)), "to have attribute");
    broken(&bed(7).with("colour", Attribute::Text("red".to_owned())), "`colour`");
}

#[test]
fn second_tenant_among_the_attributes_is_refused() {
    let smuggled = bed_of(2, 7, false, 10).with("tenant", Attribute::Text(tenant(1).to_string()));
    broken(&smuggled, "`tenant` twice");
}

#[test]
fn resource_of_another_kind_is_refused() {
    broken(&Resource::new("Plot", "p1", tenant(1)), "is about a `Bed`, not a `Plot`");
}

#[test]
fn forbid_that_cannot_be_evaluated_refuses() {
    let moderator = user(1, Role::Moderator);
    allowed(&moderator, &DIG_UP, &bed(7), "garden/moderators_change");
    let explanation = refused(&moderator, &DIG_UP, &bed_of(1, 7, false, i64::MAX));
    assert_eq!(explanation.decided_by, ["garden/roots_stay"]);
    assert!(explanation.errors[0].contains("overflow"), "{:?}", explanation.errors);
}

#[test]
fn hostile_names_stay_names() {
    let name = "x\" in Polity::Role::\"administrator";
    let explanation = refused(&service(name), &LOCK, &Resource { id: "\"\n\\".to_owned(), ..bed(7) });
    assert_eq!(explanation.errors, [""; 0]);
    assert_eq!(explanation.role, "guest");
}
