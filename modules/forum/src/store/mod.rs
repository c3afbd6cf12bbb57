//! The forum's tables, decision-shaped: load what a decision needs, commit what it decided, read what people look at.

mod changes;
mod counts;
mod loads;
mod views;

pub(crate) use changes::{EditedPost, LockedThread, NewCategory, NewReply, NewThread, RecordedMember};
pub(crate) use counts::{Drifted, MendedCounts};
pub(crate) use views::{CategoryView, PostVersion, PostView, ThreadFilter, ThreadList, ThreadView};

use store::Store;

/// The forum's part of the relational store.
#[derive(Clone)]
pub(crate) struct ForumStore(pub(crate) Store);

/// What the forum's constraints mean.
pub(crate) const CONSTRAINTS: store::Constraints = &[
    ("ux_categories_tenant_id_slug", &forum_contract::reasons::SLUG_TAKEN),
    // Two replies took the same number: the one that came second decides again.
    ("ux_posts_thread_id_number", &kernel::reasons::STALE),
];
