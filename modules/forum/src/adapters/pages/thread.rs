//! A thread's page: its posts, kept current, and the place to reply.

use super::{count, page, person, render, tag};
use crate::Forum;
use crate::domain::ThreadId;
use crate::operations::{EDIT_POST, LOCK_THREAD, POST_REPLY};
use crate::store::{PostView, ThreadView};
use crate::usecases::{LockThread, PostReply, PreviewText, ReadPost, ReadThread, ThreadPage, UnlockThread};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Attribute, Caller, Cursor, Fault, FaultCode, FieldFault, PageRequest, Resource, UserId};
use maud::{Markup, PreEscaped, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal, keyed};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Action, Button, Composer, Crumb, Icon, LiveThread, Pages, PostCard, Script, Tone, Width, alert, badge};
use uuid::Uuid;

/// How many posts a page shows: what `ReadThread` reads unless told otherwise.
const POSTS_A_PAGE: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Where {
    cursor: Option<String>,
}

/// What stands in the reply box: words that were refused, or their preview.
#[derive(Default)]
struct Draft {
    body: String,
    key: Option<String>,
    preview: Option<Markup>,
    faults: Vec<FieldFault>,
}

pub(super) async fn read(
    State(forum): State<Arc<Forum>>,
    call: Admitted<ReadThread>,
    Path(id): Path<Uuid>,
    Query(at): Query<Where>,
) -> Result<Html<String>, Refusal> {
    show(&forum, &call.caller, ThreadId(id), at.cursor, Draft::default()).await
}

async fn show(
    forum: &Forum,
    caller: &Caller,
    id: ThreadId,
    cursor: Option<String>,
    draft: Draft,
) -> Result<Html<String>, Refusal> {
    // Taken before reading, so that whatever is committed in between is shown twice rather than never.
    let position = forum.live.position();
    let first = cursor.is_none();
    let request = PageRequest { cursor: cursor.map(Cursor), limit: None };
    let ThreadPage { thread, posts } = forum.execute(caller, ReadThread { id, page: request }).await?;
    let after = position.map_or_else(String::new, |position| format!("?after={position}"));
    let live = LiveThread {
        events_url: format!("/api/v1/forum/threads/{id}/live{after}"),
        fragment_base: "/p/".to_owned(),
        post_count: count(thread.post_count),
        shows_end: posts.next.is_none(),
    };
    let cards: Vec<_> = posts.items.iter().map(|post| card(forum, caller, post)).collect();
    let page = page(&thread.title, caller)
        .width(Width::Text)
        .description(summary(&posts.items))
        .crumbs(vec![
            Crumb::new("Home", "/"),
            Crumb::new(&thread.category_name, format!("/c/{}", thread.category_slug)),
        ])
        .eyebrow(html! {
            (tag(&thread.category_slug, &thread.category_name)) " "
            @if thread.locked { (badge(Some(Tone::Warning), "Locked")) " " }
            (live.count()) " " (live.status())
        })
        .actions(moderation(forum, caller, &thread))
        .log_in_at(format!("/login?next=/t/{id}"))
        .script(Script::Live)
        .script(Script::Composer);
    let path = format!("/t/{id}");
    let mut pages = Pages::new();
    if !first {
        pages = pages.back("First posts", &path);
    }
    if let Some(next) = &posts.next {
        pages = pages.on("More posts", format!("{path}?cursor={}", next.0));
    }
    let body = html! {
        (live.list(&cards))
        (pages)
        @if posts.next.is_none() { (reply_box(forum, caller, &thread, draft)) }
    };
    Ok(render(&page, body))
}

