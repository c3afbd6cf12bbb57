//! Reads the corpus files. It checks everything a writer can get wrong and says where; it makes no choices.
//!
//! A thread file begins with `key: value` lines for its category. Each `=== title` then begins a seed: lines
//! `points: a | b`, `vary: name=value; name=value` and `busy`, an empty line, the opening post, and replies. A line
//! `~ stance` (with `(author)` when only the thread's author says it) begins replies of that stance; an empty line
//! ends each, and a line `.` stands for an empty line within one. Passage files consist of such replies alone. The people file has seven fields to a line.

use crate::corpus::{Category, Passage, Person, Seed, Speaker, Stance};
use crate::error::CorpusError;
use crate::template::Template;

const PROFILE: [&str; 7] = ["name", "handle", "trade", "town", "interest", "hope", "offer"];
const REPLY_SLOTS: [&str; 3] = ["op", "who", "point"];

/// Some lines of a file, with the number of the first.
#[derive(Clone, Copy)]
struct Lines<'a> {
    file: &'a str,
    first: usize,
    lines: &'a [&'a str],
}

impl<'a> Lines<'a> {
    fn fault(&self, offset: usize, problem: impl Into<String>) -> CorpusError {
        CorpusError { file: self.file.to_owned(), line: self.first + offset, problem: problem.into() }
    }

    /// The lines before the first that satisfies `split`, and those from there on.
    fn split(&self, split: impl Fn(&str) -> bool) -> (Self, Self) {
        let at = self.lines.iter().position(|line| split(line)).unwrap_or(self.lines.len());
        let (head, tail) = self.lines.split_at(at);
        (Self { lines: head, ..*self }, Self { first: self.first + at, lines: tail, ..*self })
    }

    /// The first line, and the others.
    fn pop(&self) -> Option<(&'a str, Self)> {
        let (line, rest) = self.lines.split_first()?;
        Some((line, Self { first: self.first + 1, lines: rest, ..*self }))
    }
}

/// Reads a thread file into a category without passages.
///
/// # Errors
/// Names the line and the problem.
pub(crate) fn category(file: &str, text: &str) -> Result<Category, CorpusError> {
    let lines: Vec<&str> = text.lines().collect();
    let all = Lines { file, first: 1, lines: &lines };
    let (header, mut rest) = all.split(|line| line.starts_with("=== "));
    let mut category = category_header(header)?;
    let own: &[&str] = if category.members_per_seed.is_some() { &PROFILE } else { &[] };
    while let Some((title, behind)) = rest.pop() {
        let (block, next) = behind.split(|line| line.starts_with("=== "));
        category.seeds.push(seed(title.trim_start_matches("=== "), block, own)?);
        rest = next;
    }
    if category.seeds.is_empty() {
        return Err(all.fault(0, "no thread begins with “=== ”"));
    }
    Ok(category)
}

/// Reads a file of passages that fit many threads.
///
/// # Errors
/// Names the line and the problem.
pub(crate) fn passages(file: &str, text: &str) -> Result<Vec<Passage>, CorpusError> {
    let lines: Vec<&str> = text.lines().collect();
    replies(Lines { file, first: 1, lines: &lines }, &REPLY_SLOTS, false)
}

/// Reads the people file.
///
/// # Errors
/// Names the line and the problem.
pub(crate) fn people(file: &str, text: &str) -> Result<Vec<Person>, CorpusError> {
    let lines: Vec<&str> = text.lines().collect();
    let all = Lines { file, first: 1, lines: &lines };
    let mut people: Vec<Person> = Vec::new();
    for (offset, line) in lines.iter().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        if fields.len() != PROFILE.len() || fields.iter().any(|field| field.is_empty()) {
            return Err(all.fault(offset, format!("a person has the fields {}", PROFILE.join(" | "))));
        }
        let (name, handle) = (fields[0], fields[1]);
        if !handle.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(all.fault(offset, format!("“{handle}” is not made of the letters a to z")));
        }
        if people.iter().any(|person| person.handle == handle || person.name == name) {
            return Err(all.fault(offset, format!("{name} ({handle}) is there twice")));
        }
        let profile = PROFILE.iter().zip(&fields).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        people.push(Person { name: name.to_owned(), handle: handle.to_owned(), profile: profile.collect() });
    }
    Ok(people)
}

