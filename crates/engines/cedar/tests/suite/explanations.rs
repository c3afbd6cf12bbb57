//! Why a decision came out as it did, and what would have made it come out otherwise.

use crate::garden::{DIG_UP, LOCK, PLANT, RENT, bed, bed_of, engine, guest, service, tenant, user};
use kernel::{Caller, DecisionPoint, Explanation, Operation, Question, Resource, Role};

#[track_caller]
fn explained(caller: &Caller, operation: &'static Operation, resource: &Resource) -> Explanation {
    let question = Question { caller, operation, resource };
    let (quick, full) = (engine().decide(question), engine().explain(question));
    assert_eq!(quick.allowed, full.allowed);
    assert_eq!(quick.explanation.decided_by, full.explanation.decided_by);
    full.explanation
}

#[test]
fn refusal_names_each_way_that_would_have_passed() {
    let why = explained(&user(8, Role::Member), &PLANT, &bed(7));
    assert_eq!(why.ways(), ["to be the bed's keeper", "the role moderator or above"]);
    let [keepers, moderators] = why.obstacles.as_slice() else { panic!("{why:?}") };
    assert_eq!(
        (keepers.policy.as_str(), moderators.policy.as_str()),
        ("garden/keepers_plant", "garden/moderators_change")
    );
    assert_eq!(keepers.conditions, ["resource.keeper == principal"]);
}

#[test]
fn every_failing_part_of_a_condition_is_named_and_no_other() {
    let plot = Resource::new("Plot", "p1", tenant(1));
    let why = explained(&guest(), &RENT, &plot);
    let [obstacle] = why.obstacles.as_slice() else { panic!("{why:?}") };
    let words: Vec<&str> = obstacle.remedies.iter().map(|remedy| remedy.words.as_str()).collect();
    assert_eq!(words, ["the role member or above", "to have logged in"]);
    assert!(!obstacle.conditions.iter().any(|condition| condition.contains("tenant")), "{obstacle:?}");
}

#[test]
fn forbid_says_what_it_rests_on() {
    let why = explained(&user(7, Role::Administrator), &PLANT, &bed_of(1, 7, true, 10));
    assert_eq!(why.ways(), ["the bed not to be locked"]);
    assert_eq!(why.attributes.len(), 1);
    assert_eq!((why.attributes[0].name.as_str(), why.attributes[0].value.as_str()), ("resource.locked", "true"));
}

#[test]
fn what_an_allowing_policy_looked_at_comes_with_the_decision() {
    let caller = user(7, Role::Member);
    let decision = engine().decide(Question { caller: &caller, operation: &PLANT, resource: &bed(7) });
    let read = &decision.explanation.attributes;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].name, "resource.keeper");
    assert_eq!(read[0].value, "user:20000000-0000-0000-0000-000000000007");
    let free = engine().decide(Question { caller: &user(1, Role::Moderator), operation: &LOCK, resource: &bed(7) });
    assert!(free.explanation.attributes.is_empty());
}

#[test]
fn brief_keeps_the_things_attributes_and_tells_what_concerns_the_caller() {
    let forbidden = explained(&user(7, Role::Administrator), &PLANT, &bed_of(1, 7, true, 10)).in_brief();
    assert_eq!(forbidden.policies, ["garden/locked_beds_rest"]);
    assert!(forbidden.needs.is_empty(), "{forbidden:?}");
    let refused = explained(&user(8, Role::Member), &PLANT, &bed(7)).in_brief();
    assert_eq!(refused.needs, ["to be the bed's keeper", "the role moderator or above"]);
}

#[test]
fn refusal_at_the_door_says_whom_the_heads_ask_for() {
    let member = user(1, Role::Member);
    assert!(!engine().could_allow(&member, &LOCK));
    let why = engine().explain_early(&member, &LOCK).unwrap();
    assert_eq!(why.ways(), ["the role moderator or above"]);
    assert_eq!(why.would_need, ["garden/moderators_change"]);
}

#[test]
fn what_one_service_may_do_is_no_advice_for_people() {
    let why = explained(&user(1, Role::Member), &crate::garden::WATER, &bed(7));
    assert!(why.ways().is_empty(), "{why:?}");
    let scarecrow = explained(&service("scarecrow"), &crate::garden::WATER, &bed(7));
    assert_eq!(scarecrow.ways(), ["to be the service sprinkler"]);
}

#[test]
fn forbid_that_cannot_be_evaluated_is_explained() {
    let why = explained(&user(1, Role::Moderator), &DIG_UP, &bed_of(1, 7, false, i64::MAX));
    assert_eq!(why.obstacles[0].policy, "garden/roots_stay");
    assert!(why.obstacles[0].forbids);
}
