//! Makes a conversation out of passages: who speaks, whom they answer, which matter they take up. Pure and repeatable;
//! it knows nothing of the network.

use crate::chance::Chance;
use crate::community::{Member, PlannedPost};
use crate::corpus::{Category, Corpus, Passage, Seed, Speaker, Stance};
use std::collections::{HashMap, HashSet};

/// How often a reply is thrown away for being the same as another before the texts count as exhausted.
const TRIES: usize = 200;

/// How many replies lie at least between two uses of a passage in one thread, when nothing fresher fits.
const REST: usize = 12;
/// The same for passages that only lengthen a reply.
const LONG_REST: usize = 35;

/// A thread that is being written.
pub(crate) struct Conversation<'a> {
    members: &'a [Member],
    category: &'a Category,
    own: Vec<&'a Passage>,
    passages: Vec<&'a Passage>,
    slots: Vec<(String, String)>,
    points: Vec<String>,
    author: usize,
    chance: Chance,
    said: Vec<Said>,
    /// Which passages were used, and in which reply last.
    used: HashMap<*const Passage, usize>,
}

/// What is remembered of a post, for those who answer it.
#[derive(Clone)]
struct Said {
    by: usize,
    stance: Stance,
    point: usize,
    quotable: Option<String>,
    quoted: usize,
}

/// A reply in the making.
struct Draft {
    author: usize,
    answers: Option<usize>,
    points: Vec<usize>,
    parts: Vec<String>,
    used: Vec<*const Passage>,
    stance: Stance,
}

impl<'a> Conversation<'a> {
    /// A thread with nothing but its opening post, by `author`, and `slots` filling the seed's gaps.
    pub(crate) fn new(
        corpus: &'a Corpus,
        members: &'a [Member],
        (category, seed): (&'a Category, &'a Seed),
        slots: Vec<(String, String)>,
        author: usize,
        mut chance: Chance,
    ) -> Self {
        let points =
            seed.points.iter().map(|point| point.render_phrase(&mut chance, |name| value(&slots, name))).collect();
        let (passages, own) = (corpus.passages(category).collect(), seed.replies.iter().collect());
        let (said, used) = (Vec::new(), HashMap::new());
        Self { members, category, passages, own, slots, points, author, chance, said, used }
    }

    /// The next reply, different from all of `taken`; nothing when the texts are exhausted.
    pub(crate) fn reply(&mut self, taken: &mut HashSet<String>) -> Option<PlannedPost> {
        for _ in 0..TRIES {
            let author = self.speaker();
            let draft = self.draft(author);
            let body = self.layout(&draft);
            if draft.parts.is_empty() || !taken.insert(body.clone()) {
                continue;
            }
            self.used.extend(draft.used.iter().map(|passage| (*passage, self.said.len())));
            if let Some(said) = draft.answers.and_then(|index| self.said.get_mut(index)) {
                said.quoted += 1;
            }
            let point = draft.points.first().copied().unwrap_or_default();
            let quotable = draft.parts.first().and_then(|part| first_sentence(part));
            self.said.push(Said { by: author, stance: draft.stance, point, quotable, quoted: 0 });
            return Some(PlannedPost { author, body });
        }
        None
    }

    /// Nobody answers themselves; the author comes back now and then, and so do others who have spoken.
    fn speaker(&mut self) -> usize {
        let last = self.said.last().map_or(self.author, |said| said.by);
        if self.said.len() >= 2 && last != self.author && self.chance.percent(15) {
            return self.author;
        }
        for _ in 0..TRIES {
            let spoken =
                if self.said.len() > 3 && self.chance.percent(40) { self.chance.pick(&self.said) } else { None };
            let candidate = match spoken {
                Some(said) => said.by,
                // The smaller of two draws: some members write much more than others.
                None => self.chance.below(self.members.len()).min(self.chance.below(self.members.len())),
            };
            if candidate != last && candidate != self.author {
                return candidate;
            }
        }
        if last == self.author { (self.author + 1) % self.members.len() } else { self.author }
    }

