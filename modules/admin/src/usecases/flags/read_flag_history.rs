//! Reads every version of a flag, and what each of them changed.

use super::flag_resource;
use crate::Admin;
use crate::operations::READ_FLAG_HISTORY;
use crate::store::{FlagVersion, FlagView};
use admin_contract::reasons::NO_SUCH_FLAG;
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::{Deserialize, Serialize};

/// Which flag.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadFlagHistory {
    /// What programs call it.
    pub(crate) key: String,
}

/// A flag as it is, and as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlagHistory {
    pub(crate) flag: FlagView,
    /// The first version first.
    pub(crate) versions: Vec<FlagVersion>,
}

impl UseCase for ReadFlagHistory {
    type Module = Admin;
    type Subject = Option<FlagView>;
    type Output = FlagHistory;
    const OPERATION: &'static Operation = &READ_FLAG_HISTORY;

    async fn load(&self, admin: &Admin, caller: &Caller) -> Result<Option<FlagView>, Fault> {
        admin.store.flag_view(caller.actor.tenant, &self.key).await
    }

    fn resource(&self, flag: &Option<FlagView>, caller: &Caller) -> Resource {
        flag_resource(caller.actor.tenant, &self.key, flag.as_ref().is_some_and(FlagView::public))
    }

    async fn run(&self, admin: &Admin, flag: Option<FlagView>, permit: Permit) -> Result<FlagHistory, Fault> {
        let flag = flag.ok_or_else(|| NO_SUCH_FLAG.fault())?;
        let versions = admin.store.flag_versions(permit.tenant(), flag.id).await?;
        Ok(FlagHistory { flag, versions })
    }
}
