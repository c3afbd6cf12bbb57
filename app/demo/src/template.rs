//! Text with gaps: `{name}` is filled in, `{one|two}` is chosen from. Knows nothing of threads or people.

use crate::chance::Chance;

/// Text with gaps, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(String),
    Choice(Vec<String>),
}

impl Template {
    /// Parses a reply passage: every brace is either a slot or a choice.
    ///
    /// # Errors
    /// Says what is wrong when a brace is not closed or holds neither a name nor alternatives.
    pub fn passage(text: &str) -> Result<Self, String> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, behind) = after.split_once('}').ok_or("a brace is not closed")?;
            pieces.push(Piece::Text(before.to_owned()));
            if inside.contains('{') {
                return Err(format!("“{{{inside}” has a brace within a brace"));
            }
            if inside.contains('|') {
                pieces.push(Piece::Choice(inside.split('|').map(str::to_owned).collect()));
            } else if is_name(inside) {
                pieces.push(Piece::Slot(inside.to_owned()));
            } else {
                return Err(format!("“{{{inside}}}” is neither a name nor a choice"));
            }
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces })
    }

    /// Parses an opening post or a title: `{name}` is a slot, any other brace stands for itself, so that code can be
    /// shown as it is.
    pub fn opening(text: &str) -> Self {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            match after.split_once('}').filter(|(inside, _)| is_name(inside)) {
                Some((inside, behind)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Slot(inside.to_owned()));
                    rest = behind;
                }
                None => {
                    plain.push('{');
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Self { pieces }
    }

    /// The names of the slots, in order.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Slot(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether the slot of that name occurs.
    pub fn has(&self, slot: &str) -> bool {
        self.slots().any(|name| name == slot)
    }

    /// Whole sentences: every gap filled, and values that begin a sentence capitalised. A slot that `fill` does not
    /// know stays empty.
    pub(crate) fn render(&self, chance: &mut Chance, fill: impl Fn(&str) -> Option<String>) -> String {
        self.write(chance, fill, begins_sentence)
    }

    /// Part of a sentence: every gap filled, and nothing capitalised.
    pub(crate) fn render_phrase(&self, chance: &mut Chance, fill: impl Fn(&str) -> Option<String>) -> String {
        self.write(chance, fill, |_| false)
    }

    fn write(
        &self,
        chance: &mut Chance,
        fill: impl Fn(&str) -> Option<String>,
        capitalise_after: impl Fn(&str) -> bool,
    ) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Slot(name) => {
                    let value = fill(name).unwrap_or_default();
                    text.push_str(&if capitalise_after(&text) { capitalised(&value) } else { value });
                }
                Piece::Choice(options) => text.push_str(chance.pick(options).map_or("", String::as_str)),
            }
        }
        text
    }
}

fn begins_sentence(before: &str) -> bool {
    let numbered = before.strip_suffix(". ").is_some_and(|rest| rest.ends_with(|last: char| last.is_ascii_digit()));
    before.is_empty() || !numbered && [". ", "! ", "? "].iter().any(|end| before.ends_with(end))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_an_opening_post_keeps_its_braces() {
        let template = Template::opening("{ \"a\": {b} } ${X}");
        let text = template.render(&mut Chance::new(1, ""), |name| Some(name.to_uppercase()));
        assert_eq!(text, "{ \"a\": B } ${X}");
    }

    #[test]
    fn value_at_the_head_of_a_sentence_is_capitalised() {
        let template = Template::passage("{thing}? No. {thing}: {thing}.").unwrap();
        let text = template.render(&mut Chance::new(1, ""), |_| Some("the élan".into()));
        assert_eq!(text, "The élan? No. The élan: the élan.");
        let list = Template::passage("1. {thing}").unwrap();
        assert_eq!(list.render(&mut Chance::new(1, ""), |_| Some("the élan".into())), "1. the élan");
    }

    #[test]
    fn broken_braces_of_a_passage_are_named() {
        for (text, problem) in [("a {b", "not closed"), ("a {b {c}", "within"), ("a {B c}", "neither")] {
            assert!(Template::passage(text).unwrap_err().contains(problem), "{text}");
        }
    }

    #[test]
    fn passage_takes_one_of_its_alternatives() {
        let template = Template::passage("{point}: {yes|no}").unwrap();
        let text = template.render(&mut Chance::new(1, ""), |_| Some("the roof".into()));
        assert!(["The roof: yes", "The roof: no"].contains(&text.as_str()), "{text}");
    }
}
