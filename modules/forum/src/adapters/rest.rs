//! The forum over REST: `/api/v1/forum`.

use super::live;
use super::shapes::{
    Categories, Category, CategoryInput, LiveQuery, PageQuery, Post, Posts, TextInput, Thread, ThreadInput, ThreadMade,
    ThreadWithPosts, Threads, ThreadsQuery, Version, Versions,
};
use crate::Forum;
use crate::domain::{CategoryId, PostId, ThreadId};
use crate::usecases::{
    CreateCategory, EditPost, ListCategories, ListThreads, LockThread, PostReply, ReadPost, ReadPostHistory,
    ReadThread, StartThread, UnlockThread,
};
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Caller, Cursor, PageRequest, Position};
use runtime::Follow;
use runtime::http::{Admitted, Guarded, Json, Path, Problem, Query, Refusal, etag, expected_version, socket, sse};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

type Ports = State<Arc<Forum>>;

/// The routes with their description.
pub(crate) fn router() -> OpenApiRouter<Arc<Forum>> {
    let api = OpenApiRouter::new()
        .routes(routes!(list_categories, create_category))
        .routes(routes!(list_threads, start_thread))
        .routes(routes!(read_thread))
        .routes(routes!(lock_thread, unlock_thread))
        .routes(routes!(list_posts, post_reply))
        .routes(routes!(read_post, edit_post))
        .routes(routes!(read_post_history))
        .routes(routes!(follow_thread))
        .routes(routes!(follow_thread_by_socket));
    OpenApiRouter::new().nest("/api/v1/forum", api)
}

fn page(cursor: Option<String>, limit: Option<u32>) -> PageRequest {
    PageRequest { cursor: cursor.map(Cursor), limit }
}

/// Lists the categories.
#[utoipa::path(get, path = "/categories", tag = "forum", responses((status = 200, body = Categories)))]
async fn list_categories(State(forum): Ports, call: Admitted<ListCategories>) -> Result<Json<Categories>, Refusal> {
    let categories = forum.execute(&call.caller, ListCategories).await?;
    Ok(Json(Categories { items: categories.into_iter().map(Category::from).collect() }))
}

/// Makes a category. For administrators.
#[utoipa::path(post, path = "/categories", tag = "forum", request_body = CategoryInput, security(("bearer" = [])),
    responses((status = 201, body = Category), (status = 403, body = Problem), (status = 409, body = Problem, description = "forum.slug_taken"), (status = 422, body = Problem)))]
async fn create_category(
    State(forum): Ports,
    call: Admitted<CreateCategory>,
    Json(input): Json<CategoryInput>,
) -> Result<Response, Refusal> {
    let CategoryInput { slug, name, description } = input;
    let location = format!("/c/{slug}");
    let made = forum.execute(&call.caller, CreateCategory { slug, name, description }).await?;
    let categories = forum.execute(&call.caller, ListCategories).await?;
    let category = categories.into_iter().find(|category| category.id == made.id.0).map(Category::from);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(category)).into_response())
}

/// Lists threads, the most recently active first.
#[utoipa::path(get, path = "/threads", tag = "forum", params(ThreadsQuery),
    responses((status = 200, body = Threads), (status = 404, body = Problem, description = "forum.no_such_category")))]
async fn list_threads(
    State(forum): Ports,
    call: Admitted<ListThreads>,
    Query(query): Query<ThreadsQuery>,
) -> Result<Json<Threads>, Refusal> {
    let usecase = ListThreads { category: query.category, page: page(query.cursor, query.limit) };
    let threads = forum.execute(&call.caller, usecase).await?.threads;
    let next = threads.next.map(|cursor| cursor.0);
    Ok(Json(Threads { items: threads.items.into_iter().map(Thread::from).collect(), next }))
}

/// Starts a thread with its first post.
#[utoipa::path(post, path = "/threads", tag = "forum", request_body = ThreadInput, security(("bearer" = [])),
    responses((status = 201, body = ThreadMade), (status = 401, body = Problem), (status = 404, body = Problem, description = "forum.no_such_category"), (status = 422, body = Problem)))]
async fn start_thread(
    State(forum): Ports,
    call: Admitted<StartThread>,
    Json(input): Json<ThreadInput>,
) -> Result<Response, Refusal> {
    let usecase = StartThread { category_id: CategoryId(input.category_id), title: input.title, body: input.body };
    let started = forum.execute(&call.caller, usecase).await?;
    let location = format!("/api/v1/forum/threads/{}", started.id);
    let made = ThreadMade { id: started.id.0, post_id: started.post_id.0 };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// Reads a thread with its first posts.
#[utoipa::path(get, path = "/threads/{id}", tag = "forum", params(("id" = Uuid, Path, description = "The thread"), PageQuery),
    responses((status = 200, body = ThreadWithPosts), (status = 404, body = Problem, description = "forum.no_such_thread")))]
