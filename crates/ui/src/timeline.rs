//! What happened to a thing, one moment below the other.
//!
//! What may not enter: an order other than that of time.

use crate::notice::Tone;
use maud::{Markup, Render, html};

/// One moment in a thing's life.
#[derive(Debug, Clone)]
pub struct Moment {
    title: Markup,
    when: Markup,
    tone: Option<Tone>,
    body: Option<Markup>,
}

impl Moment {
    /// What happened, and when.
    pub fn new(title: impl Render, when: impl Render) -> Self {
        Self { title: title.render(), when: when.render(), tone: None, body: None }
    }

    /// How it is meant.
    #[must_use]
    pub fn tone(mut self, tone: Option<Tone>) -> Self {
        self.tone = tone;
        self
    }

    /// More about it.
    #[must_use]
    pub fn body(mut self, body: Markup) -> Self {
        self.body = Some(body);
        self
    }
}

/// Moments, the first one first.
pub fn timeline(moments: &[Moment]) -> Markup {
    html! {
        ol.timeline {
            @for moment in moments {
                li class={ "timeline__moment" (moment.tone.map_or("", tone_class)) } {
                    div.timeline__head { strong { (moment.title) } span.timeline__when { (moment.when) } }
                    @if let Some(body) = &moment.body { div.timeline__body { (body) } }
                }
            }
        }
    }
}

const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Info => " badge--info",
        Tone::Success => " badge--success",
        Tone::Warning => " badge--warning",
        Tone::Danger => " badge--danger",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_in_their_order_with_their_tone() {
        let moments = [Moment::new("Enqueued", "12:00"), Moment::new("Failed", "12:01").tone(Some(Tone::Danger))];
        let shown = timeline(&moments).into_string();
        let (first, last) = (shown.find("Enqueued").unwrap(), shown.find("Failed").unwrap());
        assert!(first < last && shown[first..].contains("badge--danger"), "{shown}");
    }
}
