//! What can be wrong with an exported record, in words for whoever has to answer for it.

use super::NoteRefused;
use std::fmt;
use uuid::Uuid;

/// What is wrong with a record. Lines count from 1, leaves from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The file is empty.
    Empty,
    /// The line is not what a line of this format is.
    Unreadable { line: u64, why: String },
    /// The first line is no header, or a later one is.
    Header { line: u64 },
    /// The record begins with a later entry than its first, and nobody asked for a part.
    Part { start: u64 },
    /// An entry of another community.
    Stranger { line: u64, id: Uuid },
    /// An entry stands where another one was sealed.
    OutOfPlace { line: u64, id: Uuid, leaf: u64, due: u64 },
    /// The entry's fields do not give the hash it was sealed with.
    Changed { line: u64, id: Uuid, leaf: u64 },
    /// The checkpoint is not what the key has signed.
    Checkpoint { line: u64, why: NoteRefused },
    /// The checkpoint is not of this community, or does not cover exactly what stands above it.
    Misplaced { line: u64, size: u64, entries: u64 },
    /// The entries fit their hashes, but not what was signed.
    Rewritten { signed: String, from: u64, to: u64, first: Option<Uuid> },
    /// Entries at the end that no checkpoint covers.
    Uncovered { entries: u64, covered: u64 },
    /// A kept checkpoint is not one of this record.
    Kept { name: String, why: String },
    /// A kept checkpoint covers more than there is.
    CutOff { name: String, size: u64, entries: u64 },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "The file is empty."),
            Self::Unreadable { line, why } => write!(f, "Line {line} cannot be read: {why}."),
            Self::Header { line: 1 } => write!(f, "Line 1 is not the header of an exported record."),
            Self::Header { line } => write!(f, "Line {line} is a second header."),
            Self::Part { start } => write!(
                f,
                "The beginning is missing: the file begins at leaf {start}. Give the parts before it too, the oldest \
                 first, or verify it as a part with --part."
            ),
            Self::Stranger { line, id } => write!(f, "Line {line}: entry {id} belongs to another community."),
            Self::OutOfPlace { line, id, leaf, due } => write!(
                f,
                "Line {line}: entry {id} is leaf {leaf}, where leaf {due} is due: entries were removed, added or exchanged."
            ),
            Self::Changed { line, id, leaf } => write!(
                f,
                "Line {line}: entry {id}, leaf {leaf}, was changed: it does not give the hash it was sealed with."
            ),
            Self::Checkpoint { line, why } => write!(f, "Line {line}: the checkpoint {why}."),
            Self::Misplaced { line, size, entries } => write!(
                f,
                "Line {line}: a checkpoint over {size} entries stands behind {entries}: entries were removed or added, \
                 or it is of another record."
            ),
            Self::Rewritten { signed, from, to, first } => {
                write!(f, "The record was rewritten: leaves {from} to {to} are not those that {signed} covers")?;
                match first {
                    Some(id) => write!(f, ", the first of them entry {id}."),
                    None => write!(f, "."),
                }
            }
            Self::Uncovered { entries, covered } => write!(
                f,
                "The last checkpoint covers {covered} of {entries} entries: the end was cut off, or the file is not whole."
            ),
            Self::Kept { name, why } => write!(f, "The checkpoint in {name} {why}."),
            Self::CutOff { name, size, entries } => write!(
                f,
                "The end was cut off: there are {entries} entries, and the checkpoint in {name} covers {size}."
            ),
        }
    }
}
