//! What does not start, and what is said about it.

use crate::garden::{DIG_UP, LOCK, PART, PLANT, POLICIES, SCHEMA, VISIT, WATER};
use engine_cedar::{CedarDecisionPoint, PolicyPart};
use kernel::Operation;

fn said(parts: &[PolicyPart]) -> String {
    match CedarDecisionPoint::build(parts) {
        Ok(_) => panic!("it was accepted"),
        Err(faults) => faults.to_string(),
    }
}

#[track_caller]
fn policies_say(extra: &'static str, expected: &str) {
    let policies = format!("{POLICIES}{extra}").leak();
    let said = said(&[PolicyPart { policies, ..PART }]);
    assert!(said.contains(expected), "{said}");
}

#[track_caller]
fn schema_says(from: &str, to: &str, expected: &str) {
    let schema = SCHEMA.replace(from, to).leak();
    assert_ne!(schema, SCHEMA);
    let said = said(&[PolicyPart { schema, ..PART }]);
    assert!(said.contains(expected), "{said}");
}

#[test]
fn every_fault_is_listed_at_once() {
    static PAINT: Operation = Operation::command("garden.paint", "Bed");
    static PRUNE: Operation = Operation::command("orchard.prune", "Tree");
    // Without `rent`, which the schema has.
    static DECLARED: [&Operation; 7] = [&VISIT, &PLANT, &LOCK, &DIG_UP, &WATER, &PAINT, &PRUNE];
    let garden = PolicyPart {
        policies: r#"
permit (principal, action == Garden::Action::"visit", resource);
@id("typo")
permit (principal in Polity::Role::"gardener", action == Garden::Action::"visit", resource);
@id("twice") permit (principal, action == Garden::Action::"plant", resource);
@id("twice") permit (principal, action == Garden::Action::"lock", resource);
@id("colour")
permit (principal, action == Garden::Action::"water", resource) when { resource.colour == "red" };
@id("slot")
permit (principal == ?principal, action == Garden::Action::"rent", resource);
"#,
        operations: &DECLARED,
        ..PART
    };
    let shed = PolicyPart { module: "shed", schema: "namespace Shed {}", policies: "permit (", operations: &[] };
    insta::assert_snapshot!(said(&[garden, shed]));
}

#[test]
fn unreadable_schemas_are_all_named_with_their_lines() {
    let shed = PolicyPart { module: "shed", schema: "namespace Shed {\n  entity ;\n}", policies: "", operations: &[] };
    let barn =
        PolicyPart { module: "barn", schema: "namespace Barn {\n\n  nonsense\n}", policies: "", operations: &[] };
    let said = said(&[shed, PART, barn]);
    assert!(said.contains("- shed: line 2:") && said.contains("- barn: line 3:"), "{said}");
}

#[test]
fn resource_without_tenant_does_not_start() {
    schema_says("entity Plot { tenant: String }", "entity Plot { area: Long }", "`tenant`");
    schema_says("entity Plot { tenant: String }", "entity Plot { tenant?: String }", "`tenant`");
}

#[test]
fn schema_outside_its_own_namespace_does_not_start() {
    schema_says("namespace Garden {", "namespace Shed {} namespace Garden {", "namespace Shed; only Garden is its own");
}

#[test]
fn action_about_another_resource_does_not_start() {
    schema_says("resource: [Plot]", "resource: [Plot, Bed]", "operation garden.rent is about Garden::Plot alone");
}

#[test]
fn action_with_a_context_of_its_own_does_not_start() {
    schema_says("context: Polity::Context", "context: { mood: String }", "takes a context other than Polity::Context");
}

#[test]
fn group_that_gathers_nothing_does_not_start() {
    schema_says(
        "action change;",
        "action change; action idle;",
        r#"Garden::Action::"idle" is not a declared operation"#,
    );
}

#[test]
fn policy_that_can_never_apply_does_not_start() {
    policies_say(
        r#"@id("never") permit (principal, action == Garden::Action::"rent", resource is Garden::Bed);"#,
        "garden/never",
    );
}

#[test]
fn two_parts_of_one_name_do_not_start() {
    let said = said(&[PART, PART]);
    assert!(said.contains("garden: two parts have this module's name"), "{said}");
}

#[test]
fn no_modules_at_all_start() {
    assert!(CedarDecisionPoint::build(&[]).unwrap().matrix().rows.is_empty());
}
