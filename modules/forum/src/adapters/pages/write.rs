//! Where threads begin, and what a text will look like.

use super::{page, render};
use crate::Forum;
use crate::domain::CategoryId;
use crate::store::CategoryView;
use crate::usecases::{ListCategories, PreviewText, StartThread};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::{Caller, FaultCode, FieldFault};
use maud::{PreEscaped, html};
use runtime::http::{Admitted, Query, Refusal, keyed};
use serde::Deserialize;
use std::sync::Arc;
use ui::{Choice, Composer, Crumb, EmptyState, Field, Icon, Nav, Script, Width, form_errors};

#[derive(Default, Deserialize)]
pub(super) struct ThreadForm {
    #[serde(default)]
    category: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    intent: String,
    #[serde(default)]
    idempotency_key: String,
}

pub(super) async fn new_thread(
    State(forum): State<Arc<Forum>>,
    call: Admitted<StartThread>,
    Query(mut form): Query<ThreadForm>,
) -> Result<Html<String>, Refusal> {
    form.idempotency_key = forum.ids.next().to_string();
    let categories = forum.execute(&call.caller, ListCategories).await?;
    Ok(thread_form(&call.caller, &categories, &form, None, "", &[]))
}

pub(super) async fn start_thread(
    State(forum): State<Arc<Forum>>,
    call: Admitted<StartThread>,
    Form(form): Form<ThreadForm>,
) -> Result<Response, Refusal> {
    let caller = call.caller;
    let categories = forum.execute(&caller, ListCategories).await?;
    if form.intent == "preview" {
        let preview = forum.execute(&caller, PreviewText { body: form.body.clone() }).await;
        return match preview {
            Ok(html) => Ok(thread_form(&caller, &categories, &form, Some(html), "", &[]).into_response()),
            Err(fault) => refused(&caller, &categories, &form, fault),
        };
    }
    let Some(category) = categories.iter().find(|category| category.slug == form.category) else {
        let fault = kernel::Fault::invalid("category", "choose one");
        return refused(&caller, &categories, &form, fault);
    };
    let usecase =
        StartThread { category_id: CategoryId(category.id), title: form.title.clone(), body: form.body.clone() };
    let caller = keyed(caller, &form.idempotency_key);
    match forum.execute(&caller, usecase).await {
        Ok(started) => Ok(Redirect::to(&format!("/t/{}", started.id)).into_response()),
        Err(fault) => refused(&caller, &categories, &form, fault),
    }
}

/// The form again with what is wrong; any other fault on its way out.
fn refused(
    caller: &Caller,
    categories: &[CategoryView],
    form: &ThreadForm,
    fault: kernel::Fault,
) -> Result<Response, Refusal> {
    if fault.code != FaultCode::Invalid {
        return Err(fault.into());
    }
    let page = thread_form(caller, categories, form, None, "The thread was not started.", &fault.fields);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn thread_form(
    caller: &Caller,
    categories: &[CategoryView],
    form: &ThreadForm,
    preview: Option<String>,
    detail: &str,
    faults: &[FieldFault],
) -> Html<String> {
    let page = page("New thread", caller)
        .nav(Nav::NewThread)
        .width(Width::Text)
        .crumbs(vec![Crumb::new("Home", "/")])
        .noindex()
        .script(Script::Composer);
    if categories.is_empty() {
        let empty =
            EmptyState::new(Icon::Folder, "No categories yet", "Threads stand in categories, and there is none yet.");
        return render(&page, html! { (empty) });
    }
    let choices = std::iter::once(Choice::new("", "Choose a category"))
        .chain(categories.iter().map(|category| Choice::new(&category.slug, &category.name)))
        .collect();
    let before = html! {
        (Field::text("title", "Title").value(&form.title).length(3, 200).required().faults(faults)
            .placeholder("What is it about?"))
        (Field::select("category", "Category", choices).value(&form.category).required().faults(faults))
    };
    let mut composer = Composer::new("/new", "Text", "Start the thread")
        .preview_url("/preview")
        .before(before)
        .value(&form.body)
        .rows(14)
        .max_chars(20_000)
        .hidden("idempotency_key", &form.idempotency_key)
        .faults(faults);
    if let Some(html) = preview {
        composer = composer.preview(PreEscaped(html));
    }
    let labels = [("title", "Title"), ("category", "Category"), ("body", "Text")];
    let body = html! {
        @if !detail.is_empty() { (form_errors(detail, faults, &labels)) }
        (composer)
    };
    render(&page, body)
}

#[derive(Deserialize)]
pub(super) struct PreviewForm {
    #[serde(default)]
    body: String,
}

/// The sanitised HTML of a text, for the live preview.
pub(super) async fn preview(
    State(forum): State<Arc<Forum>>,
    call: Admitted<PreviewText>,
    Form(form): Form<PreviewForm>,
) -> Result<Html<String>, Refusal> {
    Ok(Html(forum.execute(&call.caller, PreviewText { body: form.body }).await?))
}
