//! What people look at: the page around every body, the components bodies are made of, and the assets both need.
//!
//! Everything here is data in, markup out. What may not enter: a web framework, a store, a decision about who may do
//! what, a clock, and any markup that a strict content security policy would refuse (inline scripts, inline styles,
//! `on…` attributes).

mod address;
mod api;
pub mod assets;
mod avatar;
mod button;
mod chart;
mod chrome;
mod composer;
mod error;
mod field;
mod fresh;
mod icon;
mod list;
mod notice;
mod page;
mod post;
mod table;
mod thread;
mod time;
mod timeline;

pub use address::{url_path, url_query};
pub use api::api_reference;
pub use avatar::{AvatarSize, Hue, avatar};
pub use button::{Action, Button};
pub use chart::{BarChart, Series};
pub use chrome::{Nav, Viewer};
pub use composer::{BODY_MAX_CHARS, Composer};
pub use error::{ErrorPage, refusal};
pub use field::{Choice, Field, form_errors};
pub use fresh::{fresh, fresh_block, refresh_switch};
pub use icon::{Icon, icon, logo};
pub use list::{Crumb, Pages, Tab, badge, breadcrumbs, card, details, skeleton, tabs};
pub use maud::{Markup, PreEscaped, Render, html};
pub use notice::{EmptyState, Flash, Tone, alert, toast};
pub use page::{Page, Script, Width};
pub use post::{LiveThread, Person, PostCard, prose};
pub use table::{Column, Table};
pub use thread::{CategoryCard, CategoryTag, ThreadRow, category_cards, thread_rows};
pub use time::{ago, exact, relative};
pub use timeline::{Moment, timeline};
