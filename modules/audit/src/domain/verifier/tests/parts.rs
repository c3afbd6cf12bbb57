//! Parts of a record, as archives hold them.

use super::*;

/// The record in two parts: the first four entries, and the others.
fn parts() -> (Vec<String>, Vec<String>) {
    let lines = whole();
    let mut before = Frontier::default();
    (0..4).for_each(|leaf| before.push(sealed(leaf).hash, |_, _| {}));
    let header = Header::new(TenantId::FIRST, pair(1).1.named(&origin()), &before);
    let header = serde_json::to_string(&Line::Header(header)).unwrap();
    (lines[..7].to_vec(), [&[header], &lines[7..]].concat())
}

#[test]
fn parts_are_whole_alone_and_behind_each_other_and_in_no_other_order() {
    let (first, second) = parts();
    assert_eq!(verify(&second).unwrap().tree, verify(&whole()).unwrap().tree);
    assert_eq!((verify(&second).unwrap().start, verify(&whole()).unwrap().start), (4, 0));
    assert_eq!(Verifier::begin(&second[0], None, Vec::new(), false).err(), Some(Broken::Part { start: 4 }));
    let both = [first.clone(), second.clone()].concat();
    assert_eq!(verify(&both).unwrap().tree.size, 9);
    assert_eq!(verify(&[second.clone(), first.clone()].concat()), Err(Broken::Header { line: 8 }));
    assert_eq!(verify(&[second.clone(), second.clone()].concat()), Err(Broken::Header { line: 8 }));
    let gap = [&first[..4], &second[..]].concat();
    assert_eq!(verify(&gap), Err(Broken::Header { line: 5 }), "what stands between was left out");
    let forged = second[0].replace("\"edge\":[\"", "\"edge\":[\"A");
    assert!(verify(&[&[forged], &second[1..]].concat()).is_err());
}

#[test]
fn part_with_another_past_does_not_fit_what_was_signed() {
    let (_, mut second) = parts();
    let mut before = Frontier::default();
    (4..8).for_each(|leaf| before.push(sealed(leaf).hash, |_, _| {}));
    let header = Header::new(TenantId::FIRST, pair(1).1.named(&origin()), &before);
    second[0] = serde_json::to_string(&Line::Header(header)).unwrap();
    assert!(matches!(verify(&second), Err(Broken::Rewritten { from: 4, to: 8, .. })));
    let (_, second) = parts();
    assert!(matches!(verify_with(&second, kept(&whole(), 0)), Err(Broken::Kept { .. })));
    assert!(verify_with(&second, kept(&whole(), 1)).is_ok());
}
