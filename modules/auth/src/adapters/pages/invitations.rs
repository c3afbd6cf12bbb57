//! Inviting people, and looking after the invitations that are open.

use super::{Trouble, mendable, page};
use crate::Auth;
use crate::domain::InvitationForm;
use crate::usecases::{InvitationView, Invite, Invited, ListInvitations, SendInvitationAgain, WithdrawInvitation};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{Caller, Cursor, Page as Part, PageRequest, Role, Time};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    Action, Button, Column, Crumb, EmptyState, Field, Flash, Icon, Markup, Page, Pages, Render, Table, Tone, Width,
    ago, alert, card, form_errors, html,
};
use uuid::Uuid;

const LABELS: [(&str, &str); 4] =
    [("email", "E-mail"), ("note", "A few words"), ("uses", "How many people"), ("days", "Good for")];

#[derive(Deserialize)]
pub(super) struct Place {
    cursor: Option<Cursor>,
    /// What was done by the form that led here.
    done: Option<String>,
}

/// The form as browsers send it: numbers are words until somebody reads them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InviteFields {
    email: String,
    note: String,
    uses: String,
    days: String,
}

impl InviteFields {
    fn form(&self) -> InvitationForm {
        // What is no number is read as one that is refused, by name.
        let number = |text: &str| match text.trim() {
            "" => None,
            text => Some(text.parse().unwrap_or(0)),
        };
        let (email, note) = (self.email.clone(), self.note.clone());
        InvitationForm { email, note, uses: number(&self.uses), days: number(&self.days) }
    }
}

pub(super) async fn list(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<ListInvitations>,
    Query(place): Query<Place>,
) -> Result<Response, Refusal> {
    let first = place.cursor.is_none();
    let wanted = PageRequest { cursor: place.cursor, limit: None };
    let everybodys = caller.actor.role >= Role::Moderator;
    let invitations = auth.execute(&caller, ListInvitations { everybodys, page: wanted }).await?;
    let done = match place.done.as_deref() {
        Some("invited") => Some("The mail is on its way."),
        Some("sent") => Some("Another mail is on its way; there is one for each two minutes."),
        Some("withdrawn") => Some("The invitation lets nobody in any more."),
        _ => None,
    };
    let flash = done.map(|words| Flash::new(Tone::Success, words));
    Ok(page(StatusCode::OK, draw_list(&auth, &caller, &invitations, first, flash)))
}

pub(super) async fn show(State(auth): State<Arc<Auth>>, Admitted { caller, .. }: Admitted<Invite>) -> Response {
    page(StatusCode::OK, draw_form(&auth, &caller, &InviteFields::default(), &Trouble::default()))
}

pub(super) async fn invite(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<Invite>,
    Form(fields): Form<InviteFields>,
) -> Result<Response, Refusal> {
    match auth.execute(&caller, Invite { form: fields.form() }).await {
        Ok(Invited { token: None, .. }) => Ok(Redirect::to("/invitations?done=invited").into_response()),
        Ok(Invited { invitation, token: Some(token) }) => {
            Ok(page(StatusCode::CREATED, draw_link(&auth, &caller, &invitation, &token)))
        }
        Err(fault) => {
            let (status, trouble) = mendable(fault)?;
            Ok(page(status, draw_form(&auth, &caller, &fields, &trouble)))
        }
    }
}

pub(super) async fn withdraw(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<WithdrawInvitation>,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, WithdrawInvitation { id }).await?;
    Ok(Redirect::to("/invitations?done=withdrawn").into_response())
}

pub(super) async fn send_again(
    State(auth): State<Arc<Auth>>,
    Admitted { caller, .. }: Admitted<SendInvitationAgain>,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    auth.execute(&caller, SendInvitationAgain { id }).await?;
    Ok(Redirect::to("/invitations?done=sent").into_response())
}

fn crumbs() -> Vec<Crumb> {
    vec![Crumb::new("Account", "/account"), Crumb::new("Invitations", "/invitations")]
}

