//! A page to look through one sort of thing of all modules: the box with the filter, what was found, and the words for
//! nothing.

use super::{page, silence, views};
use crate::Platform;
use crate::usecases::Gathered;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kernel::{Caller, Fault, FaultCode, FieldFault};
use maud::{Markup, Render, html};
use runtime::http::Refusal;
use ui::{Button, Choice, EmptyState, Field, Icon, Page, Pages, Tone, badge, form_errors, url_query};

/// What can be looked for on one page, as it was typed.
pub(super) trait Search {
    /// The page's address.
    const ADDRESS: &'static str;
    /// One of what is looked for.
    const THING: &'static str;
    /// What stands beside an empty list.
    const ICON: Icon;
    /// What is said when there is none at all.
    const NONE_YET: &'static str;
    /// The fields that may be wrong, and their labels.
    const LABELS: &'static [(&'static str, &'static str)];

    /// The filter's fields, those of the address too.
    fn pairs(&self) -> Vec<(&'static str, &str)>;

    /// The place in the list.
    fn cursor(&self) -> Option<&str>;

    /// The fields to fill in, besides those of every search.
    fn fields(&self, faults: &[FieldFault]) -> Markup;

    /// The states it may be in.
    fn states() -> Vec<&'static str>;

    /// What the filter says about one field.
    fn value(&self, name: &str) -> &str {
        self.pairs().into_iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value)
    }

    /// Whether anything is looked for.
    fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// The address of the first page with this filter.
    fn address(&self) -> String {
        format!("{}{}", Self::ADDRESS, url_query(&self.pairs()))
    }
}

/// The page with what was found, or with what is wrong with the filter.
pub(super) fn answer<S: Search, T>(
    platform: &Platform,
    caller: &Caller,
    search: &S,
    outcome: Result<Gathered<T>, Fault>,
    dress: impl FnOnce(Page) -> Page,
    list: impl FnOnce(&Gathered<T>) -> Markup,
) -> Result<Response, Refusal> {
    let (status, result, faults) = match outcome {
        Ok(found) => (StatusCode::OK, self::found(search, &found, list), Vec::new()),
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("Nothing can be looked for like this.", &fault.fields, S::LABELS);
            (StatusCode::UNPROCESSABLE_ENTITY, wrong, fault.fields)
        }
        Err(fault) => return Err(fault.into()),
    };
    let body = html! { (views(S::ADDRESS)) (card(platform, search, &faults)) (result) };
    let page = page(format!("{}s", S::THING), caller);
    Ok((status, Html(dress(page).render(body))).into_response())
}

fn found<S: Search, T>(search: &S, found: &Gathered<T>, list: impl FnOnce(&Gathered<T>) -> Markup) -> Markup {
    html! {
        (silence(&found.silent))
        @if found.page.items.is_empty() { (nothing(search, found.page.next.is_some())) } @else { (list(found)) }
        (Pages::by_cursor(&search.address(), search.cursor().is_none(), found.page.next.as_ref()))
    }
}

fn nothing<S: Search>(search: &S, goes_on: bool) -> Markup {
    let thing = S::THING.to_lowercase();
    let text = match (goes_on, search.cursor().is_some(), search.is_filtered()) {
        (true, ..) => "None of those looked at so far is like that. Older ones may be.".to_owned(),
        (false, true, _) => format!("No older {thing} is like that."),
        (false, false, true) => format!("No {thing} is like that."),
        (false, false, false) => S::NONE_YET.to_owned(),
    };
    EmptyState::new(S::ICON, format!("No {thing}s"), text).render()
}

/// Closed unless something is wrong with it; what it holds stands beside it.
fn card<S: Search>(platform: &Platform, search: &S, faults: &[FieldFault]) -> Markup {
    let choices = |all: &str, names: Vec<&str>| {
        let named = names.into_iter().map(|name| Choice::new(name, name));
        [Choice::new("", all)].into_iter().chain(named).collect::<Vec<_>>()
    };
    let states = choices("Every state", S::states());
    let modules = choices("Every module", platform.desks.modules());
    html! {
        details.card.stack open[!faults.is_empty()] {
            summary {
                "Search"
                @for (name, value) in search.pairs().into_iter().filter(|(_, value)| !value.is_empty()) {
                    " " (badge(Some(Tone::Info), &format!("{name}: {value}")))
                }
            }
            form.form role="search" method="get" action=(S::ADDRESS) {
                div.fields-row {
                    (Field::select("state", "State", states).value(search.value("state")).faults(faults))
                    (Field::select("module", "Module", modules).value(search.value("module")).faults(faults))
                    (search.fields(faults))
                }
                div.buttons {
                    (Button::submit("Show").icon(Icon::Search))
                    @if search.is_filtered() { (Button::link("Everything", S::ADDRESS).quiet()) }
                }
            }
        }
    }
}
