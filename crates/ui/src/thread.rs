//! Threads and categories in lists.
//!
//! What may not enter: the thread's own page, and any knowledge of how lists are read or sorted.

use crate::avatar::{AvatarSize, Hue, avatar};
use crate::icon::{Icon, icon};
use crate::post::Person;
use crate::time::ago;
use kernel::Time;
use maud::{Markup, Render, html};

/// A category's name with its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryTag {
    /// The name.
    pub name: String,
    /// Where its threads are.
    pub href: String,
    /// Its colour.
    pub hue: Hue,
}

impl Render for CategoryTag {
    fn render(&self) -> Markup {
        html! { a class={ "tag " (self.hue.class()) } href=(self.href) { span.tag__dot {} (self.name) } }
    }
}

/// A category in a list of them.
#[derive(Debug, Clone)]
pub struct CategoryCard {
    /// Name, address, colour.
    pub tag: CategoryTag,
    /// What belongs there, in a sentence.
    pub description: String,
    /// How many threads it has.
    pub thread_count: u64,
}

impl Render for CategoryCard {
    fn render(&self) -> Markup {
        let noun = if self.thread_count == 1 { "thread" } else { "threads" };
        html! {
            li class={ "category " (self.tag.hue.class()) } {
                h3 { span.tag__dot {} a.covers href=(self.tag.href) { (self.tag.name) } }
                p { (self.description) }
                span.category__count { (self.thread_count) " " (noun) }
            }
        }
    }
}

/// The categories side by side.
pub fn category_cards(cards: &[CategoryCard]) -> Markup {
    html! { ul.categories role="list" { @for card in cards { (card) } } }
}

/// A thread in a list of them.
#[derive(Debug, Clone)]
pub struct ThreadRow {
    /// Where it is.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Where it belongs; left out in a category's own list.
    pub category: Option<CategoryTag>,
    /// Who opened it.
    pub author: Person,
    /// How many replies it has.
    pub reply_count: u64,
    /// When something last happened in it.
    pub active_at: Time,
    /// What time it is.
    pub now: Time,
    /// Whether it takes no more replies.
    pub locked: bool,
    /// Whether it is kept at the top.
    pub pinned: bool,
}

impl Render for ThreadRow {
    fn render(&self) -> Markup {
        let noun = if self.reply_count == 1 { "reply" } else { "replies" };
        html! {
            li.thread {
                (avatar(&self.author.id, &self.author.name, AvatarSize::Medium))
                div.thread__main {
                    h3.thread__title {
                        @if self.pinned { (mark(Icon::Pin, "Pinned")) }
                        @if self.locked { (mark(Icon::Lock, "Locked")) }
                        a.covers href=(self.href) { (self.title) }
                    }
                    p.thread__meta {
                        @if let Some(category) = &self.category { (category) }
                        span.thread__author { (self.author.name) }
                    }
                }
                p.thread__replies {
                    (icon(Icon::Bubble)) span { (self.reply_count) } span.visually-hidden { " " (noun) }
                }
                p.thread__when { span.visually-hidden { "Last activity " } (ago(self.active_at, self.now)) }
            }
        }
    }
}

/// The threads one below the other.
pub fn thread_rows(rows: &[ThreadRow]) -> Markup {
    html! { ul.threads role="list" { @for row in rows { (row) } } }
}

fn mark(picture: Icon, label: &str) -> Markup {
    html! { span.thread__mark title=(label) { (icon(picture)) span.visually-hidden { (label) ": " } } }
}
