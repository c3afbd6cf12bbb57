//! Everything that can be done in admin. What may not enter: who may do it; that is the policies' business.

use kernel::Operation;

pub(crate) static LIST_PEOPLE: Operation = Operation::query("admin.list_people", "Tenant");
pub(crate) static READ_TENANT: Operation = Operation::query("admin.read_tenant", "Tenant");
pub(crate) static EXPLAIN_DECISION: Operation = Operation::query("admin.explain_decision", "Tenant");
pub(crate) static READ_ROLE: Operation = Operation::query("admin.read_role", "Person");
pub(crate) static GRANT_ROLE: Operation = Operation::command("admin.grant_role", "Person");
pub(crate) static GRANT_FOUNDER: Operation = Operation::command("admin.grant_founder", "Person");
pub(crate) static RECORD_PERSON: Operation = Operation::command("admin.record_person", "Person");

/// All of them, for the policies, the matrix and the documentation.
pub(crate) const OPERATIONS: &[&Operation] =
    &[&LIST_PEOPLE, &READ_TENANT, &EXPLAIN_DECISION, &READ_ROLE, &GRANT_ROLE, &GRANT_FOUNDER, &RECORD_PERSON];