fn category_header(header: Lines<'_>) -> Result<Category, CorpusError> {
    let mut category = Category {
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        longest: None,
        members_per_seed: None,
        borrows: Vec::new(),
        thanks_by_author: false,
        seeds: Vec::new(),
        passages: Vec::new(),
    };
    for (offset, line) in header.lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let number = |value: &str| {
            value.parse().map(Some).map_err(|_| header.fault(offset, format!("“{value}” is not a number")))
        };
        match line.split_once(": ") {
            Some(("slug", value)) => value.clone_into(&mut category.slug),
            Some(("name", value)) => value.clone_into(&mut category.name),
            Some(("description", value)) => value.clone_into(&mut category.description),
            Some(("longest", value)) => category.longest = number(value)?,
            Some(("members", value)) => category.members_per_seed = number(value)?,
            Some(("borrows", list)) => category.borrows = list.split(", ").map(str::to_owned).collect(),
            Some(("thanks", "author")) => category.thanks_by_author = true,
            _ => return Err(header.fault(offset, format!("a category knows no “{line}”"))),
        }
    }
    if [&category.slug, &category.name, &category.description].iter().any(|value| value.is_empty()) {
        return Err(header.fault(0, "a category needs slug, name and description"));
    }
    Ok(category)
}

/// `own` are the slots that the seed has without declaring them.
fn seed(title: &str, block: Lines<'_>, own: &[&str]) -> Result<Seed, CorpusError> {
    let (header, text) = block.split(str::is_empty);
    let (body, tail) = text.split(|line| line.starts_with("~ "));
    let (mut points, mut variants, mut busy) = (Vec::new(), Vec::new(), false);
    for (offset, line) in header.lines.iter().enumerate() {
        match line.split_once(": ") {
            Some(("points", list)) => points = list.split('|').map(|point| Template::opening(point.trim())).collect(),
            Some(("vary", list)) => variants.push(variant(list).map_err(|problem| header.fault(offset, problem))?),
            None if *line == "busy" => busy = true,
            _ => return Err(header.fault(offset, format!("a thread knows no “{line}”"))),
        }
    }
    if points.is_empty() {
        return Err(header.fault(0, "a thread needs points"));
    }
    if variants.is_empty() {
        variants.push(Vec::new());
    }
    let names: Vec<&str> = own.iter().copied().chain(variants[0].iter().map(|(name, _)| name.as_str())).collect();
    for other in &variants {
        if !other.iter().map(|(name, _)| name).eq(variants[0].iter().map(|(name, _)| name)) {
            return Err(header.fault(0, "every “vary” must set the same names in the same order"));
        }
    }
    let title = Template::opening(title);
    let text = Template::opening(body.lines.join("\n").trim());
    let missing = [&title, &text].into_iter().chain(&points).flat_map(Template::slots).find(|n| !names.contains(n));
    if let Some(name) = missing {
        return Err(body.fault(0, format!("nothing says what “{{{name}}}” is")));
    }
    if body.lines.iter().all(|line| line.is_empty()) {
        return Err(body.fault(0, "a thread needs an opening post"));
    }
    let known: Vec<&str> = names.iter().chain(&REPLY_SLOTS).copied().collect();
    let replies = replies(tail, &known, true)?;
    Ok(Seed { title, body: text, points, variants, busy, replies })
}

fn variant(list: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("“{pair}” is not name=value"))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    list.split(';').map(pair).collect()
}

/// `within_seed`: such replies speak to the thread's author, unless marked otherwise.
fn replies(all: Lines<'_>, known: &[&str], within_seed: bool) -> Result<Vec<Passage>, CorpusError> {
    let mut passages = Vec::new();
    let mut heading: Option<(Stance, Speaker)> = None;
    let mut rest = all;
    while let Some((line, behind)) = rest.pop() {
        if line.is_empty() {
            rest = behind;
            continue;
        }
        if let Some(words) = line.strip_prefix("~ ") {
            heading = Some(stance(words, within_seed).ok_or_else(|| rest.fault(0, format!("“{words}” is no stance")))?);
            rest = behind;
            continue;
        }
        let Some((stance, speaker)) = heading else {
            return Err(rest.fault(0, "a reply needs a line “~ stance” above it"));
        };
        let (block, next) = rest.split(|line| line.is_empty() || line.starts_with("~ "));
        let lines: Vec<&str> = block.lines.iter().map(|line| if *line == "." { "" } else { *line }).collect();
        let text = Template::passage(&lines.join("\n")).map_err(|problem| rest.fault(0, problem))?;
        if let Some(name) = text.slots().find(|name| !known.contains(name)) {
            return Err(rest.fault(0, format!("nothing says what “{{{name}}}” is")));
        }
        let speaker = if text.has("op") { Speaker::Others } else { speaker };
        passages.push(Passage { stance, speaker, text });
        rest = next;
    }
    Ok(passages)
}

