//! What can be done in admin, one file each. What may not enter: a request, a transaction, a page.

mod communities;
mod explain_decision;
mod flags;
mod grant_founder;
mod grant_role;
mod list_people;
mod policies;
mod read_role;
mod read_rules;
mod read_tenant;
mod record_person;
mod standings;

pub(crate) use communities::{
    ChangeCommunity, ChangeProfile, CreateCommunity, FindCommunity, ListCommunities, MakeOperator, Places,
    PutCommunity, ReadCommunity, Wanted,
};
pub(crate) use explain_decision::{DecisionView, ExplainDecision};
pub(crate) use flags::{
    ArchiveFlag, ChangeFlag, DefineFlag, EvaluateFlag, EvaluateFlags, Evaluation, FlagHistory, ListFlags, ReadFlag,
    ReadFlagHistory, ResolveFlags, RollOutFlag, SwitchFlag, Trial, TryFlag,
};
pub(crate) use grant_founder::GrantFounder;
pub(crate) use grant_role::{GrantRole, RoleHeld};
pub(crate) use list_people::ListPeople;
pub(crate) use policies::{ApprovePolicies, ListPolicies, PoliciesPage, ProposePolicies, RejectPolicies};
pub(crate) use read_role::{ReadRole, RoleTold};
pub(crate) use read_rules::ReadRules;
pub(crate) use read_tenant::ReadTenant;
pub(crate) use record_person::RecordPerson;
pub(crate) use standings::{
    DefineStanding, EndStandings, Ended, GiveStanding, ListStandings, StandingView, Standings, TakeStanding,
};

use crate::Admin;
use crate::domain::{HeldRole, Roster};
use crate::store::{ChangeRole, Founded, NewOperator};
use admin_contract::{RoleGranted, RoleRevoked};
use kernel::{Fault, NewEvent, Permit, Role, TenantId, UserId};

/// Commits that `user` holds `role` from now on, and tells whoever listens. Who `operates` runs the installation too,
/// where it is run from.
async fn commit_role(
    admin: &Admin,
    permit: Permit,
    roster: Roster,
    user: UserId,
    role: HeldRole,
    operates: bool,
) -> Result<RoleHeld, Fault> {
    let by = permit.caller().actor.principal.to_string();
    let (user_id, held) = (user.to_string(), roster.held());
    let mut events = Vec::new();
    if held.role() > Role::Member {
        let revoked = RoleRevoked { user_id: user_id.clone(), role: held.name().to_owned(), revoked_by: by.clone() };
        events.push(NewEvent::of(&revoked));
    }
    events.push(NewEvent::of(&RoleGranted { user_id, role: role.name().to_owned(), granted_by: by.clone() }));
    let change = ChangeRole {
        tenant: permit.tenant(),
        roster_version: roster.version,
        id: roster.grant.map_or_else(|| admin.ids.next(), |grant| grant.id),
        user,
        role,
        granted_by: by,
        granted_at: admin.clock.now(),
        version: roster.grant_version() + 1,
    };
    let answer = RoleHeld { user, role, version: change.version };
    if operates && change.tenant == TenantId::FIRST {
        let ChangeRole { tenant, granted_by, granted_at, .. } = change.clone();
        let change = Founded { role: change, operator: NewOperator { tenant, user, granted_by, granted_at } };
        return admin.store.base().commit(permit, change, events, answer).await;
    }
    admin.store.base().commit(permit, change, events, answer).await
}
