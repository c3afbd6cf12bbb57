//! What the shipped texts promise: how many there are and that they can be read. How they combine is tested elsewhere.

use demo::{Corpus, Stance};
use std::collections::HashSet;

#[test]
fn shipped_texts_parse_and_are_as_many_as_promised() {
    let corpus = Corpus::shipped().unwrap();
    let seeds = corpus.categories.iter().map(|category| category.seeds.len()).sum::<usize>();
    let own = corpus.categories.iter().flat_map(|category| &category.seeds).map(|seed| seed.replies.len());
    let themed = corpus.categories.iter().map(|category| category.passages.len());
    let passages =
        corpus.pools.iter().map(|pool| pool.passages.len()).sum::<usize>() + themed.sum::<usize>() + own.sum::<usize>();
    assert_eq!(corpus.categories.len(), 9);
    assert!(seeds >= 120, "{seeds} seeds");
    assert!(corpus.threads() >= 220, "{} threads", corpus.threads());
    assert!(passages >= 400, "{passages} passages");
    assert!(corpus.people.len() >= 80, "{} people", corpus.people.len());
}

#[test]
fn every_category_can_hold_a_conversation() {
    let corpus = Corpus::shipped().unwrap();
    for category in &corpus.categories {
        let stances: HashSet<Stance> = corpus.passages(category).map(|passage| passage.stance).collect();
        // Nobody disagrees with an introduction.
        let least = if category.members_per_seed.is_some() { 6 } else { Stance::ALL.len() };
        assert!(stances.len() >= least, "{}: {stances:?}", category.name);
    }
}

#[test]
fn nothing_is_said_twice() {
    let corpus = Corpus::shipped().unwrap();
    let mut said = HashSet::new();
    let own = corpus.categories.iter().flat_map(|category| &category.seeds).flat_map(|seed| &seed.replies);
    let themed = corpus.categories.iter().flat_map(|category| &category.passages);
    for passage in own.chain(themed).chain(corpus.pools.iter().flat_map(|pool| &pool.passages)) {
        assert!(said.insert(format!("{:?}", passage.text)), "{:?}", passage.text);
    }
}
