//! What stands round every page: header, navigation, user menu, footer.
//!
//! What may not enter: a decision about permissions. Links are shown by role to spare people dead ends; whether the
//! page behind a link opens is decided there.

use crate::avatar::{AvatarSize, avatar};
use crate::button::Button;
use crate::icon::{Icon, icon, logo};
use kernel::{Actor, Community, Role, UserId};
use maud::{Markup, html};
use std::sync::Arc;

/// Who looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who they are; nothing for guests.
    pub id: Option<UserId>,
    /// The name shown; nothing for guests.
    pub display_name: Option<String>,
    /// The unique name, without the `@`, if it is known.
    pub handle: Option<String>,
    /// The mightiest role they hold.
    pub role: Role,
    /// Whether they run the installation.
    pub operator: bool,
    /// The community looked at, where it is known.
    pub community: Option<Arc<Community>>,
}

impl Viewer {
    /// Somebody not recognised.
    pub const GUEST: Self =
        Self { id: None, display_name: None, handle: None, role: Role::Guest, operator: false, community: None };

    /// What the site is called.
    pub(crate) fn site(&self) -> &str {
        let name = self.community.as_deref().map(|community| community.name.as_str());
        name.filter(|name| !name.is_empty()).unwrap_or("Polity")
    }

    /// The sheet with the community's colour, if it has one of its own.
    pub(crate) fn brand(&self) -> Option<String> {
        let accent = self.community.as_deref()?.accent.as_deref()?;
        Some(format!("/brand.css?{}", accent.trim_start_matches('#')))
    }

    fn shown_name(&self) -> &str {
        self.display_name.as_deref().or(self.handle.as_deref()).unwrap_or("Member")
    }
}

impl From<&Actor> for Viewer {
    fn from(actor: &Actor) -> Self {
        let (operator, community) = (actor.operator, actor.community.clone());
        let Some(id) = actor.user_id() else { return Self { community, ..Self::GUEST } };
        let display_name = Some(actor.display_name.clone());
        Self { id: Some(id), display_name, handle: None, role: actor.role, operator, community }
    }
}

/// The entries of the primary navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// `/`, for everybody.
    Home,
    /// `/new`, for members.
    NewThread,
    /// `/audit`, for administrators.
    Audit,
    /// `/admin/people`, for administrators.
    People,
    /// `/platform/tasks`, for administrators.
    Tasks,
}

impl Nav {
    const fn href(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::NewThread => "/new",
            Self::Audit => "/audit",
            Self::People => "/admin/people",
            Self::Tasks => "/platform/tasks",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::NewThread => "New thread",
            Self::Audit => "Audit",
            Self::People => "People",
            Self::Tasks => "Tasks",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Home => Icon::House,
            Self::NewThread => Icon::Plus,
            Self::Audit => Icon::Scroll,
            Self::People => Icon::People,
            Self::Tasks => Icon::Pulse,
        }
    }
}

pub(crate) fn header(viewer: &Viewer, current: Option<Nav>, log_in_href: Option<&str>) -> Markup {
    html! {
        header.site {
            div.site__row {
                a.wordmark href="/" { (logo()) span { (viewer.site()) } }
                (navigation(viewer, current))
                div.site__tools {
                    @if viewer.role >= Role::Member { (new_thread_link(current)) }
                    (theme_toggle())
                    @if viewer.id.is_some() { (user_menu(viewer)) } @else if let Some(href) = log_in_href { (doors(href)) }
                }
            }
        }
    }
}

pub(crate) fn footer() -> Markup {
    html! {
        footer.site-foot {
            div.site-foot__row {
                span { "Polity " (env!("CARGO_PKG_VERSION")) }
                nav aria-label="Footer" {
                    a href="/api/docs" { "API" }
                    a href="#top" { "Back to top" }
                }
            }
        }
    }
}

fn navigation(viewer: &Viewer, current: Option<Nav>) -> Markup {
    let closed = [Nav::Audit, Nav::People, Nav::Tasks].map(|nav| (nav, Role::Administrator));
    let entries = [(Nav::Home, Role::Guest)].into_iter().chain(closed);
    let entries: Vec<_> = entries.filter(|(_, least)| viewer.role >= *least).map(|(nav, _)| nav).collect();
    html! {
        nav.site-nav.site-nav--lone[entries.len() == 1] aria-label="Main" {
            @for nav in entries {
                a href=(nav.href()) aria-current=[(current == Some(nav)).then_some("page")] {
                    (icon(nav.icon())) (nav.label())
                }
            }
        }
    }
}

fn new_thread_link(current: Option<Nav>) -> Markup {
    let nav = Nav::NewThread;
    html! {
        a.button.button--primary.button--small.site__new href=(nav.href())
            aria-current=[(current == Some(nav)).then_some("page")] {
            (icon(nav.icon())) span { (nav.label()) }
        }
    }
}

/// Hidden until `app.js` finds it: without JavaScript it could do nothing.
fn theme_toggle() -> Markup {
    html! {
        button.theme-toggle type="button" data-theme-toggle hidden {
            (icon(Icon::Screen)) (icon(Icon::Sun)) (icon(Icon::Moon))
            span.visually-hidden data-theme-label { "Colours" }
        }
    }
}

fn doors(log_in_href: &str) -> Markup {
    html! {
        (Button::link("Log in", log_in_href).quiet().small())
        (Button::link("Register", "/register").primary().small())
    }
}

fn user_menu(viewer: &Viewer) -> Markup {
    let name = viewer.shown_name();
    let seed = viewer.id.map(|id| id.to_string()).unwrap_or_default();
    html! {
        details.menu data-menu {
            summary aria-label={ "Menu of " (name) } title=(name) {
                (avatar(&seed, name, AvatarSize::Small)) (icon(Icon::ChevronDown))
            }
            div.menu__sheet {
                div.menu__who {
                    strong { (name) }
                    @if let Some(handle) = &viewer.handle { span { "@" (handle) } }
                    @if viewer.role > Role::Member { span.badge { (viewer.role.name()) } }
                }
                a.menu__item href="/account" { (icon(Icon::Person)) "Account" }
                form method="post" action="/logout" {
                    button.menu__item type="submit" { (icon(Icon::LogOut)) "Log out" }
                }
            }
        }
    }
}