fn draw_list(
    auth: &Auth,
    caller: &Caller,
    invitations: &Part<InvitationView>,
    first: bool,
    flash: Option<Flash>,
) -> String {
    let now = auth.clock.now();
    let body = html! {
        @if invitations.items.is_empty() {
            (EmptyState::new(Icon::People, "No invitation is open", "Whoever is invited, and has not come yet, is shown here."))
        } @else {
            (table(auth, invitations, now))
        }
        (Pages::by_cursor("/invitations", first, invitations.next.as_ref()))
    };
    let lede = if caller.actor.role >= Role::Moderator {
        "Everybody's invitations that still let somebody in."
    } else {
        "Your invitations that still let somebody in."
    };
    Page::new("Invitations")
        .viewer(&caller.actor)
        .width(Width::Full)
        .noindex()
        .crumbs(crumbs())
        .lede(html! { (lede) })
        .actions(html! { (Button::link("Invite somebody", "/invitations/new").primary().small().icon(Icon::Plus)) })
        .flash(flash)
        .render(body)
}

fn table(auth: &Auth, invitations: &Part<InvitationView>, now: Time) -> Markup {
    let columns = vec![
        Column::text("For"),
        Column::text("By"),
        Column::text("Made"),
        Column::text("Ends"),
        Column::number("Used"),
        Column::actions("Change"),
    ];
    let table = invitations.items.iter().fold(Table::new("Open invitations", columns), |table, invitation| {
        let whom = invitation.email.as_deref().unwrap_or("whoever has the link");
        let withdraw = Button::submit("Withdraw").secondary().small().about(format!("the invitation for {whom}"));
        let again = Button::submit("Send again").secondary().small().about(format!("the invitation for {whom}"));
        table.row(vec![
            html! { (whom) },
            html! { @match &invitation.invited_by { Some(handle) => { "@" (handle) } None => { "an operator" } } },
            ago(invitation.created_at, now),
            ago(invitation.expires_at, now),
            html! { (invitation.uses) " of " (invitation.most_uses) },
            html! {
                div.buttons {
                    @if invitation.email.is_some() && auth.mailer.is_some() {
                        (Action::post(format!("/invitations/{}/mails", invitation.id), again))
                    }
                    (Action::post(format!("/invitations/{}/withdraw", invitation.id), withdraw))
                }
            },
        ])
    });
    table.render()
}

fn draw_form(auth: &Auth, caller: &Caller, fields: &InviteFields, trouble: &Trouble) -> String {
    let faults = &trouble.fields;
    let for_one = if auth.mailer.is_some() {
        "We mail the link there. Leave it empty to get a link that you hand over yourself."
    } else {
        "Only this address can use the link, which you hand over yourself. Leave it empty for anybody."
    };
    let body = html! {
        div.card {
            form.form method="post" action="/invitations/new" {
                @if trouble.is_any() { (form_errors(&trouble.detail, faults, &LABELS)) }
                (Field::email("email", "E-mail").hint(for_one).value(&fields.email).autocomplete("off").faults(faults))
                (Field::textarea("note", "A few words", 3).hint("Who you are, and what this place is. No links.")
                    .value(&fields.note).length(0, 500).faults(faults))
                (Field::number("uses", "How many people").hint("A link without an address may let in up to 100; 1 if empty.")
                    .value(&fields.uses).faults(faults))
                (Field::number("days", "Good for, in days").hint("1 to 90; 14 if empty.")
                    .value(&fields.days).faults(faults))
                (Button::submit("Invite").wide())
            }
        }
    };
    Page::new("Invite somebody").viewer(&caller.actor).width(Width::Form).noindex().crumbs(crumbs()).render(body)
}

fn draw_link(auth: &Auth, caller: &Caller, invitation: &InvitationView, token: &str) -> String {
    let link = format!("{}/register/{token}", auth.settings.http.public_url);
    let whom = match (&invitation.email, invitation.most_uses) {
        (Some(email), _) => format!("It makes one account, for {email}."),
        (None, 1) => "Whoever has it makes one account.".to_owned(),
        (None, uses) => format!("Whoever has it makes an account, {uses} at most."),
    };
    let body = html! {
        (alert(Tone::Info, "This link is shown once", html! { "Copy it now; we do not keep it. " (whom) }))
        (card("The link", html! { pre.payload { (link) } }))
        div.buttons { (Button::link("Back to the invitations", "/invitations").secondary()) }
    };
    Page::new("The invitation").viewer(&caller.actor).width(Width::Text).noindex().crumbs(crumbs()).render(body)
}
