//! Small parts that bodies are put together from: cards, badges, tabs, pages, crumbs.
//!
//! What may not enter: anything that knows a module's nouns.

use crate::icon::{Icon, icon};
use crate::notice::Tone;
use kernel::Cursor;
use maud::{Markup, Render, html};

/// A framed surface with a heading.
pub fn card(title: &str, body: Markup) -> Markup {
    html! { section.card { h2.card__title { (title) } (body) } }
}

/// A word or two on a coloured ground; neutral without a tone.
pub fn badge(tone: Option<Tone>, text: &str) -> Markup {
    html! { span class=(tone.map_or("badge", Tone::badge_class)) { (text) } }
}

/// Pairs of a name and what it is, as a definition list.
pub fn details(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.details { @for (name, what) in pairs { div { dt { (name) } dd { (what) } } } } }
}

/// `lines` grey lines in the place of text that is on its way.
pub fn skeleton(lines: u8) -> Markup {
    html! { div.skeleton aria-hidden="true" { @for _ in 0..lines { span {} } } }
}

/// One step on the way to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// Its name.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

impl Crumb {
    /// A step that leads to `href`.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// The way to a page, the page itself left out.
pub fn breadcrumbs(crumbs: &[Crumb]) -> Markup {
    html! {
        @if !crumbs.is_empty() {
            nav.crumbs aria-label="Breadcrumbs" {
                ol { @for crumb in crumbs { li { a href=(crumb.href) { (crumb.label) } (icon(Icon::ChevronRight)) } } }
            }
        }
    }
}

/// One of several views of the same thing. Each is a page of its own.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub href: String,
    /// Whether it is the one shown.
    pub current: bool,
    /// How many things it holds, if that is known.
    pub count: Option<u64>,
}

/// A row of tabs, called `name` for those who cannot see it.
pub fn tabs(name: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(name) {
            @for tab in tabs {
                a href=(tab.href) aria-current=[tab.current.then_some("page")] {
                    (tab.label)
                    @if let Some(count) = tab.count { " " span.tabs__count { (count) } }
                }
            }
        }
    }
}

/// Links from one page of a list to its neighbours. Renders nothing when there are none.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    back: Option<(String, String)>,
    on: Option<(String, String)>,
}

impl Pages {
    /// A list with a single page.
    pub fn new() -> Self {
        Self::default()
    }

    /// There is more before this page: back to `href`.
    #[must_use]
    pub fn back(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.back = Some((label.into(), href.into()));
        self
    }

    /// There is more after this page: on to `href`.
    #[must_use]
    pub fn on(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.on = Some((label.into(), href.into()));
        self
    }

    /// The links under a list that is paged by cursor, newest first: "Newest" once the reader has left the first page,
    /// "Older" while there is more. `path` may have a query already.
    pub fn by_cursor(path: &str, first: bool, next: Option<&Cursor>) -> Self {
        let mut pages = Self::new();
        if !first {
            pages = pages.back("Newest", path);
        }
        if let Some(cursor) = next {
            let joint = if path.contains('?') { '&' } else { '?' };
            // A cursor is base64url without padding: nothing in it needs escaping in a query.
            pages = pages.on("Older", format!("{path}{joint}cursor={}", cursor.0));
        }
        pages
    }
}

impl Render for Pages {
    fn render(&self) -> Markup {
        html! {
            @if self.back.is_some() || self.on.is_some() {
                nav.pages aria-label="Pages" {
                    @if let Some((label, href)) = &self.back {
                        a.button.button--secondary rel="prev" href=(href) { (icon(Icon::ChevronLeft)) span { (label) } }
                    }
                    @if let Some((label, href)) = &self.on {
                        a.button.button--secondary.pages__on rel="next" href=(href) {
                            span { (label) } (icon(Icon::ChevronRight))
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_joins_a_query_that_is_there_already() {
        let next = Cursor("abc".to_owned());
        let pages = Pages::by_cursor("/c/general?sort=new", true, Some(&next)).render().into_string();
        assert!(pages.contains("/c/general?sort=new&amp;cursor=abc"), "{pages}");
        assert!(!pages.contains("Newest"), "{pages}");
    }

    #[test]
    fn only_page_of_a_list_has_no_links() {
        assert_eq!(Pages::by_cursor("/", true, None).render().into_string(), "");
    }

    #[test]
    fn last_page_leads_back_to_the_first() {
        let pages = Pages::by_cursor("/audit", false, None).render().into_string();
        assert!(pages.contains(r#"rel="prev" href="/audit""#) && !pages.contains("next"), "{pages}");
    }
}
