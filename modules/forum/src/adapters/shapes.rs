//! What the forum looks like over REST: the shapes of bodies and queries, documented for OpenAPI.

use crate::store::{CategoryView, PostVersion, PostView, ThreadView};
use chrono::{DateTime, Utc};
use kernel::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A category.
#[derive(Serialize, ToSchema)]
pub(crate) struct Category {
    /// Its id.
    pub(super) id: Uuid,
    /// Its short unique name in addresses.
    #[schema(example = "help")]
    pub(super) slug: String,
    /// Its name.
    #[schema(example = "Help")]
    pub(super) name: String,
    /// What belongs there.
    pub(super) description: String,
    /// How many threads it has.
    pub(super) thread_count: i64,
}

impl From<CategoryView> for Category {
    fn from(view: CategoryView) -> Self {
        let CategoryView { id, slug, name, description, thread_count } = view;
        Self { id, slug, name, description, thread_count }
    }
}

/// Every category.
#[derive(Serialize, ToSchema)]
pub(crate) struct Categories {
    pub(super) items: Vec<Category>,
}

/// A category as its maker words it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryInput {
    /// 2 to 40 of a to z, 0 to 9, with single hyphens between.
    pub(super) slug: String,
    /// 2 to 60 characters.
    pub(super) name: String,
    /// At most 300 characters.
    #[serde(default)]
    pub(super) description: String,
}

/// A thread without its posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Thread {
    /// Its id.
    pub(super) id: Uuid,
    /// The category it stands in.
    pub(super) category_id: Uuid,
    /// What it is about.
    pub(super) title: String,
    /// Whether it takes no more replies.
    pub(super) locked: bool,
    /// How many posts it has, the first included.
    pub(super) post_count: i64,
    /// Who started it.
    pub(super) author_id: Uuid,
    /// Their name; absent until it has reached the forum.
    pub(super) author_name: Option<String>,
    /// When it was started.
    pub(super) started_at: DateTime<Utc>,
    /// When its newest post was written.
    pub(super) last_post_at: DateTime<Utc>,
}

impl From<ThreadView> for Thread {
    fn from(view: ThreadView) -> Self {
        Self {
            id: view.id,
            category_id: view.category_id,
            title: view.title,
            locked: view.locked,
            post_count: view.post_count,
            author_id: view.author_id,
            author_name: view.author_name,
            started_at: view.started_at,
            last_post_at: view.last_post_at,
        }
    }
}

/// Some threads.
#[derive(Serialize, ToSchema)]
pub(crate) struct Threads {
    pub(super) items: Vec<Thread>,
    /// Where to go on from; null on the last page.
    pub(super) next: Option<String>,
}

/// A thread as its author words it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThreadInput {
    /// The category it is to stand in.
    pub(super) category_id: Uuid,
    /// 3 to 200 characters.
    pub(super) title: String,
    /// The first post in Markdown, 1 to 20,000 characters.
    pub(super) body: String,
}

/// A thread just started.
#[derive(Serialize, ToSchema)]
pub(crate) struct ThreadMade {
    /// Its id.
    pub(super) id: Uuid,
    /// Its first post's id.
    pub(super) post_id: Uuid,
}

/// A thread with its newest state and some of its posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ThreadWithPosts {
    #[serde(flatten)]
    pub(super) thread: Thread,
    pub(super) posts: Posts,
}

/// A post.
#[derive(Serialize, ToSchema)]
pub(crate) struct Post {
    /// Its id.
    pub(super) id: Uuid,
    /// The thread it stands in.
    pub(super) thread_id: Uuid,
    /// Its place in the thread, from 1.
    pub(super) number: i64,
    /// Who wrote it.
    pub(super) author_id: Uuid,
    /// Their name; absent until it has reached the forum.
    pub(super) author_name: Option<String>,
    /// Their short unique name.
    pub(super) author_handle: Option<String>,
    /// The text in Markdown.
    pub(super) body: String,
    /// The text as sanitised HTML.
    pub(super) html: String,
    /// When it was written.
    pub(super) posted_at: DateTime<Utc>,
    /// When it was last edited.
    pub(super) edited_at: Option<DateTime<Utc>>,
    /// Counts the edits, from 1. Also its `ETag`: `"v1"`.
    pub(super) version: i64,
}

impl From<PostView> for Post {
    fn from(view: PostView) -> Self {
        Self {
            id: view.id,
            thread_id: view.thread_id,
            number: view.number,
            author_id: view.author_id,
            author_name: view.author_name,
            author_handle: view.author_handle,
            body: view.body,
            html: view.html,
            posted_at: view.posted_at,
            edited_at: view.edited_at,
            version: view.version,
        }
    }
}

/// Some posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Posts {
    pub(super) items: Vec<Post>,
    /// Where to go on from; null on the last page.
    pub(super) next: Option<String>,
}

impl From<Page<PostView>> for Posts {
    fn from(page: Page<PostView>) -> Self {
        Self { items: page.items.into_iter().map(Post::from).collect(), next: page.next.map(|cursor| cursor.0) }
    }
}

/// A text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextInput {
    /// Markdown, 1 to 20,000 characters.
    pub(super) body: String,
}

/// One version of a post's text.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// Counting from 1.
    pub(super) version: i64,
    /// The text in Markdown.
    pub(super) body: String,
    /// Who wrote this version, as `user:<id>`.
    pub(super) actor: String,
    /// When.
    pub(super) at: DateTime<Utc>,
}

impl From<PostVersion> for Version {
    fn from(view: PostVersion) -> Self {
        Self { version: view.version, body: view.body, actor: view.actor, at: view.at }
    }
}

/// Every version of a post's text, the first one first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Versions {
    pub(super) items: Vec<Version>,
}

/// Which threads.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThreadsQuery {
    /// A category's short name or id.
    pub(super) category: Option<String>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// 1 to 100; 30 unless said.
    pub(super) limit: Option<u32>,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// 1 to 100; 50 unless said.
    pub(super) limit: Option<u32>,
}

/// Where to go on from.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The last position seen. From now on when absent.
    pub(super) after: Option<i64>,
}