    fn draft(&mut self, author: usize) -> Draft {
        let answers = self.answered(author);
        let point = match answers.and_then(|index| self.said.get(index)) {
            Some(said) => said.point,
            None => self.chance.below(self.points.len()),
        };
        let points = vec![point];
        let mut draft = Draft { author, answers, points, parts: Vec::new(), used: Vec::new(), stance: Stance::Agree };
        let asked = answers.and_then(|index| self.said.get(index)).map(|said| said.stance);
        let Some(first) = self.opening_stance(author, asked) else { return draft };
        draft.stance = first;
        let Some(own) = self.add(&mut draft, first) else { return draft };
        if own && self.chance.percent(45) {
            return draft;
        }
        let second = self.chance.weighted(follows(first));
        second.and_then(|stance| self.add(&mut draft, stance));
        if self.chance.percent(20) {
            let third = if self.chance.percent(50) { Stance::Question } else { Stance::Detail };
            if second != Some(third) && first != third {
                self.add(&mut draft, third);
            }
        }
        draft
    }

    /// The post that is answered with a quotation, if one is.
    fn answered(&mut self, author: usize) -> Option<usize> {
        if self.said.len() < 2 || !self.chance.percent(30) {
            return None;
        }
        // People answer what they read last.
        let back = self.chance.below(self.said.len().min(9)) + 1;
        let index = self.said.len() - back;
        let said = &self.said[index];
        (said.by != author && said.quotable.is_some() && said.quoted < 2).then_some(index)
    }

    fn opening_stance(&mut self, author: usize, asked: Option<Stance>) -> Option<Stance> {
        use Stance::{Agree, Anecdote, Detail, Disagree, Followup, Question, Thanks};
        let late = self.said.len() > 3;
        let weights: &[(Stance, usize)] = if author == self.author {
            match (late, asked) {
                (_, Some(Question)) => &[(Detail, 3), (Thanks, 1)],
                (true, _) => &[(Thanks, 4), (Followup, 4), (Detail, 2)],
                (false, _) => &[(Thanks, 3), (Detail, 2)],
            }
        } else if asked == Some(Question) {
            &[(Detail, 4), (Anecdote, 2), (Agree, 1)]
        } else if late && self.said.iter().any(|said| said.by == author) {
            &[(Agree, 5), (Disagree, 5), (Question, 4), (Detail, 5), (Anecdote, 3), (Thanks, 2), (Followup, 3)]
        } else {
            &[(Agree, 8), (Disagree, 5), (Question, 6), (Detail, 6), (Anecdote, 5), (Thanks, 1)]
        };
        self.chance.weighted(weights)
    }

    /// Adds a passage of that stance; says whether it was the seed's own, or nothing when none fits.
    fn add(&mut self, draft: &mut Draft, stance: Stance) -> Option<bool> {
        let own = self.fitting(draft, stance, &self.own, None);
        let early = 80 - self.said.len().min(60);
        let is_own = !own.is_empty() && self.chance.percent(early);
        let passage = if is_own { *self.chance.pick(&own)? } else { self.wider(draft, stance)? };
        if passage.text.has("point") && !draft.parts.is_empty() {
            let other = self.chance.below(self.points.len());
            draft.points.push(other);
        }
        let point = draft.points.last().and_then(|index| self.points.get(*index)).cloned();
        let (op, who) = (self.mention(self.author), self.addressed(draft));
        let slots = &self.slots;
        let text = passage.text.render(&mut self.chance, |name| match name {
            "op" => Some(op.clone()),
            "who" => who.clone(),
            "point" => point.clone(),
            name => value(slots, name),
        });
        draft.parts.push(text);
        draft.used.push(std::ptr::from_ref(passage));
        Some(is_own)
    }

