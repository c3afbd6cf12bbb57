//! What can be done in platform, one file each. What may not enter: a request, a transaction, a page.

mod count_tasks;
mod give_order;
mod limit_queue;
mod list_queues;
mod list_sagas;
mod list_schedules;
mod list_tasks;
mod read_saga;
mod read_task;
mod read_throughput;
mod redrive_all;

pub(crate) use count_tasks::CountTasks;
pub(crate) use give_order::GiveOrder;
pub(crate) use limit_queue::LimitQueue;
pub(crate) use list_queues::ListQueues;
pub(crate) use list_sagas::{FoundSaga, ListSagas};
pub(crate) use list_schedules::ListSchedules;
pub(crate) use list_tasks::{FoundTask, ListTasks};
pub(crate) use read_saga::ReadSaga;
pub(crate) use read_task::ReadTask;
pub(crate) use read_throughput::ReadThroughput;
pub(crate) use redrive_all::RedriveAll;

use crate::desks::{Silent, Survey};
use crate::domain::said;
use kernel::{Cursor, Fault, Page, PageRequest, Resource, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Things on a page when nobody says how many.
const USUAL: u32 = 50;
/// Things on a page at most.
const MOST: u32 = 200;

/// One page of what several modules have, as one list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gathered<T> {
    /// The page, newest first.
    pub(crate) page: Page<T>,
    /// The modules whose part is missing.
    pub(crate) silent: Vec<Silent>,
}

/// The desk of a module, or those of all of them, as policies see it: whatever community a task is done for, the machinery
/// is the first one's, from which the installation is run.
fn desk(module: Option<&str>) -> Resource {
    Resource::new("Desk", said(module).unwrap_or("all"), TenantId::FIRST)
}

/// A page of each module becomes one page of all: ids are in the order of time, whichever module made them.
///
/// A module's page may be short, even empty, and have a next one. What such a module has beyond its page is not known
/// here, so that nobody's part reaches further down than the first of these pages ends: the rest is asked for again.
///
/// # Errors
/// `Internal` when a desk goes on from something that is no place in such a list.
fn gather<T, U>(
    survey: Survey<Page<T>>,
    size: u64,
    id: fn(&U) -> Uuid,
    found: fn(&str, T) -> U,
) -> Result<Gathered<U>, Fault> {
    let (mut items, mut horizon) = (Vec::new(), None);
    for (module, page) in survey.heard {
        let end = page.next.map(|next| next.key::<Uuid>()).transpose().map_err(Fault::internal)?;
        horizon = horizon.max(end);
        items.extend(page.items.into_iter().map(|item| found(&module, item)));
    }
    items.retain(|item| horizon.is_none_or(|horizon| id(item) >= horizon));
    items.sort_by_key(|item| std::cmp::Reverse(id(item)));
    let page = Page::cut(items, size, id);
    let next = page.next.or(horizon.map(|horizon| Cursor::of(&horizon)));
    Ok(Gathered { page: Page { items: page.items, next }, silent: survey.silent })
}

/// The size of a page and what to ask each module for it.
fn part(page: &PageRequest) -> Result<(u64, PageRequest), Fault> {
    let size = page.size(USUAL, MOST)?;
    if let Some(cursor) = &page.cursor {
        cursor.key::<Uuid>()?;
    }
    let limit = page.limit.or(Some(USUAL));
    Ok((size, PageRequest { cursor: page.cursor.clone(), limit }))
}
