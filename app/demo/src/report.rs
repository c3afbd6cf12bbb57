//! What a run did, for whoever watched it. Only counting and laying out.

use crate::MEMBER_PASSWORD;
use std::fmt;
use std::time::Duration;

/// How much of one kind there is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Made by this run.
    pub made: usize,
    /// Found, because an earlier run had made it.
    pub found: usize,
}

impl Tally {
    /// Both together.
    pub fn total(self) -> usize {
        self.made + self.found
    }

    pub(crate) fn count(&mut self, found: bool) {
        if found {
            self.found += 1;
        } else {
            self.made += 1;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.made += other.made;
        self.found += other.found;
    }
}

/// What a run did. Its `Display` is the closing summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The instance filled.
    pub base_url: String,
    /// Accounts.
    pub members: Tally,
    /// Categories.
    pub categories: Tally,
    /// Threads with their opening posts. Made and found are told apart by the instants in their ids, so they come out
    /// wrong (and only they) when the server's clock is far off this machine's.
    pub threads: Tally,
    /// Replies.
    pub posts: Tally,
    /// The e-mail address of some members, to log in with [`MEMBER_PASSWORD`].
    pub examples: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs();
        writeln!(f, "The community at {} is complete ({} min {:02} s).\n", self.base_url, seconds / 60, seconds % 60)?;
        writeln!(f, "  {:<12}{:>8}{:>12}{:>8}", "", "made", "were there", "now")?;
        let rows = [
            ("members", self.members),
            ("categories", self.categories),
            ("threads", self.threads),
            ("replies", self.posts),
        ];
        for (name, tally) in rows {
            writeln!(f, "  {name:<12}{:>8}{:>12}{:>8}", tally.made, tally.found, tally.total())?;
        }
        writeln!(f, "\nLog in as {}.", self.examples.join(", "))?;
        write!(f, "Every demo member has the password {MEMBER_PASSWORD}, so keep strangers out.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_says_what_was_made_what_was_there_and_how_to_log_in() {
        let report = Report {
            base_url: "http://127.0.0.1:8080".into(),
            members: Tally { made: 58, found: 2 },
            categories: Tally { made: 9, found: 0 },
            threads: Tally { made: 220, found: 0 },
            posts: Tally { made: 3200, found: 0 },
            examples: vec!["amarao@example.org".into(), "kwamea@example.org".into()],
            elapsed: Duration::from_secs(367),
        };
        let text = report.to_string();
        for line in [
            "The community at http://127.0.0.1:8080 is complete (6 min 07 s).",
            "  members           58           2      60",
            "Log in as amarao@example.org, kwamea@example.org.",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
