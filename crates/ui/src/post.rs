//! One post, the frame that keeps a thread current, and the typography of what people write.
//!
//! What may not enter: raw text from people as markup. Bodies arrive rendered and sanitised.

use crate::avatar::{AvatarSize, avatar};
use crate::icon::{Icon, icon};
use crate::list::badge;
use crate::notice::{Flash, Tone, unannounced_toast};
use crate::time::ago;
use kernel::Time;
use maud::{Markup, Render, html};

/// Somebody as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What never changes about them: decides the avatar's colour.
    pub id: String,
    /// The name shown.
    pub name: String,
    /// The unique name, without the `@`.
    pub handle: Option<String>,
    /// Where more about them is to be read.
    pub href: Option<String>,
    /// A word about their standing, such as `Moderator`.
    pub standing: Option<String>,
}

impl Person {
    /// Somebody of whom only id and name are known.
    pub fn new(id: impl ToString, name: impl Into<String>) -> Self {
        Self { id: id.to_string(), name: name.into(), handle: None, href: None, standing: None }
    }

    /// With their unique name.
    #[must_use]
    pub fn handle(mut self, handle: impl Into<String>) -> Self {
        self.handle = Some(handle.into());
        self
    }

    /// With a page of their own.
    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// With a word about their standing.
    #[must_use]
    pub fn standing(mut self, standing: impl Into<String>) -> Self {
        self.standing = Some(standing.into());
        self
    }

    fn render_name(&self) -> Markup {
        html! {
            @if let Some(href) = &self.href { a.person__name href=(href) { (self.name) } }
            @else { span.person__name { (self.name) } }
            @if let Some(handle) = &self.handle { " " span.person__handle { "@" (handle) } }
            @if let Some(standing) = &self.standing { " " (badge(None, standing)) }
        }
    }
}

/// Somebody in a line: picture and names.
impl Render for Person {
    fn render(&self) -> Markup {
        html! { span.person { (avatar(&self.id, &self.name, AvatarSize::Small)) span { (self.render_name()) } } }
    }
}

/// Sanitised markup made from what people wrote, set for reading.
pub fn prose(sanitised: Markup) -> Markup {
    html! { div.prose { (sanitised) } }
}

/// One post of a thread. As a fragment of its own it is what `live.js` fetches.
#[derive(Debug, Clone)]
pub struct PostCard {
    /// Its id: the element is `post-<id>`.
    pub id: String,
    /// Its place in the thread, from 1.
    pub number: u64,
    /// Who wrote it.
    pub author: Person,
    /// When it was written.
    pub posted_at: Time,
    /// When it was last changed, if it was.
    pub edited_at: Option<Time>,
    /// What time it is.
    pub now: Time,
    /// What it says: sanitised markup.
    pub body: Markup,
    /// What can be done with it; empty for nothing.
    pub actions: Markup,
}

impl Render for PostCard {
    fn render(&self) -> Markup {
        let anchor = format!("post-{}", self.id);
        html! {
            article.post id=(anchor) data-number=(self.number) aria-label={ "Post " (self.number) " by " (self.author.name) } {
                (avatar(&self.author.id, &self.author.name, AvatarSize::Medium))
                header.post__head {
                    div.post__who { (self.author.render_name()) }
                    div.post__when {
                        (ago(self.posted_at, self.now))
                        @if let Some(edited_at) = self.edited_at {
                            span.post__edited { (icon(Icon::Pencil)) "edited " (ago(edited_at, self.now)) }
                        }
                    }
                    a.post__number href={ "#" (anchor) } aria-label={ "Link to post " (self.number) } {
                        "#" (self.number)
                    }
                }
                div.post__body { (prose(self.body.clone())) }
                @if !self.actions.0.is_empty() { footer.post__actions { (self.actions) } }
            }
        }
    }
}

/// The frame round a thread's posts, which `live.js` keeps current.
///
/// The address answers with server-sent events (HTML standard, section 9.2), each with the log position as its id:
/// `hello` first on every connection, then `reply_posted` and `post_edited` with at least `{"post_id"}` in their data,
/// `thread_locked` and `thread_unlocked`, of which only the name matters. What a post says, and its number, comes
/// from its fragment. The address should carry the position the page was rendered at, so that nothing falls between
/// the page and the stream; when the page comes back from the browser's cache, the stream is opened again with
/// `after=<last id seen>` set in the query.
#[derive(Debug, Clone)]
pub struct LiveThread {
    /// Where the events come from.
    pub events_url: String,
    /// What a post's id is put behind to get its fragment's address: one [`PostCard`].
    pub fragment_base: String,
    /// How many posts the thread has, the first included.
    pub post_count: u64,
    /// Whether this page shows the thread's end: only then are new replies added to it.
    pub shows_end: bool,
}

impl LiveThread {
    /// "12 posts", with the number kept current. Stands anywhere in the page.
    pub fn count(&self) -> Markup {
        let noun = if self.post_count == 1 { "post" } else { "posts" };
        html! { span { span data-post-count { (self.post_count) } " " span data-post-noun { (noun) } } }
    }

    /// Whether the stream is up. Stands anywhere in the page; invisible until there is a stream.
    pub fn status(&self) -> Markup {
        html! { span.live-status data-live-status hidden { span.live-status__dot {} span data-live-text { "Live" } } }
    }

    /// The list itself, with `posts` in it.
    pub fn list(&self, posts: &[PostCard]) -> Markup {
        html! {
            section aria-label="Posts" data-live-url=(self.events_url) data-fragment-base=(self.fragment_base)
                data-live-end[self.shows_end] {
                div #posts.posts { @for post in posts { (post) } }
                p.visually-hidden aria-live="polite" data-live-announce {}
                // Locked and unlocked are said where the reader is, not where the page begins.
                div.live-toast aria-live="polite" data-live-toast {}
                template data-live-toast-template { (unannounced_toast(&Flash::new(Tone::Info, ""))) }
            }
        }
    }
}
