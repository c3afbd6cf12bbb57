//! One post: as a fragment for live pages, being edited, and as it was before.

use super::thread::{address, card, post_resource};
use super::{page, render};
use crate::Forum;
use crate::domain::PostId;
use crate::operations::EDIT_POST;
use crate::store::PostView;
use crate::usecases::{EditPost, PostHistory, PreviewText, ReadPost, ReadPostHistory};
use axum::Form;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, Fault, FaultCode, FieldFault, reasons};
use maud::{PreEscaped, Render, html};
use runtime::http::{Admitted, Path, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Composer, Crumb, Script, Width, ago, form_errors, prose};
use uuid::Uuid;

/// One post's markup: what a live page puts in place.
pub(super) async fn fragment(
    State(forum): State<Arc<Forum>>,
    call: Admitted<ReadPost>,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    let post = forum.execute(&call.caller, ReadPost { id: PostId(id) }).await?;
    let markup = card(&forum, &call.caller, &post).render();
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(markup.into_string())).into_response())
}

pub(super) async fn edit(
    State(forum): State<Arc<Forum>>,
    call: Admitted<EditPost>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, Refusal> {
    let post = forum.execute(&call.caller, ReadPost { id: PostId(id) }).await?;
    // Nobody is asked for words that would be refused.
    forum.pipeline.gate().permit(&call.caller, &EDIT_POST, &post_resource(&call.caller, &post))?;
    let (body, version) = (post.body.clone(), post.version);
    Ok(editor(&call.caller, &post, &body, version, None, "", &[]))
}

#[derive(Deserialize)]
pub(super) struct EditForm {
    #[serde(default)]
    body: String,
    #[serde(default)]
    intent: String,
    version: i64,
}

pub(super) async fn save(
    State(forum): State<Arc<Forum>>,
    call: Admitted<EditPost>,
    Path(id): Path<Uuid>,
    Form(form): Form<EditForm>,
) -> Result<Response, Refusal> {
    let (caller, id) = (&call.caller, PostId(id));
    let post = forum.execute(caller, ReadPost { id }).await?;
    if form.intent == "preview" {
        return match forum.execute(caller, PreviewText { body: form.body.clone() }).await {
            Ok(preview) => Ok(editor(caller, &post, &form.body, form.version, Some(preview), "", &[]).into_response()),
            Err(fault) => refused(caller, &post, &form, fault),
        };
    }
    let usecase = EditPost { id, body: form.body.clone(), expected_version: Some(form.version) };
    match forum.execute(caller, usecase).await {
        Ok(_) => Ok(Redirect::to(&address(&post)).into_response()),
        Err(fault) if fault.is(&reasons::STALE) => {
            let detail = "Somebody edited this post while you did. Your text is below; saving again replaces theirs.";
            let page = editor(caller, &post, &form.body, post.version, None, detail, &[]);
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(fault) => refused(caller, &post, &form, fault),
    }
}

/// The form again with what is wrong; any other fault on its way out.
fn refused(caller: &Caller, post: &PostView, form: &EditForm, fault: Fault) -> Result<Response, Refusal> {
    if fault.code != FaultCode::Invalid {
        return Err(fault.into());
    }
    let page = editor(caller, post, &form.body, form.version, None, "The post was not saved.", &fault.fields);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn editor(
    caller: &Caller,
    post: &PostView,
    body: &str,
    version: i64,
    preview: Option<String>,
    detail: &str,
    faults: &[FieldFault],
) -> Html<String> {
    let page = page("Edit post", caller)
        .width(Width::Text)
        .crumbs(vec![Crumb::new("Home", "/"), Crumb::new("Thread", address(post))])
        .noindex()
        .script(Script::Composer);
    let mut composer = Composer::new(format!("/p/{}/edit", post.id), "Text", "Save")
        .preview_url("/preview")
        .value(body)
        .rows(16)
        .max_chars(20_000)
        .hidden("version", version.to_string())
        .cancel(address(post))
        .faults(faults);
    if let Some(html) = preview {
        composer = composer.preview(PreEscaped(html));
    }
    let body = html! {
        @if !detail.is_empty() { (form_errors(detail, faults, &[("body", "Text")])) }
        (composer)
    };
    render(&page, body)
}

pub(super) async fn history(
    State(forum): State<Arc<Forum>>,
    call: Admitted<ReadPostHistory>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, Refusal> {
    let PostHistory { post, versions } = forum.execute(&call.caller, ReadPostHistory { id: PostId(id) }).await?;
    let page = page("History of a post", &call.caller)
        .width(Width::Text)
        .crumbs(vec![Crumb::new("Home", "/"), Crumb::new("Thread", address(&post))])
        .noindex();
    let now = forum.clock.now();
    let body = html! {
        @for version in versions.iter().rev() {
            section.card.stack {
                h2 { "Version " (version.version) }
                p { (ago(version.at, now)) @if version.actor != format!("user:{}", post.author_id) { " by a moderator" } }
                (prose(PreEscaped(version.html.clone())))
            }
        }
    };
    Ok(render(&page, body))
}
