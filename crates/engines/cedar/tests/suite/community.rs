//! What a community adds on top of the modules' policies, and where its reach ends.

use crate::garden::{LOCK, PLANT, VISIT, WATER, bed, bed_of, engine, guest, service, tenant, user};
use kernel::{Caller, CommunityRules, CustomRole, DecisionPoint, Operation, Question, Resource, Role, RuleProblem};

fn rules(policies: &str) -> CommunityRules {
    CommunityRules { tenant: tenant(1), revision: 1, policies: policies.to_owned(), roles: Vec::new() }
}

fn asks(engine: &dyn DecisionPoint, caller: &Caller, operation: &'static Operation, about: &Resource) -> bool {
    engine.decide(Question { caller, operation, resource: about }).allowed
}

#[track_caller]
fn refused(policies: &str) -> Vec<RuleProblem> {
    let engine = engine();
    let problems = engine.adopt(&rules(policies)).unwrap_err();
    assert!(asks(&engine, &user(1, Role::Moderator), &LOCK, &bed(7)), "what was in force stays so");
    problems
}

#[test]
fn own_policy_permits_more() {
    let engine = engine();
    let text = "@id(\"keepers_lock\") permit (principal in Polity::Role::\"member\", action == Garden::Action::\"lock\", \
                resource) when { resource.keeper == principal };";
    engine.adopt(&rules(text)).unwrap();
    assert!(asks(&engine, &user(7, Role::Member), &LOCK, &bed(7)));
    assert!(!asks(&engine, &user(8, Role::Member), &LOCK, &bed(7)));
    assert!(engine.could_allow(&user(8, Role::Member), &LOCK));
}

#[test]
fn own_policy_forbids_more_and_is_named() {
    let engine = engine();
    let text =
        "@id(\"quiet\") forbid (principal, action, resource) unless { principal in Polity::Role::\"moderator\" };";
    engine.adopt(&rules(text)).unwrap();
    let caller = user(7, Role::Member);
    let why = engine.explain(Question { caller: &caller, operation: &VISIT, resource: &bed(7) }).explanation;
    assert_eq!(why.decided_by, ["community/quiet"]);
    assert_eq!(why.ways(), ["the role moderator or above"]);
}

#[test]
fn another_community_is_not_touched() {
    let engine = engine();
    engine.adopt(&rules("@id(\"closed\") forbid (principal, action, resource);")).unwrap();
    let mut elsewhere = user(7, Role::Moderator);
    elsewhere.actor.tenant = tenant(2);
    assert!(asks(&engine, &elsewhere, &LOCK, &bed_of(2, 7, false, 1)));
    assert!(!asks(&engine, &user(7, Role::Moderator), &LOCK, &bed(7)));
}

#[test]
fn services_are_out_of_reach() {
    let engine = engine();
    engine.adopt(&rules("@id(\"closed\") forbid (principal, action, resource);")).unwrap();
    assert!(asks(&engine, &service("sprinkler"), &WATER, &bed(7)));
    let named = "@id(\"x\") forbid (principal == Polity::Service::\"sprinkler\", action, resource);";
    assert!(refused(named)[0].detail.contains("services"));
}

#[test]
fn own_policy_never_reaches_over_to_another_community() {
    let engine = engine();
    let text =
        "@id(\"open\") permit (principal in Polity::Role::\"guest\", action == Garden::Action::\"visit\", resource);";
    engine.adopt(&rules(text)).unwrap();
    assert!(!asks(&engine, &guest(), &VISIT, &bed_of(2, 7, false, 1)));
}

#[test]
fn what_is_beyond_the_limits_is_refused_with_its_line() {
    let action = "action == Garden::Action::";
    for (policy, words) in [
        ("permit (principal, action, resource);", "name those that are meant"),
        (&format!("permit (principal, {action}\"lock\", resource);"), "guests garden.lock"),
        (&format!("permit (principal is Polity::User, {action}\"water\", resource);"), "only services"),
        (&format!("forbid (principal, {action}\"fly\", resource);"), "fly"),
        ("forbid (principal, action, resource) when { resource.colour == 1 };", "colour"),
    ] {
        let problems = refused(&format!("// A first line.\n@id(\"p\")\n{policy}"));
        assert!(problems.iter().any(|problem| problem.detail.contains(words)), "{policy}: {problems:?}");
    }
    let lineless = refused("\n\npermit (principal, action, resource)");
    assert_eq!(lineless[0].line, Some(3), "{lineless:?}");
    assert!(refused("forbid (principal, action, resource);")[0].detail.contains("@id"));
    let twice = "@id(\"a\") forbid (principal, action, resource); @id(\"a\") forbid (principal, action, resource);";
    assert!(refused(twice)[0].detail.contains("the id a"));
}

#[test]
fn made_up_role_permits_its_holders_what_it_lists() {
    let engine = engine();
    let warden = CustomRole { name: "warden".to_owned(), operations: vec!["garden.lock".to_owned()] };
    engine.adopt(&CommunityRules { roles: vec![warden], ..rules("") }).unwrap();
    let mut holder = user(8, Role::Member);
    assert!(!asks(&engine, &holder, &LOCK, &bed(7)));
    assert!(!engine.holds(&holder, "garden.lock"));
    holder.actor.belongs.roles.push("warden".to_owned());
    assert!(asks(&engine, &holder, &LOCK, &bed(7)));
    assert!(engine.holds(&holder, "garden.lock") && !engine.holds(&holder, "garden.plant"));
    let mut pretender = service("scarecrow");
    pretender.actor.belongs.roles.push("warden".to_owned());
    assert!(!asks(&engine, &pretender, &LOCK, &bed(7)));
}

#[test]
fn role_gives_nothing_that_only_services_do() {
    let rogue = CustomRole { name: "rogue".to_owned(), operations: vec!["garden.water".to_owned()] };
    let problems = engine().adopt(&CommunityRules { roles: vec![rogue], ..rules("") }).unwrap_err();
    assert!(problems[0].detail.contains("not for roles"), "{problems:?}");
}

#[test]
fn group_is_seen_by_policies() {
    let engine = engine();
    let text = "@id(\"treasurers\") permit (principal in Polity::Group::\"treasurers\", \
                action == Garden::Action::\"plant\", resource);";
    engine.adopt(&rules(text)).unwrap();
    let mut caller = user(8, Role::Member);
    assert!(!asks(&engine, &caller, &PLANT, &bed(7)));
    caller.actor.belongs.groups.push("treasurers".to_owned());
    assert!(asks(&engine, &caller, &PLANT, &bed(7)));
}

#[test]
fn trial_changes_nothing() {
    let engine = engine();
    let trial = engine.with(&rules("@id(\"closed\") forbid (principal, action, resource);")).unwrap();
    assert!(!asks(trial.as_ref(), &user(7, Role::Moderator), &LOCK, &bed(7)));
    assert!(asks(&engine, &user(7, Role::Moderator), &LOCK, &bed(7)));
}
