//! The record for people: a list to look through, and a page for each entry. They work without JavaScript.

use crate::Audit;
use crate::store::Entry;
use crate::usecases::{Inclusion, ListEntries, ProveEntry, ReadEntry};
use audit_contract::reasons::{DAMAGED, NOT_SEALED};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use kernel::{AuditEntry, AuditResult, Caller, Cursor, Difference, FaultCode, FieldFault, Page, PageRequest};
use maud::{Markup, Render, html};
use runtime::http::{Admitted, Path, Query, Refusal};
use serde::Deserialize;
use std::sync::Arc;
use ui::{
    Button, Choice, Column, Crumb, EmptyState, Field, Icon, Nav, Pages, Table, Tone, alert, badge, card, details,
    exact, form_errors,
};
use uuid::Uuid;

const LABELS: [(&str, &str); 4] = [("from", "From"), ("to", "To"), ("cursor", "Page"), ("result", "Result")];

/// The pages' routes.
pub(crate) fn router() -> Router<Arc<Audit>> {
    Router::new().route("/audit", get(record)).route("/audit/{id}", get(entry))
}

/// The filter as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
struct View {
    #[serde(default)]
    module: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    cursor: Option<String>,
}

impl View {
    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("module", &self.module),
            ("operation", &self.operation),
            ("actor", &self.actor),
            ("resource", &self.resource),
            ("result", &self.result),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// The address of the first page with this filter.
    fn address(&self) -> String {
        format!("/audit{}", ui::url_query(&self.pairs()))
    }

    fn wanted(&self) -> ListEntries {
        let some = |text: &str| Some(text.to_owned());
        ListEntries {
            module: some(&self.module),
            operation: some(&self.operation),
            actor: some(&self.actor),
            resource: some(&self.resource),
            result: some(&self.result),
            from: some(&self.from),
            to: some(&self.to),
            page: PageRequest { cursor: self.cursor.clone().map(Cursor), limit: None },
        }
    }
}

