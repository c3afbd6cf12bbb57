//! The document round a body. It owns the title, so that every page has exactly one first-level heading.
//!
//! What may not enter: an inline script or style. The content security policy refuses them, and rightly.

use crate::assets;
use crate::chrome::{Nav, Viewer, footer, header};
use crate::list::{Crumb, breadcrumbs};
use crate::notice::{Flash, toast};
use maud::{DOCTYPE, Markup, html};

/// How wide the body is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A short form: log in, register.
    Form,
    /// Something to read: a thread, a text.
    Text,
    /// Lists and tables.
    Full,
}

impl Width {
    const fn class(self) -> &'static str {
        match self {
            Self::Form => "page page--form",
            Self::Text => "page page--text",
            Self::Full => "page page--full",
        }
    }
}

/// A browser module a page needs beyond the ones every page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Keeps a [`LiveThread`](crate::LiveThread) current.
    Live,
    /// Gives a [`Composer`](crate::Composer) tabs, a toolbar, drafts and a live preview.
    Composer,
    /// Keeps what is marked [`fresh`](crate::fresh) current.
    Refresh,
}

impl Script {
    const fn asset(self) -> &'static str {
        match self {
            Self::Live => "live.js",
            Self::Composer => "composer.js",
            Self::Refresh => "refresh.js",
        }
    }
}

/// A page about to be rendered.
#[derive(Debug, Clone)]
pub struct Page {
    title: String,
    viewer: Viewer,
    nav: Option<Nav>,
    width: Width,
    description: Option<String>,
    canonical: Option<String>,
    noindex: bool,
    crumbs: Vec<Crumb>,
    eyebrow: Option<Markup>,
    lede: Option<Markup>,
    actions: Option<Markup>,
    flash: Option<Flash>,
    scripts: Vec<Script>,
    log_in_href: Option<String>,
}

impl Page {
    /// A full-width page for a guest. The title is the heading and, with the site's name, the window's title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            viewer: Viewer::GUEST,
            nav: None,
            width: Width::Full,
            description: None,
            canonical: None,
            noindex: false,
            crumbs: Vec::new(),
            eyebrow: None,
            lede: None,
            actions: None,
            flash: None,
            scripts: Vec::new(),
            log_in_href: Some("/login".to_owned()),
        }
    }

    /// Who looks at it.
    #[must_use]
    pub fn viewer(mut self, viewer: impl Into<Viewer>) -> Self {
        self.viewer = viewer.into();
        self
    }

    /// Which entry of the navigation it belongs to.
    #[must_use]
    pub fn nav(mut self, nav: Nav) -> Self {
        self.nav = Some(nav);
        self
    }

    /// How wide the body is set.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// A sentence for search engines and link previews.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The one address under which search engines are to know it.
    #[must_use]
    pub fn canonical(mut self, url: impl Into<String>) -> Self {
        self.canonical = Some(url.into());
        self
    }

    /// Keeps search engines away.
    #[must_use]
    pub fn noindex(mut self) -> Self {
        self.noindex = true;
        self
    }

    /// The way here.
    #[must_use]
    pub fn crumbs(mut self, crumbs: Vec<Crumb>) -> Self {
        self.crumbs = crumbs;
        self
    }

    /// A line above the heading: a category, a state.
    #[must_use]
    pub fn eyebrow(mut self, eyebrow: Markup) -> Self {
        self.eyebrow = Some(eyebrow);
        self
    }

    /// A line or two below the heading.
    #[must_use]
    pub fn lede(mut self, lede: Markup) -> Self {
        self.lede = Some(lede);
        self
    }

    /// Buttons beside the heading.
    #[must_use]
    pub fn actions(mut self, actions: Markup) -> Self {
        self.actions = Some(actions);
        self
    }

    /// What the last action came to, if there was one.
    #[must_use]
    pub fn flash(mut self, flash: Option<Flash>) -> Self {
        self.flash = flash;
        self
    }

    /// One more browser module.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    /// Where guests log in, for pages that want them back afterwards.
    #[must_use]
    pub fn log_in_at(mut self, href: impl Into<String>) -> Self {
        self.log_in_href = Some(href.into());
        self
    }

    /// The same document for everybody, rendered once: it cannot know who is logged in and asks nobody to.
    #[must_use]
    pub(crate) fn for_everybody(mut self) -> Self {
        self.log_in_href = None;
        self
    }

    /// The whole document with `body` in it.
    pub fn render(&self, body: Markup) -> String {
        let document = html! {
            (DOCTYPE)
            html lang="en" {
                (self.head())
                body #top {
                    a.skip href="#main" { "Skip to content" }
                    (header(&self.viewer, self.nav, self.log_in_href.as_deref()))
                    main #main class=(self.width.class()) tabindex="-1" {
                        @if let Some(flash) = &self.flash { (toast(flash)) }
                        (breadcrumbs(&self.crumbs))
                        (self.heading())
                        (body)
                    }
                    (footer())
                }
            }
        };
        document.into_string()
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (self.title) " · " (self.viewer.site()) }
                @if let Some(description) = &self.description { meta name="description" content=(description); }
                @if let Some(url) = &self.canonical { link rel="canonical" href=(url); }
                @if self.noindex { meta name="robots" content="noindex"; }
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(assets::url("favicon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(assets::url("app.css"));
                @if let Some(brand) = self.viewer.brand() { link rel="stylesheet" href=(brand); }
                // Runs before the first paint, or a reader who chose the dark would see a white flash on every page.
                script src=(assets::url("theme.js")) {}
                script type="module" src=(assets::url("app.js")) {}
                @for script in &self.scripts { script type="module" src=(assets::url(script.asset())) {} }
            }
        }
    }

    fn heading(&self) -> Markup {
        html! {
            div.heading {
                div.heading__text {
                    @if let Some(eyebrow) = &self.eyebrow { div.heading__eyebrow { (eyebrow) } }
                    h1 { (self.title) }
                    @if let Some(lede) = &self.lede { div.heading__lede { (lede) } }
                }
                @if let Some(actions) = &self.actions { div.heading__actions { (actions) } }
            }
        }
    }
}
