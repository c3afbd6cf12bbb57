//! What somebody tells everybody about themselves, and the form where they tell it.

use super::{Trouble, form_page, mendable, page};
use crate::Auth;
use crate::domain::ProfileForm;
use crate::usecases::{ChangeProfile, ProfileView, ReadMe, ReadProfile};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::Caller;
use runtime::http::{Admitted, Path, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{AvatarSize, Button, Field, Markup, Page, Width, ago, avatar, card, form_errors, html};

const LABELS: [(&str, &str); 3] = [("display_name", "Name"), ("pronouns", "Pronouns"), ("about", "About you")];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ProfileFields {
    display_name: String,
    pronouns: String,
    about: String,
}

pub(super) async fn show(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ReadProfile>,
    Path(handle): Path<String>,
) -> Result<Response, Refusal> {
    let profile = auth.execute(&caller, ReadProfile { handle }).await?;
    Ok(Html(draw(&auth, &caller, &profile)).into_response())
}

pub(super) async fn show_form(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangeProfile>,
) -> Result<Response, Refusal> {
    let me = auth.execute(&caller, ReadMe).await?;
    let ProfileView { display_name, pronouns, about, .. } =
        auth.execute(&caller, ReadProfile { handle: me.handle }).await?;
    let fields = ProfileFields { display_name, pronouns, about };
    Ok(page(StatusCode::OK, draw_form(&caller, &fields, &Trouble::default())))
}

pub(super) async fn change(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ChangeProfile>,
    Form(fields): Form<ProfileFields>,
) -> Result<Response, Refusal> {
    let ProfileFields { display_name, pronouns, about } = &fields;
    let (display_name, pronouns, about) = (display_name.clone(), pronouns.clone(), about.clone());
    match auth.execute(&caller, ChangeProfile { form: ProfileForm { display_name, pronouns, about } }).await {
        Ok(profile) => Ok(Redirect::to(&format!("/u/{}", profile.handle)).into_response()),
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw_form(&caller, &fields, &trouble)))
        }
    }
}

fn draw(auth: &Auth, caller: &Caller, profile: &ProfileView) -> String {
    let own = caller.actor.user_id() == Some(profile.id);
    let lede = html! {
        "@" (profile.handle)
        @if !profile.pronouns.is_empty() { " · " (profile.pronouns) }
        " · here since " (ago(profile.registered_at, auth.clock.now()))
    };
    let body = html! {
        @if !profile.about.is_empty() { (card("About", paragraphs(&profile.about))) }
    };
    let page = Page::new(profile.display_name.as_str())
        .viewer(&caller.actor)
        .width(Width::Text)
        .noindex()
        .eyebrow(avatar(&profile.id.to_string(), &profile.display_name, AvatarSize::Large))
        .lede(lede);
    let change = html! { (Button::link("Change your profile", "/account/profile").secondary().small()) };
    if own { page.actions(change).render(body) } else { page.render(body) }
}

/// Plain text as its writer set it: an empty line begins another paragraph.
fn paragraphs(text: &str) -> Markup {
    html! {
        div.prose {
            @for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
                p {
                    @for (n, line) in paragraph.trim().split('\n').enumerate() {
                        @if n > 0 { br; }
                        (line)
                    }
                }
            }
        }
    }
}

fn draw_form(caller: &Caller, fields: &ProfileFields, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    form_page(
        caller,
        "Your profile",
        "/account/profile",
        html! {
            @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
            p { "Everybody can read this, also without an account." }
            (Field::text("display_name", "Name").hint("Shown beside what you write.").value(&fields.display_name)
                .required().length(1, 60).autocomplete("name").faults(faults))
            (Field::text("pronouns", "Pronouns").hint("If you want people to know how to speak of you.")
                .value(&fields.pronouns).length(0, 40).autocomplete("off").faults(faults))
            (Field::textarea("about", "About you", 6).hint("Plain text, up to 1000 characters.").value(&fields.about)
                .length(0, 1_000).faults(faults))
            (Button::submit("Save").wide())
        },
    )
}
