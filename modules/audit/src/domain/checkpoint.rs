//! A checkpoint: how large the tree was and the hash over it, as a note signed with Ed25519. The forms are those that
//! witnesses and monitors of transparency logs read: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>.
//!
//! What may not enter: the private key.

use super::proof::Tree;
use super::{Digest, NoDigest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use std::fmt;

/// The signature type of Ed25519 in a note.
const ED25519_NOTE: u8 = 1;
/// What a line with a signature begins with.
const SIGNED: &str = "\u{2014} ";

/// Whose signatures are believed: an Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    /// Reads a verifier key of a note, `<name>+<id>+<key>`, or the bare 32 bytes in base64.
    pub(crate) fn parse(text: &str) -> Result<Self, NoDigest> {
        if let Ok(bare) = text.parse::<Digest>() {
            return Ok(Self(bare.0));
        }
        let (name, key) =
            text.split_once('+').and_then(|(name, rest)| Some((name, rest.split_once('+')?.1))).ok_or(NoDigest)?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(NoDigest);
        }
        let bytes = STANDARD.decode(key).map_err(|_| NoDigest)?;
        let key = bytes.strip_prefix(&[ED25519_NOTE]).ok_or(NoDigest)?;
        key.try_into().map(Self).map_err(|_| NoDigest)
    }

    /// The verifier key under which others know it as `name`.
    pub(crate) fn named(self, name: &str) -> String {
        let id: String = self.id(name).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}+{id}+{}", STANDARD.encode([&[ED25519_NOTE], self.0.as_slice()].concat()))
    }

    fn id(self, name: &str) -> [u8; 4] {
        let [a, b, c, d, ..] = Digest::of(&[name.as_bytes(), b"\n", &[ED25519_NOTE], &self.0]).0;
        [a, b, c, d]
    }
}

/// The tree of one community as it was at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Which log it is of: the installation's host and the community.
    pub(crate) origin: String,
    /// The tree.
    pub(crate) tree: Tree,
}

/// Why a note is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteRefused {
    /// It is no checkpoint at all.
    Malformed,
    /// It carries no signature of this key.
    Unsigned,
    /// It carries one that does not fit what it says.
    Forged,
}

impl fmt::Display for NoteRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is not one signed checkpoint and nothing else",
            Self::Unsigned => "is not signed with that key",
            Self::Forged => "was changed after it was signed",
        })
    }
}

