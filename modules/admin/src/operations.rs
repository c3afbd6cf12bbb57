//! Everything that can be done in admin. What may not enter: who may do it; that is the policies' business.

use kernel::Operation;

// What is `kept` is how a community comes out of a bad policy again: no policy of its own reaches it.

pub(crate) static LIST_PEOPLE: Operation = Operation::query("admin.list_people", "Tenant");
pub(crate) static READ_TENANT: Operation = Operation::query("admin.read_tenant", "Tenant");
pub(crate) static EXPLAIN_DECISION: Operation = Operation::query("admin.explain_decision", "Tenant").sensitive().kept();
pub(crate) static READ_ROLE: Operation = Operation::query("admin.read_role", "Person").within().kept();
pub(crate) static GRANT_ROLE: Operation =
    Operation::command("admin.grant_role", "Person").sensitive().kept().in_person();
pub(crate) static GRANT_FOUNDER: Operation = Operation::command("admin.grant_founder", "Person").sensitive();
pub(crate) static RECORD_PERSON: Operation = Operation::command("admin.record_person", "Person");
pub(crate) static LIST_STANDINGS: Operation = Operation::query("admin.list_standings", "Tenant").kept();
pub(crate) static DEFINE_STANDING: Operation =
    Operation::command("admin.define_standing", "Standing").kept().in_person().sensitive();
pub(crate) static GIVE_STANDING: Operation =
    Operation::command("admin.give_standing", "Standing").kept().in_person().sensitive();
pub(crate) static TAKE_STANDING: Operation =
    Operation::command("admin.take_standing", "Standing").kept().in_person().sensitive();
pub(crate) static END_STANDINGS: Operation = Operation::command("admin.end_standings", "Tenant").kept();
pub(crate) static READ_RULES: Operation = Operation::query("admin.read_rules", "Tenant").kept();
pub(crate) static LIST_POLICIES: Operation = Operation::query("admin.list_policies", "Tenant").kept();
pub(crate) static PROPOSE_POLICIES: Operation =
    Operation::command("admin.propose_policies", "Tenant").kept().in_person().sensitive();
pub(crate) static APPROVE_POLICIES: Operation =
    Operation::command("admin.approve_policies", "Tenant").kept().in_person().sensitive();
pub(crate) static REJECT_POLICIES: Operation =
    Operation::command("admin.reject_policies", "Tenant").kept().in_person().sensitive();
pub(crate) static FIND_COMMUNITY: Operation = Operation::query("admin.find_community", "Tenant");
pub(crate) static CHANGE_PROFILE: Operation = Operation::command("admin.change_profile", "Tenant").in_person();
pub(crate) static LIST_COMMUNITIES: Operation = Operation::query("admin.list_communities", "Installation").kept();
pub(crate) static READ_COMMUNITY: Operation = Operation::query("admin.read_community", "Installation").kept();
pub(crate) static CREATE_COMMUNITY: Operation =
    Operation::command("admin.create_community", "Installation").in_read_only().in_person().sensitive().kept();
pub(crate) static CHANGE_COMMUNITY: Operation =
    Operation::command("admin.change_community", "Installation").in_read_only().in_person().sensitive().kept();
pub(crate) static PUT_COMMUNITY: Operation =
    Operation::command("admin.put_community", "Installation").in_read_only().in_person().sensitive().kept();
pub(crate) static MAKE_OPERATOR: Operation =
    Operation::command("admin.make_operator", "Installation").in_read_only().in_person().sensitive().kept();
pub(crate) static LIST_FLAGS: Operation = Operation::query("admin.list_flags", "Tenant");
pub(crate) static READ_FLAG: Operation = Operation::query("admin.read_flag", "Flag");
pub(crate) static READ_FLAG_HISTORY: Operation = Operation::query("admin.read_flag_history", "Flag");
pub(crate) static TRY_FLAG: Operation = Operation::query("admin.try_flag", "Flag");
pub(crate) static EVALUATE_FLAG: Operation = Operation::query("admin.evaluate_flag", "Flag");
pub(crate) static EVALUATE_FLAGS: Operation = Operation::query("admin.evaluate_flags", "Tenant");
pub(crate) static RESOLVE_FLAGS: Operation = Operation::query("admin.resolve_flags", "Tenant").within().kept();
pub(crate) static DEFINE_FLAG: Operation = Operation::command("admin.define_flag", "Flag").sensitive();
pub(crate) static CHANGE_FLAG: Operation = Operation::command("admin.change_flag", "Flag").sensitive();
pub(crate) static ROLL_OUT_FLAG: Operation = Operation::command("admin.roll_out_flag", "Flag").sensitive();
pub(crate) static SWITCH_FLAG: Operation = Operation::command("admin.switch_flag", "Flag").sensitive();
pub(crate) static ARCHIVE_FLAG: Operation = Operation::command("admin.archive_flag", "Flag").sensitive();

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] = &[
    &LIST_PEOPLE,
    &READ_TENANT,
    &EXPLAIN_DECISION,
    &READ_ROLE,
    &GRANT_ROLE,
    &GRANT_FOUNDER,
    &RECORD_PERSON,
    &LIST_STANDINGS,
    &DEFINE_STANDING,
    &GIVE_STANDING,
    &TAKE_STANDING,
    &END_STANDINGS,
    &READ_RULES,
    &LIST_POLICIES,
    &PROPOSE_POLICIES,
    &APPROVE_POLICIES,
    &REJECT_POLICIES,
    &FIND_COMMUNITY,
    &CHANGE_PROFILE,
    &LIST_COMMUNITIES,
    &READ_COMMUNITY,
    &CREATE_COMMUNITY,
    &CHANGE_COMMUNITY,
    &PUT_COMMUNITY,
    &MAKE_OPERATOR,
    &LIST_FLAGS,
    &READ_FLAG,
    &READ_FLAG_HISTORY,
    &TRY_FLAG,
    &EVALUATE_FLAG,
    &EVALUATE_FLAGS,
    &RESOLVE_FLAGS,
    &DEFINE_FLAG,
    &CHANGE_FLAG,
    &ROLL_OUT_FLAG,
    &SWITCH_FLAG,
    &ARCHIVE_FLAG,
];
