//! Lists threads, of one category or of all.

use super::board;
use crate::store::{CategoryView, ThreadFilter, ThreadList};
use crate::{Forum, operations};
use forum_contract::reasons::NO_SUCH_CATEGORY;
use kernel::{Caller, Fault, Operation, PageRequest, Permit, Resource, UseCase};
use serde::Serialize;

/// Which threads.
#[derive(Debug, Serialize)]
pub(crate) struct ListThreads {
    /// A category's short name or id; all of them when absent.
    pub(crate) category: Option<String>,
    pub(crate) page: PageRequest,
}

impl UseCase for ListThreads {
    type Module = Forum;
    type Subject = Option<CategoryView>;
    type Output = ThreadList;
    const OPERATION: &'static Operation = &operations::LIST_THREADS;

    async fn load(&self, forum: &Forum, caller: &Caller) -> Result<Option<CategoryView>, Fault> {
        let Some(name) = &self.category else { return Ok(None) };
        let category = forum.store.find_category(caller.actor.tenant, name).await?;
        category.map(Some).ok_or_else(|| NO_SUCH_CATEGORY.fault())
    }

    fn resource(&self, _: &Option<CategoryView>, caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, forum: &Forum, category: Option<CategoryView>, permit: Permit) -> Result<ThreadList, Fault> {
        let size = self.page.size(30, 100)?;
        let id = category.as_ref().map(|category| category.id);
        // Nothing is loaded that could not be opened, and no page is shorter for it.
        let readable = forum.pipeline.gate().decisions().narrow(permit.caller(), &operations::READ_THREAD);
        let readable = readable.ok_or_else(|| Fault::internal("the policies on reading a thread have no condition"))?;
        let wanted = ThreadFilter { category: id, readable: &readable, after: self.page.cursor.as_ref(), size };
        let threads = forum.store.threads(permit.tenant(), wanted).await?;
        Ok(ThreadList { category, threads })
    }
}
