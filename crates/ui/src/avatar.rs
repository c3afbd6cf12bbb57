//! Colours and pictures for things that have none: chosen by a hash, so that they never change.
//!
//! What may not enter: an address of a picture on another host; it would tell that host who reads what.

use crate::assets::fnv1a;
use maud::{Markup, html};

/// One of the eight colour pairs of the stylesheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hue(u8);

impl Hue {
    /// How many there are.
    pub const COUNT: u8 = 8;

    /// The colour that belongs to an id or a name, the same one every time.
    pub fn of(seed: &str) -> Self {
        Self((fnv1a(seed.bytes()) % u64::from(Self::COUNT)) as u8)
    }

    /// The colour with that number, counted round.
    pub const fn nth(number: u8) -> Self {
        Self(number % Self::COUNT)
    }

    /// The class that sets the pair.
    pub const fn class(self) -> &'static str {
        match self.0 {
            0 => "hue-0",
            1 => "hue-1",
            2 => "hue-2",
            3 => "hue-3",
            4 => "hue-4",
            5 => "hue-5",
            6 => "hue-6",
            _ => "hue-7",
        }
    }
}

/// How large an avatar is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarSize {
    /// 24 px: menus and lines of text.
    Small,
    /// 40 px: posts and lists.
    Medium,
    /// 64 px: a profile's head.
    Large,
}

/// A round picture with somebody's initials. `seed` decides the colour; give it what never changes, the id. Hidden
/// from screen readers, because the name stands beside it.
pub fn avatar(seed: &str, name: &str, size: AvatarSize) -> Markup {
    let size = match size {
        AvatarSize::Small => "avatar--small",
        AvatarSize::Medium => "avatar--medium",
        AvatarSize::Large => "avatar--large",
    };
    html! {
        svg class={ "avatar " (size) " " (Hue::of(seed).class()) } viewBox="0 0 40 40" aria-hidden="true"
            focusable="false" {
            circle cx="20" cy="20" r="20" {}
            text x="20" y="20" dy="0.35em" text-anchor="middle" { (initials(name)) }
        }
    }
}

/// The first letters of the first and the last word, or `?` for a nameless one.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next().unwrap_or('?');
    let both = [Some(first), letters.next_back()];
    both.into_iter().flatten().flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        for (name, expected) in
            [("Ada Lovelace", "AL"), ("Ursula Kroeber Le Guin", "UG"), ("élodie", "É"), ("  ", "?"), ("<b> (x)", "BX")]
        {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn the_same_seed_keeps_its_colour_and_seeds_spread_over_all_colours() {
        assert_eq!(Hue::of("a"), Hue::of("a"));
        let mut seen: Vec<_> = (0..100).map(|n| Hue::of(&format!("user-{n}")).class()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), usize::from(Hue::COUNT));
    }
}