async fn record(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ListEntries>,
    Query(view): Query<View>,
) -> Result<Response, Refusal> {
    match audit.execute(&caller, view.wanted()).await {
        Ok(entries) => Ok(Html(render(&caller, &view, shown(&view, &entries), &[])).into_response()),
        Err(fault) if fault.code == FaultCode::Invalid => {
            let wrong = form_errors("Nothing can be looked for like this.", &fault.fields, &LABELS);
            let page = Html(render(&caller, &view, wrong, &fault.fields));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn entry(
    State(audit): State<Arc<Audit>>,
    Admitted { caller, .. }: Admitted<ReadEntry>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, Refusal> {
    let found = audit.execute(&caller, ReadEntry { id }).await?;
    let page = page(&found.entry.operation, &caller).crumbs(vec![Crumb::new("Audit", "/audit")]);
    let mut all = vec![
        ("Who", html! { (found.entry.actor_name) " " (word(&found.entry.actor)) }),
        ("To what", word(&found.entry.resource)),
    ];
    all.extend(facts(&found));
    let evidence = match audit.execute(&caller, ProveEntry { id }).await {
        Ok(proof) => sealed(&proof),
        Err(fault) if fault.is(&NOT_SEALED) => html! { p.muted { "Not yet. Entries are sealed within a minute." } },
        Err(fault) if fault.is(&DAMAGED) => {
            alert(Tone::Danger, "This is not what was signed", html! { (fault.detail) })
        }
        Err(fault) => return Err(fault.into()),
    };
    let body = html! { (card("The entry", details(&all))) (card("Its seal", evidence)) };
    Ok(Html(page.lede(exact(found.entry.at)).render(body)))
}

/// Where the entry stands in the tree, and what shows it.
fn sealed(Inclusion { sealed, checkpoint, path }: &Inclusion) -> Markup {
    let hashes: Vec<String> = path.iter().map(ToString::to_string).collect();
    html! {
        div.stack {
            (details(&[
                ("Leaf", html! { (sealed.leaf) " of " (checkpoint.size) ", counting from 0" }),
                ("Hash", word(sealed.hash)),
                ("Signed", exact(checkpoint.at)),
            ]))
            details.stack {
                summary { "Proof" }
                div.stack {
                    (details(&[("From the leaf to the root", list(&hashes)), ("Root", word(checkpoint.root))]))
                    pre.payload tabindex="0" role="region" aria-label="Checkpoint" { (checkpoint.note) }
                }
            }
        }
    }
}

fn page(title: &str, caller: &Caller) -> ui::Page {
    ui::Page::new(title).viewer(&caller.actor).nav(Nav::Audit).noindex()
}

fn render(caller: &Caller, view: &View, result: Markup, faults: &[FieldFault]) -> String {
    let body = html! { (filter(view, faults)) (result) };
    let export = html! {
        (Button::link("Export", "/api/v1/audit/export").secondary())
        (Button::link("As a table", "/api/v1/audit/export?format=csv").quiet())
    };
    page("Audit", caller).lede(html! { "Who did what, when, and by which right." }).actions(export).render(body)
}

/// Closed unless something is wrong with it, so that the record is not below six fields; what it holds stands beside it.
fn filter(view: &View, faults: &[FieldFault]) -> Markup {
    html! {
        details.card.stack open[!faults.is_empty()] {
            summary {
                "Filter"
                @for (name, value) in view.pairs().into_iter().filter(|(_, value)| !value.is_empty()) {
                    " " (badge(Some(Tone::Info), &format!("{name}: {value}")))
                }
            }
            form.form role="search" method="get" action="/audit" {
                (Field::text("operation", "Operation").value(&view.operation).placeholder("forum.post_reply"))
                (Field::text("actor", "Who").value(&view.actor).placeholder("A name, a user's id, or service:name"))
                (Field::text("resource", "To what").value(&view.resource).placeholder("Thread, or Thread/id"))
                (Field::select("result", "Result", results()).value(&view.result).faults(faults))
                (Field::text("module", "Module").value(&view.module).placeholder("forum"))
                (Field::date("from", "From").value(&view.from).faults(faults))
                (Field::date("to", "To").value(&view.to).faults(faults))
                div.buttons {
                    (Button::submit("Show").icon(Icon::Search))
                    @if view.is_filtered() { (Button::link("Everything", "/audit").quiet()) }
                }
            }
        }
    }
}

fn results() -> Vec<Choice> {
    vec![Choice::new("", "Either"), Choice::new("done", "Done"), Choice::new("refused", "Refused")]
}

fn shown(view: &View, entries: &Page<Entry>) -> Markup {
    if entries.items.is_empty() {
        let text = if view.is_filtered() {
            "Nothing in the record is like that."
        } else {
            "Whatever is done here is recorded here a moment later."
        };
        return EmptyState::new(Icon::Scroll, "No entries", text).render();
    }
    let columns = vec![Column::text("Operation"), Column::text("When"), Column::text("Who"), Column::text("To what")];
    let table = entries.items.iter().fold(Table::new("The record", columns), |table, entry| table.row(row(entry)));
    html! {
        (table)
        (Pages::by_cursor(&view.address(), view.cursor.is_none(), entries.next.as_ref()))
    }
}

fn row(found: &Entry) -> Vec<Markup> {
    let entry = &found.entry;
    let operation = html! {
        details.stack {
            summary {
                code { (entry.operation) }
                @if let AuditResult::Refused { times, .. } = entry.result() {
                    " " (badge(Some(Tone::Danger), &refused(times)))
                }
            }
            div.stack {
                (details(&facts(found)))
                (Button::link("This entry", format!("/audit/{}", entry.id)).secondary().small())
            }
        }
    };
    vec![operation, exact(entry.at), who(found), html! { code { (entry.resource) } }]
}

fn refused(times: u64) -> String {
    if times == 1 { "Refused".to_owned() } else { format!("Refused {times} times") }
}

fn who(Entry { entry, .. }: &Entry) -> Markup {
    match entry.actor.strip_prefix("user:") {
        Some(id) => ui::Person::new(id, &entry.actor_name).render(),
        None => badge(None, &entry.actor),
    }
}

/// What the list does not show beside an entry.
fn facts(found: &Entry) -> Vec<(&'static str, Markup)> {
    let entry = &found.entry;
    let mut facts = match entry.result() {
        AuditResult::Refused { reason, times } => vec![
            ("Refused because", word(reason)),
            ("How often", html! { (times) " within a minute" }),
            ("Forbidden by", list(&entry.policies)),
        ],
        AuditResult::Done => vec![
            ("Allowed by", list(&entry.policies)),
            ("Decision", word(entry.decision_id)),
            ("Changed", changed(entry)),
            ("Published", list(&entry.events)),
        ],
    };
    facts.extend([
        ("Request", word(&entry.request_id)),
        ("From address", word(entry.address.as_deref().unwrap_or("none"))),
    ]);
    if let Some(detail) = &entry.detail {
        let known = [
            ("On behalf of", detail.on_behalf_of.clone()),
            ("Session", detail.session.map(|session| session.to_string())),
            ("Client", detail.user_agent.clone()),
        ];
        facts.extend(known.into_iter().filter_map(|(name, value)| Some((name, word(value?)))));
    }
    facts.push(("In the log of", html! { (word(&entry.module)) " at " (found.position) }));
    facts
}

/// What it changed, with the names of the fields where those are known.
fn changed(entry: &AuditEntry) -> Markup {
    let Some(detail) = entry.detail.as_ref().filter(|detail| !detail.differences.is_empty()) else {
        return list(&entry.changes);
    };
    html! {
        ul.policies {
            @for Difference { of, before, after, fields } in &detail.differences {
                li {
                    code { (of) }
                    @if !fields.is_empty() { ": " (fields.join(", ")) }
                    @for (when, digest) in [("before", before), ("after", after)] {
                        @if let Some(digest) = digest { " " span.muted { (when) " " code { (digest) } } }
                    }
                }
            }
        }
    }
}

fn word(word: impl std::fmt::Display) -> Markup {
    html! { code { (word.to_string()) } }
}

fn list(words: &[String]) -> Markup {
    html! { @if words.is_empty() { "Nothing" } @else { ul.policies { @for word in words { li { code { (word) } } } } } }
}
