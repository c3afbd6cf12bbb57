//! What holds for any policies: the early no is never wrong, and the table says what decisions do.

use crate::garden::{OPERATIONS, PART, RENT, bed_of, engine, guest, service, tenant, user};
use engine_cedar::{CedarDecisionPoint, Could, PolicyPart};
use kernel::{Caller, DecisionPoint, Operation, Question, Resource, Role};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

const PRINCIPALS: [&str; 9] = [
    "principal",
    "principal is Polity::User",
    "principal is Polity::Service",
    "principal in Polity::Role::\"guest\"",
    "principal in Polity::Role::\"moderator\"",
    "principal is Polity::Guest in Polity::Role::\"guest\"",
    "principal == Polity::User::\"20000000-0000-0000-0000-000000000001\"",
    "principal in Polity::User::\"20000000-0000-0000-0000-000000000002\"",
    "principal is Polity::Service in Polity::Service::\"sprinkler\"",
];

const ACTIONS: [&str; 5] = [
    "action",
    "action == Garden::Action::\"visit\"",
    "action in Garden::Action::\"change\"",
    "action in [Garden::Action::\"water\", Garden::Action::\"change\"]",
    "action in [Garden::Action::\"visit\", Garden::Action::\"plant\"]",
];

const RESOURCES: [&str; 4] =
    ["resource", "resource is Garden::Bed", "resource == Garden::Bed::\"b1\"", "resource == Garden::Bed::\"b2\""];

const CONDITIONS: [&str; 4] = [
    "",
    "when { resource has locked && resource.locked }",
    "unless { resource has depth_cm && resource.depth_cm * 1000 > 500000 }",
    "when { resource has keeper && resource.keeper == Polity::User::\"20000000-0000-0000-0000-000000000001\" }",
];

fn policies() -> impl Strategy<Value = String> {
    let effect = prop_oneof![3 => Just("permit"), 1 => Just("forbid")];
    let policy = (effect, select(&PRINCIPALS), select(&ACTIONS), select(&RESOURCES), select(&CONDITIONS));
    proptest::collection::vec(policy, 0..6).prop_map(|policies| {
        let written = policies.iter().enumerate().map(|(number, (effect, principal, action, resource, condition))| {
            format!("@id(\"p{number}\")\n{effect} ({principal}, {action}, {resource}) {condition};\n")
        });
        written.collect()
    })
}

fn callers() -> impl Strategy<Value = Caller> {
    prop_oneof![
        Just(guest()),
        select(vec!["sprinkler", "scarecrow"]).prop_map(service),
        (0..4_u32, select(&Role::ALL)).prop_map(|(number, role)| user(number, role)),
    ]
}

fn beds() -> impl Strategy<Value = Resource> {
    let depth = prop_oneof![Just(10_i64), Just(900), Just(i64::MAX)];
    (1..3_u32, 0..4_u32, any::<bool>(), depth)
        .prop_map(|(community, keeper, locked, depth_cm)| bed_of(community, keeper, locked, depth_cm))
}

/// The table's word on a caller, where it has a column for it.
fn word(engine: &CedarDecisionPoint, caller: &Caller, operation: &Operation) -> Option<Could> {
    let column = match &caller.actor {
        actor if actor.is_guest() => 0,
        actor if actor.user_id().is_none() => 4,
        actor if actor.role == Role::Guest => return None,
        actor => actor.role as usize,
    };
    let matrix = engine.matrix();
    matrix.rows.iter().find(|row| row.operation == operation.id).map(|row| row.cells[column])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn early_no_and_table_never_contradict_a_decision(
        policies in policies(),
        caller in callers(),
        bed in beds(),
        operation in select(&OPERATIONS),
    ) {
        let plot = Resource::new("Plot", "b1", tenant(1));
        let resource = if operation.id == RENT.id { &plot } else { &bed };
        let part = PolicyPart { policies: policies.leak(), ..PART };
        let engine = CedarDecisionPoint::build(&[part]).unwrap_or_else(|faults| panic!("{faults}"));
        let decision = engine.decide(Question { caller: &caller, operation, resource });
        let word = word(&engine, &caller, operation);
        if decision.allowed {
            assert!(engine.could_allow(&caller, operation), "{:?}", decision.explanation);
            assert_ne!(word, Some(Could::No), "{:?}", decision.explanation);
        } else if resource.tenant == caller.actor.tenant {
            assert_ne!(word, Some(Could::Yes), "{:?}", decision.explanation);
        }
    }
}

#[test]
fn early_no_follows_role_kind_and_name() {
    let engine = engine();
    let asks = |caller: Caller, verb: &str| {
        let operation = OPERATIONS.into_iter().find(|operation| operation.verb() == verb).unwrap();
        engine.could_allow(&caller, operation)
    };
    assert!(asks(guest(), "visit") && !asks(guest(), "plant"));
    assert!(asks(user(1, Role::Member), "plant") && !asks(user(1, Role::Member), "lock"));
    assert!(asks(user(1, Role::Moderator), "lock"), "through the group of actions");
    assert!(asks(service("sprinkler"), "water") && !asks(service("scarecrow"), "water"));
    assert!(asks(user(1, Role::Member), "rent") && !asks(service("sprinkler"), "rent"));
}

#[test]
fn table_of_who_could_do_what() {
    insta::assert_snapshot!(engine().matrix(), @r"
    operation      guest  member  moderator  administrator  service
    garden.dig_up  no     no      if         if             no
    garden.lock    no     no      yes        yes            no
    garden.plant   no     if      if         if             no
    garden.rent    no     if      if         if             no
    garden.visit   yes    yes     yes        yes            yes
    garden.water   no     no      no         no             if
    ");
}
