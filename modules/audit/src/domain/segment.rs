//! A part of the record as it is archived: the lines of an export behind a header that says which tree they go on from,
//! compressed (gzip, RFC 1952), under a name made of what it holds.
//!
//! What may not enter: where files are kept.

use super::{Digest, Line};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kernel::{FileName, TenantId};
use std::io::{Read, Write};

/// The most that an archive may hold when it is read again, in bytes: entries are far shorter, and a file that somebody
/// exchanged is not to fill the memory.
const LONGEST: usize = 1 << 30;

/// An archive, ready to be kept.
pub(crate) struct Segment {
    pub(crate) name: FileName,
    pub(crate) bytes: Vec<u8>,
}

impl Segment {
    /// These lines, which hold the leaves from `first` up to, and without, `until`. The same lines always give the same
    /// bytes and name. None when they have no such form, or are more than can be read again.
    pub(crate) fn of(tenant: TenantId, first: u64, until: u64, lines: &[Line]) -> Option<Self> {
        let (mut packed, mut length) = (GzEncoder::new(Vec::new(), Compression::default()), 0);
        for line in lines {
            let text = serde_json::to_string(line).ok()?;
            length += text.len() + 1;
            if length > LONGEST {
                return None;
            }
            packed.write_all(text.as_bytes()).and_then(|()| packed.write_all(b"\n")).ok()?;
        }
        let bytes = packed.finish().ok()?;
        let name = format!("audit/{tenant}/{first}-{until}-{}.jsonl.gz", hex(Digest::of(&[&bytes])));
        Some(Self { name: FileName::parse(&name)?, bytes })
    }

    /// The lines again. None when the bytes are not those that the name stands for.
    pub(crate) fn lines(&self) -> Option<Vec<Line>> {
        let named = self.name.as_str().strip_suffix(".jsonl.gz")?.rsplit('-').next()?;
        if named != hex(Digest::of(&[&self.bytes])) {
            return None;
        }
        let mut text = String::new();
        GzDecoder::new(self.bytes.as_slice()).take(LONGEST as u64).read_to_string(&mut text).ok()?;
        text.lines().map(|line| serde_json::from_str(line).ok()).collect()
    }
}

fn hex(digest: Digest) -> String {
    digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sealed::tests::sealed;
    use super::*;

    fn segment() -> Segment {
        let lines: Vec<_> = (0..9).map(|leaf| Line::Entry(Box::new(sealed(leaf)))).collect();
        Segment::of(TenantId::FIRST, 0, 9, &lines).unwrap()
    }

    #[test]
    fn same_lines_are_the_same_file_and_are_read_again() {
        let one = segment();
        assert_eq!((&one.name, &one.bytes), (&segment().name, &segment().bytes));
        let name = format!("audit/{}/0-9-", TenantId::FIRST);
        assert!(one.name.as_str().starts_with(&name) && one.name.as_str().ends_with(".jsonl.gz"), "{}", one.name);
        assert_eq!(one.lines().unwrap().len(), 9);
    }

    #[test]
    fn file_that_was_exchanged_is_not_read() {
        let mut one = segment();
        one.bytes[40] ^= 1;
        assert_eq!(one.lines(), None);
        one.bytes.clear();
        assert_eq!(one.lines(), None);
    }
}
