//! The texts that ship with the crate, as types that cannot be wrong. How the files are read is the reader's business;
//! how passages become posts is the composer's.

use crate::error::CorpusError;
use crate::reader;
use crate::template::Template;

/// What a passage does in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stance {
    /// Says yes.
    Agree,
    /// Says no, or not like this.
    Disagree,
    /// Asks.
    Question,
    /// Adds something one can use.
    Detail,
    /// Tells a story.
    Anecdote,
    /// Thanks.
    Thanks,
    /// Says how it went on.
    Followup,
}

impl Stance {
    /// Every stance.
    pub const ALL: [Self; 7] =
        [Self::Agree, Self::Disagree, Self::Question, Self::Detail, Self::Anecdote, Self::Thanks, Self::Followup];

    /// The stance's name in the corpus files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Disagree => "disagree",
            Self::Question => "question",
            Self::Detail => "detail",
            Self::Anecdote => "anecdote",
            Self::Thanks => "thanks",
            Self::Followup => "followup",
        }
    }
}

/// Whose mouth a passage belongs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Anybody.
    Anyone,
    /// Whoever opened the thread.
    Author,
    /// Anybody but whoever opened the thread.
    Others,
}

/// One to a few sentences of a reply. Slots: `op` (whoever opened the thread), `who` (somebody who posted before),
/// `point` (a matter the thread is about) and, within a seed, the seed's own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// What it does.
    pub stance: Stance,
    /// Who may say it.
    pub speaker: Speaker,
    /// The words.
    pub text: Template,
}

/// A thread that can be opened, once for each variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The title.
    pub title: Template,
    /// The opening post, in Markdown.
    pub body: Template,
    /// What the thread is about: noun phrases in the singular that replies refer to.
    pub points: Vec<Template>,
    /// Values for the slots, one set for each variant; at least one set, which may be empty.
    pub variants: Vec<Vec<(String, String)>>,
    /// Whether it may grow very long.
    pub busy: bool,
    /// Replies that fit only here.
    pub replies: Vec<Passage>,
}

/// A category with its threads and the passages that fit all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// One line on what belongs in it.
    pub description: String,
    /// How many replies a thread gets at most.
    pub longest: Option<usize>,
    /// Whether each thread is about the member who opens it, and how many members use the same seed.
    pub members_per_seed: Option<usize>,
    /// The names of the pools whose passages fit here as well.
    pub borrows: Vec<String>,
    /// Whether only a thread's author says thanks.
    pub thanks_by_author: bool,
    /// The threads that can be opened.
    pub seeds: Vec<Seed>,
    /// Replies that fit every thread here.
    pub passages: Vec<Passage>,
}

/// Somebody who can become a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name shown.
    pub name: String,
    /// The handle: lower-case ASCII letters.
    pub handle: String,
    /// Values for the slots of an introduction: `name`, `trade`, `town`, `interest`, `hope`, `offer`.
    pub profile: Vec<(String, String)>,
}

/// Passages that several categories borrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The name categories borrow it by.
    pub name: String,
    /// The passages.
    pub passages: Vec<Passage>,
}

/// Everything that can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The categories, in the order they are created in.
    pub categories: Vec<Category>,
    /// Who can become a member.
    pub people: Vec<Person>,
    /// Replies that fit several categories.
    pub pools: Vec<Pool>,
}

/// Shared passages: for every thread, for those about a decision, for those about practical work.
const POOLS: [(&str, &str, &str); 3] = [
    ("any", "passages/any.md", include_str!("../corpus/passages/any.md")),
    ("debate", "passages/debate.md", include_str!("../corpus/passages/debate.md")),
    ("craft", "passages/craft.md", include_str!("../corpus/passages/craft.md")),
];

macro_rules! themes {
    ($($name:literal),+ $(,)?) => {
        [$((
            concat!("threads/", $name, ".md"),
            include_str!(concat!("../corpus/threads/", $name, ".md")),
            concat!("passages/", $name, ".md"),
            include_str!(concat!("../corpus/passages/", $name, ".md")),
        )),+]
    };
}

impl Corpus {
    /// Parses the texts that ship with the crate.
    ///
    /// # Errors
    /// Names the file, the line and the problem when one of them breaks the format.
    pub fn shipped() -> Result<Self, CorpusError> {
        let themes = themes!(
            "announcements",
            "introductions",
            "help",
            "proposals",
            "projects",
            "workshop",
            "garden",
            "infrastructure",
            "off-topic",
        );
        let mut pools = Vec::new();
        for (name, file, text) in POOLS {
            pools.push(Pool { name: name.to_owned(), passages: reader::passages(file, text)? });
        }
        let mut categories = Vec::new();
        for (threads, threads_text, passages, passages_text) in themes {
            let mut category = reader::category(threads, threads_text)?;
            category.passages = reader::passages(passages, passages_text)?;
            let unknown = category.borrows.iter().find(|name| !pools.iter().any(|pool| pool.name == **name));
            if let Some(name) = unknown {
                let problem = format!("there are no passages called “{name}”");
                return Err(CorpusError { file: threads.to_owned(), line: 1, problem });
            }
            categories.push(category);
        }
        let people = reader::people("people.txt", include_str!("../corpus/people.txt"))?;
        Ok(Self { categories, people, pools })
    }

    /// The passages that fit every thread of `category`: its own, then those it borrows.
    pub fn passages<'a>(&'a self, category: &'a Category) -> impl Iterator<Item = &'a Passage> {
        let borrowed = self.pools.iter().filter(|pool| category.borrows.contains(&pool.name));
        category.passages.iter().chain(borrowed.flat_map(|pool| &pool.passages))
    }

    /// How many threads can be opened before titles have to be used twice.
    pub fn threads(&self) -> usize {
        self.categories.iter().flat_map(|category| category.seeds.iter().map(|seed| category.uses_of(seed))).sum()
    }
}

impl Category {
    /// How many threads one seed is good for.
    pub fn uses_of(&self, seed: &Seed) -> usize {
        self.members_per_seed.unwrap_or(seed.variants.len())
    }
}