impl Checkpoint {
    /// What is signed.
    pub(crate) fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.tree.size, self.tree.root)
    }

    /// The note, with the signature of `key` over the body.
    pub(crate) fn note(&self, key: PublicKey, signature: &[u8]) -> String {
        let signature = STANDARD.encode([key.id(&self.origin).as_slice(), signature].concat());
        format!("{}\n{SIGNED}{} {signature}\n", self.body(), self.origin)
    }

    /// Reads a note that `key` has signed under the name of its origin. Signatures of others, such as witnesses, are
    /// passed over.
    pub(crate) fn open(note: &str, key: PublicKey) -> Result<Self, NoteRefused> {
        let (body, signatures) = note.split_once("\n\n").ok_or(NoteRefused::Malformed)?;
        // What is no signature may be another note, and would be passed over in silence.
        if signatures.lines().any(|line| !line.is_empty() && !line.starts_with(SIGNED)) {
            return Err(NoteRefused::Malformed);
        }
        let checkpoint = Self::read(body).ok_or(NoteRefused::Malformed)?;
        let id = key.id(&checkpoint.origin);
        let of_key = signatures.lines().find_map(|line| {
            let (name, signature) = line.strip_prefix(SIGNED)?.rsplit_once(' ')?;
            let signature = STANDARD.decode(signature).ok().filter(|_| name == checkpoint.origin)?;
            signature.strip_prefix(&id).map(<[u8]>::to_vec)
        });
        let signature = of_key.ok_or(NoteRefused::Unsigned)?;
        let signed = format!("{body}\n");
        let outcome = UnparsedPublicKey::new(&ED25519, key.0).verify(signed.as_bytes(), &signature);
        outcome.map(|()| checkpoint).map_err(|_| NoteRefused::Forged)
    }

    fn read(body: &str) -> Option<Self> {
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?;
        let size = lines.next()?;
        let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
        let root = lines.next()?.parse().ok()?;
        Some(Self { origin: origin.to_owned(), tree: Tree { size: number, root } })
    }

    /// Whether it is of the community with that id, wherever that was served.
    pub(crate) fn is_of(&self, tenant: kernel::TenantId) -> bool {
        self.origin.ends_with(&format!("/audit/{tenant}"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    /// A key made of that byte.
    pub(crate) fn pair(seed: u8) -> (Ed25519KeyPair, PublicKey) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = PublicKey(pair.public_key().as_ref().try_into().unwrap());
        (pair, public)
    }

    /// The note of a checkpoint, signed with the key of that byte.
    pub(crate) fn note(checkpoint: &Checkpoint, seed: u8) -> String {
        let (pair, public) = pair(seed);
        checkpoint.note(public, pair.sign(checkpoint.body().as_bytes()).as_ref())
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "polity.example/audit/1".to_owned(), tree: Tree { size: 7, root: Digest([9; 32]) } }
    }

    #[test]
    fn two_notes_in_one_are_not_taken_for_the_first() {
        let (one, (_, key)) = (note(&checkpoint(), 1), pair(1));
        assert!(Checkpoint::open(&one, key).is_ok());
        assert_eq!(Checkpoint::open(&format!("{one}{one}"), key), Err(NoteRefused::Malformed));
        for name in ["", "a b", "a\nb", "a\u{1b}[8m"] {
            assert_eq!(PublicKey::parse(&key.named(name)), Err(NoDigest), "{name:?}");
        }
    }

    #[test]
    fn verifier_key_is_the_one_of_the_specification() {
        // The key and note of golang.org/x/mod/sumdb/note's documentation.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let public = PublicKey::parse(key).unwrap();
        assert_eq!(public.named("PeterNeumann"), key);
        assert_eq!(PublicKey::parse(&Digest(public.0).to_string()), Ok(public), "bare");
        for wrong in ["", "a+b", "PeterNeumann+c74f20a3+ARpc", "x+y+AhPc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            assert_eq!(PublicKey::parse(wrong), Err(NoDigest), "{wrong}");
        }
    }

    #[test]
    fn note_is_signed_as_the_specification_says() {
        // The same documentation's signed text, checked by the same means as our own notes.
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let public = PublicKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        let bytes = STANDARD.decode(signature).unwrap();
        assert_eq!(bytes[..4], public.id("PeterNeumann"));
        assert!(UnparsedPublicKey::new(&ED25519, public.0).verify(text.as_bytes(), &bytes[4..]).is_ok());
    }

    #[test]
    fn what_was_signed_is_read_again() {
        let text = note(&checkpoint(), 1);
        assert_eq!(Checkpoint::open(&text, pair(1).1), Ok(checkpoint()));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..4], ["polity.example/audit/1", "7", &Digest([9; 32]).to_string(), ""]);
        assert!(lines[4].starts_with("\u{2014} polity.example/audit/1 "), "{text}");
        let witnessed = text.replace("\n\n", "\n\n\u{2014} witness.example AAAAAAAA\n");
        assert_eq!(Checkpoint::open(&witnessed, pair(1).1), Ok(checkpoint()));
    }

    #[test]
    fn note_that_was_changed_or_signed_by_another_is_refused() {
        let (text, key) = (note(&checkpoint(), 1), pair(1).1);
        assert_eq!(Checkpoint::open(&text, pair(2).1), Err(NoteRefused::Unsigned));
        assert_eq!(Checkpoint::open(&text.replace("\n7\n", "\n8\n"), key), Err(NoteRefused::Forged));
        let foreign = note(&checkpoint(), 2);
        let claimed = foreign.replace(
            &STANDARD.encode(pair(2).1.id("polity.example/audit/1"))[..5],
            &STANDARD.encode(key.id("polity.example/audit/1"))[..5],
        );
        assert!(Checkpoint::open(&claimed, key).is_err());
        for wrong in ["", "x", "x\n\n", "x\n07\nAAAA\n\ny", "\n7\n\n\n", "x\n-1\nAAAA\n\n\u{2014} x y\n"] {
            assert_eq!(Checkpoint::open(wrong, key), Err(NoteRefused::Malformed), "{wrong:?}");
        }
    }
}
