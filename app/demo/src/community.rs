//! The whole community on paper: who is a member, which threads they open, what they reply. The same four numbers
//! give the same community, and larger numbers continue a smaller one. No network here.

use crate::chance::Chance;
use crate::compose::{Conversation, value};
use crate::corpus::{Category, Corpus, Seed};
use crate::error::DemoError;
use std::collections::HashSet;

/// Somebody who will be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name shown.
    pub display_name: String,
    /// The handle.
    pub handle: String,
    /// The e-mail address, at a domain that receives no mail (RFC 2606).
    pub email: String,
}

/// A thread that will be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedThread {
    /// The category, as an index into the corpus's.
    pub category: usize,
    /// The author, as an index into the members.
    pub author: usize,
    /// The title.
    pub title: String,
    /// The opening post, in Markdown.
    pub body: String,
    /// The replies, in order.
    pub posts: Vec<PlannedPost>,
}

/// A reply that will be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPost {
    /// The author, as an index into the members.
    pub author: usize,
    /// The text, in Markdown.
    pub body: String,
}

/// A community on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// The members, the most talkative first.
    pub members: Vec<Member>,
    /// The threads, in the order they are opened in.
    pub threads: Vec<PlannedThread>,
}

/// One thread before it is written: a seed, which variant of it, and by whom.
struct Opening<'a> {
    category: usize,
    seed: &'a Seed,
    author: usize,
    slots: Vec<(String, String)>,
    title: String,
    body: String,
}

impl Community {
    /// Writes a community of `members` people, `threads` threads and `posts` replies beside the opening posts.
    ///
    /// # Errors
    /// `OutOfBounds` when the corpus cannot fill these numbers, `CorpusExhausted` when replies would repeat.
    pub fn write(corpus: &Corpus, members: usize, threads: usize, posts: usize, seed: u64) -> Result<Self, DemoError> {
        bound("members", members, 3, corpus.people.len())?;
        bound("threads", threads, 1, 20 * corpus.threads())?;
        bound("posts", posts, 0, 200 * threads)?;
        let mut people: Vec<_> = corpus.people.iter().collect();
        Chance::new(seed, "people").shuffle(&mut people);
        people.truncate(members);
        let profiles: Vec<_> = people.iter().map(|person| person.profile.as_slice()).collect();
        let members: Vec<Member> = people
            .iter()
            .map(|person| Member {
                display_name: person.name.clone(),
                handle: person.handle.clone(),
                email: format!("{}@example.org", person.handle),
            })
            .collect();
        let openings = open(corpus, &profiles, threads, seed);
        let lengths = lengths(corpus, &openings, posts, seed);
        let mut taken = HashSet::new();
        let mut written = Vec::with_capacity(openings.len());
        for (index, (opening, length)) in openings.into_iter().zip(lengths).enumerate() {
            let Opening { category, seed: from, author, slots, title, body } = opening;
            let chance = Chance::new(seed, &format!("thread {index}"));
            let about = (&corpus.categories[category], from);
            let mut conversation = Conversation::new(corpus, &members, about, slots, author, chance);
            let posts: Option<Vec<PlannedPost>> = (0..length).map(|_| conversation.reply(&mut taken)).collect();
            let Some(posts) = posts else { return Err(DemoError::CorpusExhausted { title }) };
            written.push(PlannedThread { category, author, title, body, posts });
        }
        Ok(Self { members, threads: written })
    }

    /// How many replies there are, the opening posts not counted.
    pub fn posts(&self) -> usize {
        self.threads.iter().map(|thread| thread.posts.len()).sum()
    }
}

fn bound(field: &'static str, value: usize, least: usize, most: usize) -> Result<(), DemoError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(DemoError::OutOfBounds { field, least, most }) }
}

/// Chooses seeds and variants. Each seed is used once before any is used again, so that relatives stand far apart;
/// when all variants are used up, threads are continued as “part 2” and so on.
fn open<'a>(corpus: &'a Corpus, profiles: &[&[(String, String)]], threads: usize, seed: u64) -> Vec<Opening<'a>> {
    let mut chance = Chance::new(seed, "threads");
    let (mut openings, mut titles, mut introduced) = (Vec::new(), HashSet::new(), 0);
    let seeds: Vec<(usize, &Category, &Seed)> = corpus
        .categories
        .iter()
        .enumerate()
        .flat_map(|(index, category)| category.seeds.iter().map(move |seed| (index, category, seed)))
        .collect();
    let most = seeds.iter().map(|(_, category, seed)| category.uses_of(seed)).max().unwrap_or(1).max(1);
    for round in 0.. {
        let (part, turn) = (round / most + 1, round % most);
        let mut order: Vec<_> = seeds.iter().filter(|(_, category, seed)| turn < category.uses_of(seed)).collect();
        chance.shuffle(&mut order);
        for (category_index, category, seed) in order {
            let personal = category.members_per_seed.is_some();
            let (author, slots) = if personal {
                // Everybody introduces themselves once at most.
                let Some(profile) = profiles.get(introduced) else { continue };
                introduced += 1;
                (introduced - 1, profile.to_vec())
            } else {
                (chance.below(profiles.len()).min(chance.below(profiles.len())), seed.variants[turn].clone())
            };
            let fill = |name: &str| value(&slots, name);
            let mut title = seed.title.render(&mut chance, fill);
            if part > 1 {
                title = format!("{title} (part {part})");
            }
            let body = seed.body.render(&mut chance, fill);
            if titles.insert(title.clone()) {
                openings.push(Opening { category: *category_index, seed, author, slots, title, body });
            }
            if openings.len() == threads {
                return openings;
            }
        }
    }
    openings
}

/// Shares out the replies by Zipf's law with a blunted head: a few threads grow long, most stay short.
fn lengths(corpus: &Corpus, openings: &[Opening<'_>], posts: usize, seed: u64) -> Vec<usize> {
    let mut chance = Chance::new(seed, "lengths");
    let mut ranked: Vec<(bool, usize, usize)> = openings
        .iter()
        .enumerate()
        .map(|(index, opening)| (!opening.seed.busy, chance.below(1 << 20), index))
        .collect();
    ranked.sort_unstable();
    let caps: Vec<usize> = ranked
        .iter()
        .map(|(_, _, index)| corpus.categories[openings[*index].category].longest.unwrap_or(usize::MAX))
        .collect();
    // Integer weights, so that every machine shares out alike.
    let weights: Vec<usize> = (0..ranked.len()).map(|rank| 1_000_000 / (rank + 7) * (40 + chance.below(80))).collect();
    let total: usize = weights.iter().sum::<usize>().max(1);
    let mut lengths: Vec<usize> =
        weights.iter().zip(&caps).map(|(weight, cap)| (posts * weight / total).min(*cap)).collect();
    let mut left = posts - lengths.iter().sum::<usize>();
    while left > 0 {
        let before = left;
        for (length, cap) in lengths.iter_mut().zip(&caps).skip(ranked.len() / 20) {
            if left > 0 && *length < *cap {
                *length += 1;
                left -= 1;
            }
        }
        if before == left {
            lengths[0] += left;
            left = 0;
        }
    }
    let mut by_index = vec![0; lengths.len()];
    for ((_, _, index), length) in ranked.iter().zip(lengths) {
        by_index[*index] = length;
    }
    by_index
}