async fn read_thread(
    State(forum): Ports,
    call: Admitted<ReadThread>,
    Path(id): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Result<Json<ThreadWithPosts>, Refusal> {
    let usecase = ReadThread { id: ThreadId(id), page: page(query.cursor, query.limit) };
    let read = forum.execute(&call.caller, usecase).await?;
    Ok(Json(ThreadWithPosts { thread: read.thread.into(), posts: read.posts.into() }))
}

/// Closes a thread to replies and edits. For moderators.
#[utoipa::path(put, path = "/threads/{id}/lock", tag = "forum", params(("id" = Uuid, Path, description = "The thread")), security(("bearer" = [])),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn lock_thread(
    State(forum): Ports,
    call: Admitted<LockThread>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    forum.execute(&call.caller, LockThread { id: ThreadId(id) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a thread again. For moderators.
#[utoipa::path(delete, path = "/threads/{id}/lock", tag = "forum", params(("id" = Uuid, Path, description = "The thread")), security(("bearer" = [])),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn unlock_thread(
    State(forum): Ports,
    call: Admitted<UnlockThread>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    forum.execute(&call.caller, UnlockThread { id: ThreadId(id) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a thread's posts, the oldest first.
#[utoipa::path(get, path = "/threads/{id}/posts", tag = "forum", params(("id" = Uuid, Path, description = "The thread"), PageQuery),
    responses((status = 200, body = Posts), (status = 404, body = Problem)))]
async fn list_posts(
    State(forum): Ports,
    call: Admitted<ReadThread>,
    Path(id): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Posts>, Refusal> {
    let usecase = ReadThread { id: ThreadId(id), page: page(query.cursor, query.limit) };
    Ok(Json(forum.execute(&call.caller, usecase).await?.posts.into()))
}

/// Replies to a thread.
#[utoipa::path(post, path = "/threads/{id}/posts", tag = "forum", params(("id" = Uuid, Path, description = "The thread")), request_body = TextInput, security(("bearer" = [])),
    responses((status = 201, body = Post), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem, description = "forum.thread_locked"), (status = 422, body = Problem)))]
async fn post_reply(
    State(forum): Ports,
    call: Admitted<PostReply>,
    Path(id): Path<Uuid>,
    Json(input): Json<TextInput>,
) -> Result<Response, Refusal> {
    let posted = forum.execute(&call.caller, PostReply { thread_id: ThreadId(id), body: input.body }).await?;
    let location = format!("/api/v1/forum/posts/{}", posted.id);
    let post = shown_post(&forum, &call.caller, posted.id).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], post).into_response())
}

/// Reads a post. Its `ETag` names its version.
#[utoipa::path(get, path = "/posts/{id}", tag = "forum", params(("id" = Uuid, Path, description = "The post")),
    responses((status = 200, body = Post), (status = 404, body = Problem, description = "forum.no_such_post")))]
async fn read_post(State(forum): Ports, call: Admitted<ReadPost>, Path(id): Path<Uuid>) -> Result<Response, Refusal> {
    shown_post(&forum, &call.caller, PostId(id)).await
}

/// Puts another text in the place of a post's. Send `If-Match` to make sure of what you replace.
#[utoipa::path(put, path = "/posts/{id}", tag = "forum", params(("id" = Uuid, Path, description = "The post"), ("If-Match" = Option<String>, Header, description = "The `ETag` of the version replaced")), request_body = TextInput, security(("bearer" = [])),
    responses((status = 200, body = Post), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem, description = "store.stale_version"), (status = 422, body = Problem)))]
async fn edit_post(
    State(forum): Ports,
    call: Admitted<EditPost>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(input): Json<TextInput>,
) -> Result<Response, Refusal> {
    let expected_version = expected_version(&headers)?;
    forum.execute(&call.caller, EditPost { id: PostId(id), body: input.body, expected_version }).await?;
    shown_post(&forum, &call.caller, PostId(id)).await
}

/// Reads every version of a post's text.
#[utoipa::path(get, path = "/posts/{id}/versions", tag = "forum", params(("id" = Uuid, Path, description = "The post")),
    responses((status = 200, body = Versions), (status = 404, body = Problem)))]
async fn read_post_history(
    State(forum): Ports,
    call: Admitted<ReadPostHistory>,
    Path(id): Path<Uuid>,
) -> Result<Json<Versions>, Refusal> {
    let history = forum.execute(&call.caller, ReadPostHistory { id: PostId(id) }).await?;
    Ok(Json(Versions { items: history.versions.into_iter().map(Version::from).collect() }))
}

/// Follows a thread by server-sent events: `reply_posted`, `post_edited`, `thread_locked`, `thread_unlocked`. Each event's
/// id is a log position; a client that reconnects with `Last-Event-ID` misses nothing.
#[utoipa::path(get, path = "/threads/{id}/live", tag = "forum", params(("id" = Uuid, Path, description = "The thread"), LiveQuery),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = Problem)))]
async fn follow_thread(
    State(forum): Ports,
    Guarded(caller): Guarded,
    Path(id): Path<Uuid>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    let follow = follow(&forum, &caller, ThreadId(id), resumed.or(query.after)).await?;
    Ok(sse(follow, id.to_string(), live::show))
}

/// Follows a thread by WebSocket: the same events as JSON messages `{id, event, data}`.
#[utoipa::path(get, path = "/threads/{id}/live/ws", tag = "forum", params(("id" = Uuid, Path, description = "The thread"), LiveQuery),
    responses((status = 101), (status = 404, body = Problem)))]
async fn follow_thread_by_socket(
    State(forum): Ports,
    Guarded(caller): Guarded,
    Path(id): Path<Uuid>,
    Query(query): Query<LiveQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let follow = follow(&forum, &caller, ThreadId(id), query.after).await?;
    Ok(socket(upgrade, follow, id.to_string(), live::show))
}

/// Whoever may read the thread may follow it.
async fn follow(forum: &Forum, caller: &Caller, id: ThreadId, after: Option<i64>) -> Result<Follow, Refusal> {
    forum.execute(caller, ReadThread { id, page: page(None, Some(1)) }).await?;
    Ok(forum.live.follow(after.map(Position)).await?)
}

async fn shown_post(forum: &Forum, caller: &Caller, id: PostId) -> Result<Response, Refusal> {
    let post = forum.execute(caller, ReadPost { id }).await?;
    Ok(([(header::ETAG, etag(post.version))], Json(Post::from(post))).into_response())
}
