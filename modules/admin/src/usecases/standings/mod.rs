//! Roles that a community makes up, groups of its people, and who holds which. Nobody gives what they do not have.

mod define_standing;
mod end_standings;
mod give_standing;
mod list_standings;
mod take_standing;

pub(crate) use define_standing::DefineStanding;
pub(crate) use end_standings::{EndStandings, Ended};
pub(crate) use give_standing::GiveStanding;
pub(crate) use list_standings::{ListStandings, StandingView, Standings};
pub(crate) use take_standing::TakeStanding;

use crate::Admin;
use crate::domain::{Held, Holder, StandingKind, StandingName};
use admin_contract::{AccessChanged, reasons};
use kernel::{Caller, Fault, NewEvent, Permit, Resource, Role, TenantId};

/// A role or a group as policies see it.
fn resource(tenant: TenantId, kind: &str, name: &str) -> Resource {
    Resource::new("Standing", format!("{}/{}", kind.trim(), name.trim()), tenant)
}

/// Refuses whoever would give more than they have.
///
/// # Errors
/// `admin.escalation`, naming what they lack.
fn check_has(admin: &Admin, caller: &Caller, operations: &[String]) -> Result<(), Fault> {
    match operations.iter().find(|operation| !admin.decisions.holds(caller, operation)) {
        Some(lacking) => {
            let detail = format!("You can only give what is yours to do anywhere, and {lacking} is not.");
            Err(reasons::ESCALATION.fault().detail(detail))
        }
        None => Ok(()),
    }
}

/// What the role lets its holders do, and the version it is of; none of it for a built-in one.
///
/// # Errors
/// `admin.no_such_standing`; `admin.escalation` where the caller has not all of it.
async fn check_role(admin: &Admin, caller: &Caller, name: &StandingName) -> Result<Option<(uuid::Uuid, i64)>, Fault> {
    if let Some(role) = name.built_in() {
        let held = caller.actor.role;
        return if held >= role && held > Role::Member { Ok(None) } else { Err(reasons::ESCALATION.fault()) };
    }
    let standing = admin.store.standing(caller.actor.tenant, StandingKind::Role, name.as_str()).await?;
    let standing = standing.ok_or_else(|| reasons::NO_SUCH_STANDING.fault())?;
    check_has(admin, caller, &standing.operations)?;
    Ok(Some((standing.id, standing.version)))
}

/// What whoever comes into the group gets with it.
async fn roles_of_group(admin: &Admin, tenant: TenantId, name: &StandingName) -> Result<Vec<Held>, Fault> {
    admin.store.held_by(tenant, &Holder::Group(name.clone())).await
}

/// What every process of the module hears.
fn changed(permit: &Permit, what: &str, kind: StandingKind, name: &str, holder: &str) -> NewEvent {
    NewEvent::of(&AccessChanged {
        about: format!("{}:{name}", kind.name()),
        what: what.to_owned(),
        holder: holder.to_owned(),
        changed_by: permit.caller().actor.principal.to_string(),
    })
}
