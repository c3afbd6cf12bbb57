//! An invented module, small enough to keep in mind: beds in a community garden, each with a keeper.

use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::{
    Actor, Attribute, Caller, Decision, DecisionPoint, Operation, Question, Resource, Role, TenantId, UserId,
};

pub(crate) static VISIT: Operation = Operation::query("garden.visit", "Bed").listed();
pub(crate) static PLANT: Operation = Operation::command("garden.plant", "Bed");
pub(crate) static LOCK: Operation = Operation::command("garden.lock", "Bed");
pub(crate) static DIG_UP: Operation = Operation::command("garden.dig_up", "Bed");
pub(crate) static WATER: Operation = Operation::command("garden.water", "Bed");
pub(crate) static RENT: Operation = Operation::command("garden.rent", "Plot");

pub(crate) static OPERATIONS: [&Operation; 6] = [&VISIT, &PLANT, &LOCK, &DIG_UP, &WATER, &RENT];

pub(crate) const SCHEMA: &str = r#"
namespace Garden {
    entity Bed { tenant: String, keeper: Polity::User, locked: Bool, depth_cm: Long };
    entity Plot { tenant: String };
    action change;
    action visit appliesTo { principal: [Polity::User, Polity::Guest, Polity::Service], resource: [Bed] };
    action plant, lock, dig_up in [change]
        appliesTo { principal: [Polity::User, Polity::Guest, Polity::Service], resource: [Bed] };
    action water appliesTo { principal: [Polity::User, Polity::Guest, Polity::Service], resource: [Bed] };
    action rent appliesTo {
        principal: [Polity::User, Polity::Guest, Polity::Service],
        resource: [Plot],
        context: Polity::Context,
    };
}"#;

pub(crate) const POLICIES: &str = r#"
@id("anybody_visits")
permit (principal in Polity::Role::"guest", action == Garden::Action::"visit", resource);

@id("keepers_plant")
permit (principal in Polity::Role::"member", action == Garden::Action::"plant", resource)
when { resource.keeper == principal };

@id("moderators_change")
permit (principal in Polity::Role::"moderator", action in Garden::Action::"change", resource is Garden::Bed);

@id("sprinkler_waters")
permit (principal == Polity::Service::"sprinkler", action == Garden::Action::"water", resource);

@id("members_rent_in_person")
permit (principal is Polity::User in Polity::Role::"member", action == Garden::Action::"rent", resource)
when { context.session && context.tenant == resource.tenant };

@id("locked_beds_rest")
forbid (principal, action == Garden::Action::"plant", resource)
when { resource.locked };

@id("roots_stay")
forbid (principal, action == Garden::Action::"dig_up", resource)
when { resource.depth_cm * 1000 > 500000 };
"#;

pub(crate) const PART: PolicyPart =
    PolicyPart { module: "garden", schema: SCHEMA, policies: POLICIES, operations: &OPERATIONS };

pub(crate) fn engine() -> CedarDecisionPoint {
    CedarDecisionPoint::build(&[PART]).unwrap_or_else(|faults| panic!("{faults}"))
}

/// One for tests that ask it often and change nothing.
pub(crate) fn shared() -> &'static CedarDecisionPoint {
    static SHARED: std::sync::OnceLock<CedarDecisionPoint> = std::sync::OnceLock::new();
    SHARED.get_or_init(engine)
}

pub(crate) fn tenant(number: u32) -> TenantId {
    format!("10000000-0000-0000-0000-{number:012}").parse().unwrap()
}

pub(crate) fn person(number: u32) -> UserId {
    format!("20000000-0000-0000-0000-{number:012}").parse().unwrap()
}

/// Person `number` of community 1.
pub(crate) fn user(number: u32, role: Role) -> Caller {
    Caller::new(Actor::user(tenant(1), person(number), role, "Somebody"), "request")
}

pub(crate) fn guest() -> Caller {
    Caller::new(Actor::guest(tenant(1)), "request")
}

pub(crate) fn service(name: &str) -> Caller {
    Caller::new(Actor::service(tenant(1), name), "request")
}

/// A bed of community 1.
pub(crate) fn bed(keeper: u32) -> Resource {
    bed_of(1, keeper, false, 10)
}

pub(crate) fn bed_of(community: u32, keeper: u32, locked: bool, depth_cm: i64) -> Resource {
    Resource::new("Bed", "b1", tenant(community))
        .with("keeper", Attribute::User(person(keeper)))
        .with("locked", Attribute::Flag(locked))
        .with("depth_cm", Attribute::Number(depth_cm))
}

pub(crate) fn ask(caller: &Caller, operation: &'static Operation, resource: &Resource) -> Decision {
    engine().decide(Question { caller, operation, resource })
}
