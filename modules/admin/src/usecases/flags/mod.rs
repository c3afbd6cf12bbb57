//! What can be done with feature flags.

mod archive_flag;
mod change_flag;
mod define_flag;
mod evaluate_flag;
mod evaluate_flags;
mod list_flags;
mod read_flag;
mod read_flag_history;
mod resolve_flags;
mod roll_out_flag;
mod switch_flag;
mod try_flag;

pub(crate) use archive_flag::ArchiveFlag;
pub(crate) use change_flag::ChangeFlag;
pub(crate) use define_flag::DefineFlag;
pub(crate) use evaluate_flag::{EvaluateFlag, Evaluation};
pub(crate) use evaluate_flags::EvaluateFlags;
pub(crate) use list_flags::ListFlags;
pub(crate) use read_flag::ReadFlag;
pub(crate) use read_flag_history::{FlagHistory, ReadFlagHistory};
pub(crate) use resolve_flags::ResolveFlags;
pub(crate) use roll_out_flag::RollOutFlag;
pub(crate) use switch_flag::SwitchFlag;
pub(crate) use try_flag::{Trial, TryFlag};

use crate::Admin;
use crate::domain::Flag;
use crate::store::WrittenFlag;
use admin_contract::FlagChanged;
use admin_contract::reasons::NO_SUCH_FLAG;
use kernel::{Attribute, Fault, NewEvent, Permit, Resource, TenantId, reasons};
use serde::{Deserialize, Serialize};

/// A flag's version from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlagWritten {
    /// What programs call it.
    pub(crate) key: String,
    /// Counting from 1.
    pub(crate) version: i64,
}

/// A flag as policies see it. One that is not there is not public.
fn flag_resource(tenant: TenantId, key: &str, public: bool) -> Resource {
    Resource::new("Flag", key, tenant).with("public", Attribute::Flag(public))
}

/// A flag that was loaded, or was not there, as policies see it.
fn loaded_resource(tenant: TenantId, key: &str, flag: Option<&Flag>) -> Resource {
    flag_resource(tenant, key, flag.is_some_and(|flag| flag.definition.public))
}

/// The flag, if it is there and still what somebody decided on.
fn as_expected(flag: Option<Flag>, version: Option<i64>) -> Result<Flag, Fault> {
    let flag = flag.ok_or_else(|| NO_SUCH_FLAG.fault())?;
    if version.is_some_and(|version| version != flag.version) {
        return Err(reasons::STALE.fault());
    }
    Ok(flag)
}

/// Commits the flag in its new state, and tells every process that keeps flags.
async fn commit_flag(admin: &Admin, permit: Permit, flag: Flag) -> Result<FlagWritten, Fault> {
    let (tenant, by) = (permit.tenant(), permit.caller().actor.principal.to_string());
    let event = NewEvent::of(&FlagChanged {
        flag_id: flag.id.to_string(),
        key: flag.key.as_str().to_owned(),
        version: flag.version,
        enabled: flag.enabled,
        archived: flag.archived,
        changed_by: by.clone(),
    });
    let answer = FlagWritten { key: flag.key.as_str().to_owned(), version: flag.version };
    let change = WrittenFlag { tenant, flag, by, at: admin.clock.now() };
    admin.store.base().commit(permit, change, vec![event], answer).await
}