fn summary(posts: &[PostView]) -> String {
    posts.first().map(|post| post.body.split_whitespace().take(30).collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// One post as a card, with what this caller can do with it.
pub(super) fn card(forum: &Forum, caller: &Caller, post: &PostView) -> PostCard {
    let may_edit = forum.pipeline.gate().allows(caller, &EDIT_POST, &post_resource(caller, post));
    let actions = html! {
        @if post.version > 1 {
            (Button::link("History", format!("/p/{}/history", post.id)).quiet().small().icon(Icon::Clock))
        }
        @if may_edit { (Button::link("Edit", format!("/p/{}/edit", post.id)).quiet().small().icon(Icon::Pencil)) }
    };
    PostCard {
        id: post.id.to_string(),
        number: count(post.number),
        author: person(post.author_id, post.author_name.as_deref(), post.author_handle.as_deref()),
        posted_at: post.posted_at,
        edited_at: post.edited_at,
        now: forum.clock.now(),
        // Sanitised when it was written; see `markdown`.
        body: PreEscaped(post.html.clone()),
        actions,
    }
}

/// The post as policies see it.
pub(super) fn post_resource(caller: &Caller, post: &PostView) -> Resource {
    Resource::new("Post", post.id, caller.actor.tenant).with("author", Attribute::User(UserId(post.author_id)))
}

/// Where a post stands: the page of its thread that holds it, and its place there.
pub(super) fn address(post: &PostView) -> String {
    let query = page_with(post.number).map_or_else(String::new, |cursor| format!("?cursor={cursor}"));
    format!("/t/{}{query}#post-{}", post.thread_id, post.id)
}

/// The cursor of the page that shows the post of that number; none when it is the first page.
fn page_with(number: i64) -> Option<String> {
    let before = (number - 1).max(0) / POSTS_A_PAGE * POSTS_A_PAGE;
    (before > 0).then(|| Cursor::of(&before).0)
}

fn resource(caller: &Caller, thread: &ThreadView) -> Resource {
    Resource::new("Thread", thread.id, caller.actor.tenant)
        .with("author", Attribute::User(UserId(thread.author_id)))
        .with("locked", Attribute::Flag(thread.locked))
}

fn moderation(forum: &Forum, caller: &Caller, thread: &ThreadView) -> Markup {
    if !forum.pipeline.gate().allows(caller, &LOCK_THREAD, &resource(caller, thread)) {
        return html! {};
    }
    if thread.locked {
        let button = Button::submit("Unlock").secondary().small().icon(Icon::Lock);
        return Action::post(format!("/t/{}/unlock", thread.id), button).render();
    }
    let button = Button::submit("Lock").secondary().small().icon(Icon::Lock);
    Action::post(format!("/t/{}/lock", thread.id), button).render()
}

fn reply_box(forum: &Forum, caller: &Caller, thread: &ThreadView, draft: Draft) -> Markup {
    if thread.locked {
        return alert(Tone::Info, "This thread is locked", html! { "A moderator has closed it to new replies." });
    }
    if !forum.pipeline.gate().allows(caller, &POST_REPLY, &resource(caller, thread)) {
        let login = format!("/login?next=/t/{}", thread.id);
        return alert(
            Tone::Info,
            "Join the discussion",
            html! { a href=(login) { "Log in" } " or " a href="/register" { "create an account" } " to reply." },
        );
    }
    let key = draft.key.unwrap_or_else(|| forum.ids.next().to_string());
    let mut composer = Composer::new(format!("/t/{}/reply", thread.id), "Your reply", "Post reply")
        .preview_url("/preview")
        .value(draft.body)
        .hidden("idempotency_key", key)
        .max_chars(20_000)
        .faults(&draft.faults);
    if let Some(preview) = draft.preview {
        composer = composer.preview(preview);
    }
    html! { section #reply aria-label="Reply" { (composer) } }
}

#[derive(Deserialize)]
pub(super) struct ReplyForm {
    #[serde(default)]
    body: String,
    #[serde(default)]
    intent: String,
    #[serde(default)]
    idempotency_key: String,
}

pub(super) async fn reply(
    State(forum): State<Arc<Forum>>,
    call: Admitted<PostReply>,
    Path(id): Path<Uuid>,
    Form(form): Form<ReplyForm>,
) -> Result<Response, Refusal> {
    let (thread_id, caller) = (ThreadId(id), call.caller);
    let mut draft = Draft { body: form.body.clone(), key: Some(form.idempotency_key.clone()), ..Draft::default() };
    if form.intent == "preview" {
        return match forum.execute(&caller, PreviewText { body: form.body }).await {
            Ok(html) => {
                draft.preview = Some(PreEscaped(html));
                again(&forum, &caller, thread_id, draft, StatusCode::OK).await
            }
            Err(fault) => refused(&forum, &caller, thread_id, draft, fault).await,
        };
    }
    let caller = keyed(caller, &form.idempotency_key);
    match forum.execute(&caller, PostReply { thread_id, body: form.body }).await {
        Ok(posted) => {
            let post = forum.execute(&caller, ReadPost { id: posted.id }).await?;
            Ok(Redirect::to(&address(&post)).into_response())
        }
        Err(fault) => refused(&forum, &caller, thread_id, draft, fault).await,
    }
}

/// The box again with what is wrong; any other fault on its way out.
async fn refused(
    forum: &Forum,
    caller: &Caller,
    id: ThreadId,
    mut draft: Draft,
    fault: Fault,
) -> Result<Response, Refusal> {
    if fault.code != FaultCode::Invalid {
        return Err(fault.into());
    }
    draft.faults = fault.fields;
    again(forum, caller, id, draft, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// The thread's end with the words not posted yet.
async fn again(
    forum: &Forum,
    caller: &Caller,
    id: ThreadId,
    draft: Draft,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let first = PageRequest { cursor: None, limit: Some(1) };
    let count = forum.execute(caller, ReadThread { id, page: first }).await?.thread.post_count;
    let page = show(forum, caller, id, page_with(count), draft).await?;
    Ok((status, page).into_response())
}

pub(super) async fn lock(
    State(forum): State<Arc<Forum>>,
    call: Admitted<LockThread>,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Refusal> {
    forum.execute(&call.caller, LockThread { id: ThreadId(id) }).await?;
    Ok(Redirect::to(&format!("/t/{id}")))
}

pub(super) async fn unlock(
    State(forum): State<Arc<Forum>>,
    call: Admitted<UnlockThread>,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Refusal> {
    forum.execute(&call.caller, UnlockThread { id: ThreadId(id) }).await?;
    Ok(Redirect::to(&format!("/t/{id}")))
}
