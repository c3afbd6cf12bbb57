//! Records that are whole, and what is said of those that are not.

use super::super::NoteRefused;
use super::super::checkpoint::tests::{note, pair};
use super::super::sealed::tests::sealed;
use super::*;
use serde_json::{Value, json};

mod parts;

const SIZES: [u64; 3] = [3, 4, 9];

fn origin() -> String {
    format!("polity.example/audit/{}", TenantId::FIRST)
}

fn header() -> String {
    json!({ "header": { "format": FORMAT, "tenant": TenantId::FIRST, "public_key": pair(1).1.named(&origin()) } })
        .to_string()
}

fn signed(tree: &Frontier, seed: u8) -> String {
    let tree = Tree { size: tree.size(), root: tree.root() };
    note(&Checkpoint { origin: origin(), tree }, seed)
}

/// Nine entries under three checkpoints, the entries as `spoil` makes them and the checkpoints over `signed`.
fn record(entries: &[SealedEntry]) -> Vec<String> {
    let (mut lines, mut tree) = (vec![header()], Frontier::default());
    for entry in entries {
        tree.push(entry.hash, |_, _| {});
        lines.push(serde_json::to_string(&Line::Entry(Box::new(entry.clone()))).unwrap());
        if SIZES.contains(&tree.size()) {
            lines.push(serde_json::to_string(&Line::Checkpoint(signed(&tree, 1))).unwrap());
        }
    }
    lines
}

fn whole() -> Vec<String> {
    record(&(0..9).map(sealed).collect::<Vec<_>>())
}

fn kept(lines: &[String], nth: usize) -> Vec<Kept> {
    let notes = lines.iter().filter_map(|line| match read(1, line) {
        Ok(Line::Checkpoint(note)) => Some(note),
        _ => None,
    });
    notes.skip(nth).take(1).map(|note| Kept { name: "kept.txt".to_owned(), note }).collect()
}

fn verify_with(lines: &[String], kept: Vec<Kept>) -> Result<Verified, Broken> {
    let (first, rest) = lines.split_first().ok_or(Broken::Empty)?;
    let mut verifier = Verifier::begin(first, None, kept, true)?;
    rest.iter().try_for_each(|line| verifier.next(line))?;
    verifier.end()
}

fn verify(lines: &[String]) -> Result<Verified, Broken> {
    verify_with(lines, Vec::new())
}

/// The line with one field changed, and its hash made to fit when that is wanted.
fn changed(line: &str, field: &str, value: Value, recomputed: bool) -> String {
    let mut document: Value = serde_json::from_str(line).unwrap();
    document["entry"][field] = value;
    if recomputed {
        let entry: SealedEntry = serde_json::from_value(document["entry"].clone()).unwrap();
        document["entry"]["hash"] = json!(entry.leaf_hash());
    }
    document.to_string()
}

#[test]
fn record_as_it_was_exported_is_whole() {
    let lines = whole();
    let verified = verify(&lines).unwrap();
    assert_eq!((verified.tree.size, verified.checkpoints), (9, 3));
    for nth in 0..3 {
        assert_eq!(verify_with(&lines, kept(&lines, nth)).unwrap(), verified);
    }
    assert_eq!(verify(&lines[..1]).unwrap().tree.size, 0, "nothing was sealed yet");
}

#[test]
fn entry_whose_person_is_forgotten_is_still_the_one_that_was_sealed() {
    let mut lines = whole();
    let person = json!({ "forgotten": { "commitment": sealed(1).person.commitment() } });
    lines[2] = changed(&lines[2], "person", person, false);
    assert!(!lines[2].contains("Ada"));
    verify(&lines).unwrap();
}

#[test]
fn changed_entry_is_named() {
    let mut lines = whole();
    lines[2] = changed(&lines[2], "actor", json!("user:8"), false);
    assert_eq!(verify(&lines), Err(Broken::Changed { line: 3, id: sealed(1).id, leaf: 1 }));
}

#[test]
fn entry_that_was_rewritten_with_its_hash_does_not_fit_what_was_signed() {
    let mut lines = whole();
    lines[5] = changed(&lines[5], "actor", json!("user:8"), true);
    let rewritten =
        Broken::Rewritten { signed: "the checkpoint in line 7".to_owned(), from: 3, to: 3, first: Some(sealed(3).id) };
    assert_eq!(verify(&lines), Err(rewritten));
}

#[test]
fn history_that_was_rewritten_by_whoever_has_the_key_does_not_fit_what_was_kept() {
    let mut entries: Vec<_> = (0..9).map(sealed).collect();
    entries[1].actor = "user:8".to_owned();
    entries[1].hash = entries[1].leaf_hash();
    let forged = record(&entries);
    assert_eq!(verify(&forged).unwrap().tree.size, 9, "it is one of two histories, and both are signed");
    let rewritten = Broken::Rewritten {
        signed: "the checkpoint in kept.txt".to_owned(),
        from: 3,
        to: 3,
        first: Some(sealed(3).id),
    };
    // The first three are confirmed by the forger's own checkpoint unless that one was kept too.
    assert_eq!(verify_with(&forged, kept(&whole(), 1)), Err(rewritten));
    let first = verify_with(&forged, kept(&whole(), 0)).unwrap_err();
    assert!(matches!(first, Broken::Rewritten { from: 0, to: 2, .. }), "{first}");
}

