//! What lists are narrowed by says the same as deciding on each thing in them.

use crate::garden::{PLANT, VISIT, bed_of, engine, guest, tenant, user};
use kernel::{Attribute, Caller, CommunityRules, Comparison, Condition, DecisionPoint, Question, Resource, Role};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

const TENANT: &str = "10000000-0000-0000-0000-000000000001";

const HEADS: [&str; 5] = [
    "principal in Polity::Role::\"member\"",
    "principal in Polity::Role::\"moderator\"",
    "principal in Polity::Group::\"treasurers\"",
    "principal == Polity::User::\"20000000-0000-0000-0000-000000000001\"",
    "principal is Polity::User",
];

const PARTS: [&str; 12] = [
    "resource.locked",
    "resource.keeper == principal",
    "principal != resource.keeper",
    "resource.depth_cm > 50",
    "50 >= resource.depth_cm",
    "resource.depth_cm < 10",
    "principal in Polity::Role::\"moderator\"",
    "[10, 900].contains(resource.depth_cm)",
    "resource == Garden::Bed::\"b1\"",
    "9223372036854775807 + 1 > 0",
    "principal.tenant == resource.tenant",
    "(if resource.locked then resource.depth_cm > 50 else resource.keeper == principal)",
];

/// An expression in which Cedar evaluates only what it must.
fn expression() -> impl Strategy<Value = String> {
    let part = select(&PARTS).prop_map(str::to_owned);
    part.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn policies() -> impl Strategy<Value = String> {
    let effect = prop_oneof![Just("permit"), Just("forbid")];
    let clause = prop_oneof![Just("when"), Just("unless")];
    proptest::collection::vec((effect, select(&HEADS), clause, expression()), 1..5).prop_map(|all| {
        let written = all.iter().enumerate().map(|(n, (effect, head, clause, expression))| {
            let action = "action == Garden::Action::\"plant\"";
            format!("@id(\"p{n}\") {effect} ({head}, {action}, resource) {clause} {{ {expression} }};\n")
        });
        written.collect()
    })
}

fn callers() -> impl Strategy<Value = Caller> {
    prop_oneof![
        Just(guest()),
        (0..3_u32, select(&Role::ALL), any::<bool>()).prop_map(|(number, role, treasurer)| {
            let mut caller = user(number, role);
            if treasurer {
                caller.actor.belongs.groups.push("treasurers".to_owned());
            }
            caller
        }),
    ]
}

fn beds() -> impl Strategy<Value = Resource> {
    (1..3_u32, 0..3_u32, any::<bool>(), select(vec![5_i64, 10, 50, 51, 900, i64::MAX]), select(vec!["b1", "b2"]))
        .prop_map(|(community, keeper, locked, depth, id)| Resource {
            id: id.to_owned(),
            ..bed_of(community, keeper, locked, depth)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn condition_says_what_deciding_row_by_row_does(
        text in policies(),
        caller in callers(),
        rows in proptest::collection::vec(beds(), 1..6),
    ) {
        let engine = crate::garden::shared();
        let rules = CommunityRules { tenant: tenant(1), revision: 1, policies: text.clone(), roles: Vec::new() };
        // Strict validation refuses policies that can never apply; those are not what this is about.
        if let Ok(trial) = engine.with(&rules) {
            let condition = trial.narrow(&caller, &PLANT).expect("every part has a condition");
            for row in rows {
                let decided = trial.decide(Question { caller: &caller, operation: &PLANT, resource: &row }).allowed;
                assert_eq!(condition.holds_of(&row), decided, "{text}\n{:?}\n{row:?}\n{condition:?}", caller.actor);
            }
        }
    }
}

#[test]
fn whoever_may_see_everything_of_their_community_is_narrowed_by_it_alone() {
    let all = engine().narrow(&guest(), &VISIT).unwrap();
    let community = Condition::Is("tenant".to_owned(), Comparison::Equal, Attribute::Text(TENANT.to_owned()));
    assert_eq!(all, community);
}

#[test]
fn whoever_may_nothing_gets_an_empty_list() {
    assert_eq!(engine().narrow(&guest(), &PLANT).unwrap(), Condition::Never);
}

#[test]
fn operation_of_lists_takes_no_policy_without_a_condition() {
    let text = "@id(\"deep\") forbid (principal, action == Garden::Action::\"visit\", resource) \
                when { resource.depth_cm + 1 > 100 };";
    let rules = CommunityRules { tenant: tenant(1), revision: 1, policies: text.to_owned(), roles: Vec::new() };
    let problems = engine().adopt(&rules).unwrap_err();
    assert!(problems[0].detail.contains("garden.visit") && problems[0].detail.contains("narrowed"), "{problems:?}");
}
