//! Reads an exported record line by line, and says what is wrong with it first. It keeps the tree's right edge and no
//! entry, so a record of any length takes no more memory than a short one.
//!
//! What may not enter: files, a database, a clock.

use super::export::{FORMAT, Header, Line};
use super::merkle::Frontier;
use super::proof::Tree;
use super::{Broken, Checkpoint, PublicKey, SealedEntry};
use kernel::TenantId;
use uuid::Uuid;

/// A checkpoint that somebody kept, by the name they gave it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) note: String,
}

/// What a record that is whole turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    /// The community.
    pub(crate) tenant: TenantId,
    /// How many entries come before the first one that was given; they were not verified.
    pub(crate) start: u64,
    /// How many entries there are with those, and the hash over all of them.
    pub(crate) tree: Tree,
    /// How many checkpoints the file holds.
    pub(crate) checkpoints: u64,
    /// The verifier key, as the file names it.
    pub(crate) key: String,
}

/// A record that was right so far.
pub(crate) struct Verifier {
    header: Header,
    key: PublicKey,
    tree: Frontier,
    /// What was kept elsewhere, the smallest first.
    kept: Vec<(String, Tree)>,
    checkpoints: u64,
    /// How many entries come before the first line.
    start: u64,
    /// How many entries a checkpoint has confirmed, and the first one after them.
    confirmed: u64,
    doubtful: Option<Uuid>,
    line: u64,
}

impl Verifier {
    /// Begins with the first line. The checkpoints are believed when `trusted` signed them; without such a key it is
    /// the one that the file itself names. What lacks its beginning is refused unless a `part` is all that is asked for.
    pub(crate) fn begin(first: &str, trusted: Option<PublicKey>, kept: Vec<Kept>, part: bool) -> Result<Self, Broken> {
        let Ok(Line::Header(header)) = read(1, first) else { return Err(Broken::Header { line: 1 }) };
        if header.format != FORMAT {
            let why = format!("its format is {:?}, and this program reads {FORMAT:?}", header.format);
            return Err(Broken::Unreadable { line: 1, why });
        }
        let unreadable = |_| Broken::Unreadable { line: 1, why: "public_key is no Ed25519 verifier key".to_owned() };
        let named = PublicKey::parse(&header.public_key).map_err(unreadable)?;
        let key = trusted.unwrap_or(named);
        let opened = kept.into_iter().map(|Kept { name, note }| match Checkpoint::open(&note, key) {
            Err(why) => Err(Broken::Kept { name, why: why.to_string() }),
            Ok(checkpoint) if !checkpoint.is_of(header.tenant) => {
                Err(Broken::Kept { name, why: format!("is of another record, {}", checkpoint.origin) })
            }
            Ok(checkpoint) => Ok((name, checkpoint.tree)),
        });
        let mut kept = opened.collect::<Result<Vec<_>, _>>()?;
        kept.sort_by_key(|(_, tree)| tree.size);
        let tree = header.tree().ok_or(Broken::Header { line: 1 })?;
        let start = tree.size();
        if start > 0 && !part {
            return Err(Broken::Part { start });
        }
        if let Some((name, _)) = kept.iter().find(|(_, kept)| kept.size < start) {
            let why =
                format!("covers entries before {start}, where this part begins: verify it behind those before it");
            return Err(Broken::Kept { name: name.clone(), why });
        }
        let (checkpoints, doubtful) = (0, None);
        let mut verifier = Self { header, key, tree, kept, checkpoints, start, confirmed: start, doubtful, line: 1 };
        verifier.confirm_kept()?;
        Ok(verifier)
    }

    /// Takes the next line.
    pub(crate) fn next(&mut self, text: &str) -> Result<(), Broken> {
        self.line += 1;
        match read(self.line, text)? {
            Line::Header(header) => self.go_on(&header),
            Line::Entry(entry) => self.entry(&entry),
            Line::Checkpoint(note) => self.checkpoint(&note),
        }
    }

    /// Says that there are no more lines.
    pub(crate) fn end(self) -> Result<Verified, Broken> {
        let entries = self.tree.size();
        // What was kept elsewhere says more than that the file's own last checkpoint is missing.
        if let Some((name, tree)) = self.kept.iter().find(|(_, tree)| tree.size > entries) {
            return Err(Broken::CutOff { name: name.clone(), size: tree.size, entries });
        }
        if self.confirmed < entries {
            return Err(Broken::Uncovered { entries, covered: self.confirmed });
        }
        Ok(Verified {
            tenant: self.header.tenant,
            start: self.start,
            tree: Tree { size: entries, root: self.tree.root() },
            checkpoints: self.checkpoints,
            key: self.key.named(self.header.public_key.split('+').next().unwrap_or_default()),
        })
    }

    /// Takes the header of the next part of the same record.
    fn go_on(&self, header: &Header) -> Result<(), Broken> {
        let same = header.tenant == self.header.tenant && header.format == self.header.format;
        let behind = header.start.is_some() && header.tree().as_ref() == Some(&self.tree);
        if same && behind { Ok(()) } else { Err(Broken::Header { line: self.line }) }
    }

    fn entry(&mut self, entry: &SealedEntry) -> Result<(), Broken> {
        let (line, id, leaf, due) = (self.line, entry.id, entry.leaf, self.tree.size());
        if entry.tenant != self.header.tenant {
            return Err(Broken::Stranger { line, id });
        }
        if leaf != due {
            return Err(Broken::OutOfPlace { line, id, leaf, due });
        }
        let hash = entry.leaf_hash();
        if hash != entry.hash {
            return Err(Broken::Changed { line, id, leaf });
        }
        self.tree.push(hash, |_, _| {});
        self.doubtful.get_or_insert(id);
        self.confirm_kept()
    }

    /// Holds the entries so far against what was kept of exactly so many.
    fn confirm_kept(&mut self) -> Result<(), Broken> {
        let size = self.tree.size();
        let covering: Vec<_> = self.kept.iter().filter(|(_, tree)| tree.size == size).cloned().collect();
        covering.into_iter().try_for_each(|(name, tree)| self.confirm(tree, format!("the checkpoint in {name}")))
    }

    fn checkpoint(&mut self, note: &str) -> Result<(), Broken> {
        let (line, entries) = (self.line, self.tree.size());
        let checkpoint = Checkpoint::open(note, self.key).map_err(|why| Broken::Checkpoint { line, why })?;
        if checkpoint.tree.size != entries || !checkpoint.is_of(self.header.tenant) {
            return Err(Broken::Misplaced { line, size: checkpoint.tree.size, entries });
        }
        self.confirm(checkpoint.tree, format!("the checkpoint in line {line}"))?;
        self.checkpoints += 1;
        Ok(())
    }

    /// Holds the entries so far against what was signed.
    fn confirm(&mut self, tree: Tree, signed: String) -> Result<(), Broken> {
        if tree.root != self.tree.root() {
            let to = tree.size.saturating_sub(1);
            return Err(Broken::Rewritten { signed, from: self.confirmed, to, first: self.doubtful });
        }
        (self.confirmed, self.doubtful) = (tree.size, None);
        Ok(())
    }
}

fn read(line: u64, text: &str) -> Result<Line, Broken> {
    serde_json::from_str(text).map_err(|error| {
        let why = if error.is_eof() {
            "it ends in the middle".to_owned()
        } else {
            let words = error.to_string();
            // Each line is a document of its own, whose only line is the first.
            words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words).to_owned()
        };
        Broken::Unreadable { line, why }
    })
}

#[cfg(test)]
mod tests;
