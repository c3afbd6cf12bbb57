//! Numbers that stay current while somebody looks at them. `assets/refresh.js` fetches the page again now and then and
//! takes over what is marked; without it the page is as old as it is.
//!
//! What may not enter: a field or a button. What people are about to use is never taken from under their hands.

use crate::button::Button;
use maud::{Markup, Render, html};

/// A place whose content is replaced by what the same `key` holds when the page is fetched again.
pub fn fresh(key: impl AsRef<str>, content: impl Render) -> Markup {
    html! { span data-fresh=(key.as_ref()) { (content) } }
}

/// The same for something larger than a word.
pub fn fresh_block(key: impl AsRef<str>, content: impl Render) -> Markup {
    html! { div.stack data-fresh=(key.as_ref()) { (content) } }
}

/// The switch that stops and starts the updates (WCAG 2.2, 2.2.2). Hidden until `refresh.js` finds it: without
/// JavaScript there is nothing to stop, and the link beside it loads the page again.
pub fn refresh_switch(href: &str) -> Markup {
    html! {
        div.refresh data-refresh {
            span.live-status data-state="on" hidden { span.live-status__dot {} span data-refresh-words { "Up to date" } }
            button.button.button--quiet.button--small type="button" data-refresh-switch hidden { "Pause updates" }
            span data-refresh-link { (Button::link("Refresh", href).quiet().small()) }
        }
    }
}