#[test]
fn end_that_was_cut_off_is_missed() {
    let lines = whole();
    assert_eq!(verify(&lines[..lines.len() - 1]), Err(Broken::Uncovered { entries: 9, covered: 4 }));
    let at_a_checkpoint = &lines[..7];
    assert_eq!(verify(at_a_checkpoint).unwrap().tree.size, 4, "an earlier export looks the same");
    let cut = Broken::CutOff { name: "kept.txt".to_owned(), size: 9, entries: 4 };
    assert_eq!(verify_with(at_a_checkpoint, kept(&lines, 2)), Err(cut));
}

#[test]
fn entries_that_were_exchanged_doubled_or_removed_are_out_of_place() {
    let id = |leaf| sealed(leaf).id;
    let mut exchanged = whole();
    exchanged.swap(1, 2);
    assert_eq!(verify(&exchanged), Err(Broken::OutOfPlace { line: 2, id: id(1), leaf: 1, due: 0 }));
    let mut doubled = whole();
    doubled.insert(2, doubled[1].clone());
    assert_eq!(verify(&doubled), Err(Broken::OutOfPlace { line: 3, id: id(0), leaf: 0, due: 1 }));
    let mut removed = whole();
    removed.remove(2);
    assert_eq!(verify(&removed), Err(Broken::OutOfPlace { line: 3, id: id(2), leaf: 2, due: 1 }));
    let mut renumbered = whole();
    renumbered.swap(1, 2);
    renumbered[1] = changed(&renumbered[1], "leaf", json!(0), false);
    renumbered[2] = changed(&renumbered[2], "leaf", json!(1), false);
    assert!(matches!(verify(&renumbered), Err(Broken::Rewritten { from: 0, to: 2, .. })));
    let mut doubled = whole();
    doubled.insert(4, changed(&doubled[3], "leaf", json!(3), false));
    assert_eq!(verify(&doubled), Err(Broken::Misplaced { line: 6, size: 3, entries: 4 }));
}

#[test]
fn checkpoint_of_another_key_or_record_is_refused() {
    let mut lines = whole();
    let mut tree = Frontier::default();
    (0..3).for_each(|leaf| tree.push(sealed(leaf).hash, |_, _| {}));
    lines[4] = serde_json::to_string(&Line::Checkpoint(signed(&tree, 2))).unwrap();
    assert_eq!(verify(&lines), Err(Broken::Checkpoint { line: 5, why: NoteRefused::Unsigned }));
    lines[4] = whole()[4].replace("polity.example", "forged.example");
    assert!(matches!(verify(&lines), Err(Broken::Checkpoint { line: 5, .. })));

    let trusting_another = Verifier::begin(&whole()[0], Some(pair(2).1), Vec::new(), false);
    let refused = trusting_another.unwrap().next(&whole()[4]);
    assert_eq!(refused, Err(Broken::Checkpoint { line: 2, why: NoteRefused::Unsigned }));

    let elsewhere = Checkpoint {
        origin: "polity.example/audit/2".to_owned(),
        ..Checkpoint::open(&kept(&whole(), 0)[0].note, pair(1).1).unwrap()
    };
    let kept = vec![Kept { name: "other.txt".to_owned(), note: note(&elsewhere, 1) }];
    assert!(matches!(verify_with(&whole(), kept), Err(Broken::Kept { .. })));
    let torn = vec![Kept { name: "torn.txt".to_owned(), note: "x".to_owned() }];
    assert!(matches!(verify_with(&whole(), torn), Err(Broken::Kept { .. })));
}

#[test]
fn entry_of_another_community_is_refused() {
    let mut lines = whole();
    lines[1] = changed(&lines[1], "tenant", json!("00000000-0000-0000-0000-000000000002"), true);
    assert_eq!(verify(&lines), Err(Broken::Stranger { line: 2, id: sealed(0).id }));
}

#[test]
fn line_that_cannot_be_read_is_named() {
    let lines = whole();
    assert_eq!(verify(&[]), Err(Broken::Empty));
    assert_eq!(verify(&lines[1..]), Err(Broken::Header { line: 1 }));
    let twice = [&lines[..2], &lines[..1]].concat();
    assert_eq!(verify(&twice), Err(Broken::Header { line: 3 }));
    for (spoilt, says) in [
        (lines[2][..lines[2].len() / 2].to_owned(), "Line 3 cannot be read: it ends in the middle."),
        ("\u{fffd}PNG".to_owned(), "Line 3 cannot be read: expected value."),
        (String::new(), "Line 3 cannot be read: it ends in the middle."),
        ("[".repeat(100_000), "Line 3 cannot be read: "),
        (changed(&lines[2], "note", json!("smuggled"), false), "Line 3 cannot be read: unknown field `note`"),
        (lines[2].replacen("\"leaf\":1", "\"leaf\":1,\"leaf\":1", 1), "Line 3 cannot be read: duplicate field `leaf`"),
    ] {
        let torn = [&lines[..2], &[spoilt]].concat();
        let why = verify(&torn).unwrap_err().to_string();
        assert!(why.starts_with(says), "{why}");
    }
    let other = vec![lines[0].replace(FORMAT, "polity-audit-export/2")];
    assert!(verify(&other).unwrap_err().to_string().contains("polity-audit-export/2"));
}
