//! The forum's rules: pure, synchronous, knowing the kernel and nothing else.

mod category;
mod post;
mod text;
mod thread;

pub(crate) use category::{Category, CategoryId, Slug};
pub(crate) use post::{Post, PostId};
pub(crate) use text::{Body, Description, Name, Title};
pub(crate) use thread::{LockRefused, ReplyRefused, Thread, ThreadId};