    /// A passage that fits more than this thread: an unused one, else one that was used long ago. A reply that has
    /// something to say already does without rather than repeat what was said.
    fn wider(&mut self, draft: &Draft, stance: Stance) -> Option<&'a Passage> {
        let rest = if draft.parts.is_empty() { None } else { Some(LONG_REST) };
        let fresh = self.fitting(draft, stance, &self.passages, rest);
        if !fresh.is_empty() || !draft.parts.is_empty() {
            return self.chance.pick(&fresh).copied();
        }
        let mut stale = self.fitting(draft, stance, &self.passages, Some(REST));
        stale.sort_by_key(|passage| self.used.get(&std::ptr::from_ref(*passage)));
        stale.truncate(stale.len().div_ceil(2));
        self.chance.pick(&stale).copied()
    }

    /// The passages `draft` can go on with. Used ones count when they rested for so many replies, if that is given.
    fn fitting(&self, draft: &Draft, stance: Stance, from: &[&'a Passage], rest: Option<usize>) -> Vec<&'a Passage> {
        let by_author = draft.author == self.author;
        let last_words = matches!(stance, Stance::Thanks | Stance::Followup);
        let personal = self.category.members_per_seed.is_some();
        if personal && by_author != last_words || stance == Stance::Followup && self.said.len() < 4 {
            return Vec::new();
        }
        let fits = |passage: &&'a Passage| {
            let id = std::ptr::from_ref::<Passage>(passage);
            let speaker = match passage.speaker {
                Speaker::Anyone => by_author || stance != Stance::Thanks || !self.category.thanks_by_author,
                Speaker::Author => by_author,
                Speaker::Others => !by_author,
            };
            let rested = match (self.used.get(&id), rest) {
                (None, _) => true,
                (Some(last), Some(rest)) => self.said.len() - last > rest,
                (Some(_), None) => false,
            };
            passage.stance == stance
                && speaker
                && rested
                && !draft.used.contains(&id)
                && (!passage.text.has("who") || self.addressed(draft).is_some())
                && (!passage.text.has("point") || draft.parts.is_empty() || self.points.len() > 2)
        };
        from.iter().copied().filter(|passage| fits(passage)).collect()
    }

    /// Whom a reply speaks to: whoever it quotes, else whoever wrote last, else the thread's author.
    fn addressed(&self, draft: &Draft) -> Option<String> {
        let quoted = draft.answers.and_then(|index| self.said.get(index));
        let said = quoted.or_else(|| self.said.iter().rev().find(|said| said.by != draft.author));
        let member = said.map_or(self.author, |said| said.by);
        (member != draft.author).then(|| self.mention(member))
    }

    fn mention(&self, member: usize) -> String {
        self.members.get(member).map(|member| format!("@{}", member.handle)).unwrap_or_default()
    }

    fn layout(&mut self, draft: &Draft) -> String {
        let mut body = String::new();
        if let Some(said) = draft.answers.and_then(|index| self.said.get(index))
            && let Some(sentence) = &said.quotable
        {
            body = format!("> {sentence}\n>\n> — {}\n\n", self.mention(said.by));
        }
        for (index, part) in draft.parts.iter().enumerate() {
            if index > 0 {
                let one_line = !part.contains('\n') && !draft.parts[index - 1].contains('\n');
                body.push_str(if one_line && self.chance.percent(50) { " " } else { "\n\n" });
            }
            body.push_str(part);
        }
        body
    }
}

/// What may come after a stance in one reply, with weights.
fn follows(stance: Stance) -> &'static [(Stance, usize)] {
    use Stance::{Agree, Anecdote, Detail, Disagree, Followup, Question, Thanks};
    match stance {
        Agree => &[(Detail, 4), (Anecdote, 3), (Question, 3)],
        Disagree => &[(Detail, 3), (Question, 3), (Anecdote, 2)],
        Question => &[(Detail, 3), (Anecdote, 3)],
        Detail => &[(Question, 3), (Anecdote, 3)],
        Anecdote => &[(Detail, 3), (Question, 3), (Agree, 2)],
        Thanks => &[(Detail, 3), (Followup, 2)],
        Followup => &[(Detail, 3), (Question, 2)],
    }
}

/// The value of a slot.
pub(crate) fn value(slots: &[(String, String)], name: &str) -> Option<String> {
    slots.iter().find(|(slot, _)| slot == name).map(|(_, value)| value.clone())
}

/// The first sentence of a passage, when it is plain prose of a length one would quote.
fn first_sentence(text: &str) -> Option<String> {
    let line = text.lines().next()?;
    let plain = line.starts_with(|first: char| first.is_alphabetic()) && !line.contains(['`', '|', '[']);
    let end = line.match_indices(['.', '!', '?']).map(|(at, mark)| at + mark.len()).find(|end| {
        let rest = &line[*end..];
        rest.is_empty() || rest.starts_with(' ') && rest.trim_start().starts_with(char::is_uppercase)
    });
    let sentence = &line[..end?];
    (plain && (30..=180).contains(&sentence.chars().count())).then(|| sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_plain_sentences_are_quoted() {
        let long = "This is a sentence that is long enough to be quoted. And more.";
        assert_eq!(first_sentence(long).as_deref(), Some("This is a sentence that is long enough to be quoted."));
        for text in
            ["Short.", "- a list item that is long enough to be quoted.", "No end that one could quote, at all:"]
        {
            assert_eq!(first_sentence(text), None, "{text}");
        }
    }
}
