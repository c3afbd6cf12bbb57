//! What can be done in the forum, one file each. They know the domain and the store, never a request or a transaction.

mod create_category;
mod edit_post;
mod list_categories;
mod list_threads;
mod lock_thread;
mod post_reply;
mod preview_text;
mod read_post;
mod read_post_history;
mod read_thread;
mod reconcile_counts;
mod record_member;
mod start_thread;

pub(crate) use create_category::CreateCategory;
pub(crate) use edit_post::EditPost;
pub(crate) use list_categories::ListCategories;
pub(crate) use list_threads::ListThreads;
pub(crate) use lock_thread::{LockThread, UnlockThread};
pub(crate) use post_reply::PostReply;
pub(crate) use preview_text::PreviewText;
pub(crate) use read_post::ReadPost;
pub(crate) use read_post_history::{PostHistory, ReadPostHistory};
pub(crate) use read_thread::{ReadThread, ThreadPage};
pub(crate) use reconcile_counts::{ReconcileCounts, Reconciled};
pub(crate) use record_member::RecordMember;
pub(crate) use start_thread::StartThread;

use crate::domain::{Post, ReplyRefused, Thread};
use kernel::{Attribute, Caller, Fault, Resource, TenantId, UserId, reasons};

impl From<ReplyRefused> for Fault {
    fn from(refused: ReplyRefused) -> Self {
        match refused {
            ReplyRefused::Locked => forum_contract::reasons::THREAD_LOCKED.fault(),
        }
    }
}

/// The forum as a whole, as policies see it.
fn board(tenant: TenantId) -> Resource {
    Resource::new("Board", tenant, tenant)
}

fn thread_resource(thread: &Thread) -> Resource {
    Resource::new("Thread", thread.id, thread.tenant)
        .with("author", Attribute::User(thread.author_id))
        .with("locked", Attribute::Flag(thread.locked))
}

fn post_resource(post: &Post) -> Resource {
    Resource::new("Post", post.id, post.tenant).with("author", Attribute::User(post.author_id))
}

/// Two parts of an input, or everything that is wrong with either.
fn both<A, B>(one: Result<A, Fault>, other: Result<B, Fault>) -> Result<(A, B), Fault> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => {
            let faults = one.err().into_iter().chain(other.err());
            Err(Fault::invalid_fields(faults.flat_map(|fault| fault.fields).collect()))
        }
    }
}

/// The person acting. Words have an author, so a service may not write them.
fn author(caller: &Caller) -> Result<UserId, Fault> {
    caller.actor.user_id().ok_or_else(|| reasons::FORBIDDEN.fault().detail("Only people write here."))
}