fn stance(words: &str, within_seed: bool) -> Option<(Stance, Speaker)> {
    let (name, author) = words.strip_suffix(" (author)").map_or((words, false), |name| (name, true));
    let stance = Stance::ALL.into_iter().find(|stance| stance.name() == name)?;
    let speaker = match (author, within_seed, stance) {
        (true, ..) | (_, true, Stance::Followup) => Speaker::Author,
        (_, true, _) => Speaker::Others,
        (_, false, _) => Speaker::Anyone,
    };
    Some((stance, speaker))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "slug: s\nname: N\ndescription: D.\n\n";

    fn refuse(seed: &str, line: usize, problem: &str) {
        let error = category("x.md", &format!("{HEADER}{seed}")).unwrap_err();
        assert!(error.problem.contains(problem), "{error}");
        assert_eq!((error.file.as_str(), error.line), ("x.md", line), "{error}");
    }

    #[test]
    fn seed_is_read_with_its_variants_and_replies() {
        let text = "=== About {a}\npoints: the x | the y\nvary: a=1; b=2\nvary: a=3; b=4\nbusy\n\nBody {b}.\n\n\
                    ## More\n~ agree\nYes,\n.\n- {a}\n\nOr so.\n~ thanks (author)\nThanks {who}.\n";
        let category = category("x.md", &format!("{HEADER}{text}")).unwrap();
        let seed = &category.seeds[0];
        assert_eq!((seed.points.len(), seed.variants.len(), seed.busy), (2, 2, true));
        assert_eq!(seed.body, Template::opening("Body {b}.\n\n## More"));
        assert_eq!(seed.replies[0].text, Template::passage("Yes,\n\n- {a}").unwrap());
        let speakers: Vec<Speaker> = seed.replies.iter().map(|reply| reply.speaker).collect();
        assert_eq!(speakers, [Speaker::Others, Speaker::Others, Speaker::Author]);
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        refuse("", 1, "no thread");
        refuse("=== T\nbusy\n\nBody\n", 6, "needs points");
        refuse("=== T\npoint: the x\n\nBody\n", 6, "knows no “point: the x”");
        refuse("=== T\npoints: the x\n\n", 7, "opening post");
        refuse("=== T\npoints: the x\n\nBody {what}\n", 7, "{what}");
        refuse("=== T\npoints: the x\nvary: a\n\nBody\n", 7, "name=value");
        refuse("=== T\npoints: the x\nvary: a=1\nvary: b=1\n\nBody\n", 6, "same names");
        refuse("=== T\npoints: the x\n\nBody\n~ maybe\nYes.\n", 9, "no stance");
        refuse("=== T\npoints: the x\n\nBody\n~ agree\nYes {b.\n", 10, "not closed");
        refuse("=== T\npoints: the x\n\nBody\n~ agree\nYes {b}.\n", 10, "{b}");
    }

    #[test]
    fn passage_without_a_stance_is_refused() {
        assert_eq!(passages("p.md", "\nYes.\n").unwrap_err().line, 2);
    }

    #[test]
    fn person_is_refused_when_incomplete_or_twice_there() {
        let good = "Ann Onym | anno | a baker | Rome | rye | rest | bake";
        assert_eq!(people("p", &format!("# head\n{good}\n")).unwrap()[0].handle, "anno");
        assert_eq!(people("p", "Ann | anno | a baker\n").unwrap_err().line, 1);
        assert_eq!(people("p", &format!("{good}\n{good}\n")).unwrap_err().line, 2);
        assert!(people("p", &good.replace("anno", "Ann0")).unwrap_err().problem.contains("a to z"));
    }
}
