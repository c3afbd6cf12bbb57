//! Communities: made, changed, closed and found. Whoever runs the installation does the first three, from the first
//! community; every process does the last, for every request.

mod change_community;
mod change_profile;
mod create_community;
mod find_community;
mod list_communities;
mod make_operator;
mod put_community;
mod read_community;

pub(crate) use change_community::ChangeCommunity;
pub(crate) use change_profile::ChangeProfile;
pub(crate) use create_community::CreateCommunity;
pub(crate) use find_community::{FindCommunity, Places, Wanted};
pub(crate) use list_communities::ListCommunities;
pub(crate) use make_operator::MakeOperator;
pub(crate) use put_community::PutCommunity;
pub(crate) use read_community::ReadCommunity;

use crate::Admin;
use crate::domain::CommunityRow;
use crate::store::WrittenCommunity;
use admin_contract::CommunityChanged;
use admin_contract::reasons::NO_SUCH_TENANT;
use kernel::{Fault, NewEvent, Permit, Resource, TenantId, reasons};

/// The installation as policies see it: a thing of the community that it is run from, and out of reach of all others.
fn installation() -> Resource {
    Resource::new("Installation", "installation", TenantId::FIRST)
}

/// The community that is spoken of by short name or by id.
async fn named(admin: &Admin, name: &str) -> Result<CommunityRow, Fault> {
    let found = match name.parse::<TenantId>() {
        Ok(id) => admin.store.community_of_id(id).await?,
        Err(_) => admin.store.community_of_slug(name).await?,
    };
    found.ok_or_else(|| NO_SUCH_TENANT.fault())
}

/// That it is still the version somebody saw.
fn as_seen(community: &CommunityRow, expected_version: Option<i64>) -> Result<(), Fault> {
    match expected_version {
        Some(expected) if expected != community.version => Err(reasons::STALE.fault()),
        _ => Ok(()),
    }
}

/// Commits the community, and tells whoever listens.
async fn commit_community(
    admin: &Admin,
    permit: Permit,
    community: CommunityRow,
    mut events: Vec<NewEvent>,
) -> Result<CommunityRow, Fault> {
    events.push(NewEvent::of(&CommunityChanged {
        tenant_id: community.id.to_string(),
        version: community.version,
        state: community.state.clone(),
        changed_by: permit.caller().actor.principal.to_string(),
    }));
    let domain_ids = community.profile.domains.iter().map(|_| admin.ids.next()).collect();
    let change = WrittenCommunity { community: community.clone(), domain_ids };
    admin.store.base().commit(permit, change, events, community).await
}
