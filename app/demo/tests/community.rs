//! The community on paper: repeatable, large enough, varied, within the forum's limits. No network here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the lint's exemption for tests does not reach the steps they share"
)]

use demo::{Community, Corpus, DemoError};
use std::collections::HashSet;

const USUAL: (usize, usize, usize) = (60, 220, 3200);

fn write((members, threads, posts): (usize, usize, usize), seed: u64) -> Community {
    Community::write(&Corpus::shipped().unwrap(), members, threads, posts, seed).unwrap()
}

fn bodies(community: &Community) -> Vec<&str> {
    let openings = community.threads.iter().map(|thread| thread.body.as_str());
    let posts = community.threads.iter().flat_map(|thread| &thread.posts).map(|post| post.body.as_str());
    openings.chain(posts).collect()
}

#[test]
fn same_seed_gives_the_same_community_and_another_seed_another() {
    assert_eq!(write(USUAL, 7), write(USUAL, 7));
    assert_ne!(write(USUAL, 7).threads[0].title, write(USUAL, 8).threads[0].title);
}

#[test]
fn numbers_are_met_exactly_for_any_seed() {
    for seed in 0..12 {
        let community = write(USUAL, seed);
        assert_eq!((community.members.len(), community.threads.len(), community.posts()), USUAL, "seed {seed}");
    }
}

#[test]
fn titles_and_replies_are_distinct_and_within_the_limits() {
    let community = write(USUAL, 1);
    let titles: HashSet<&str> = community.threads.iter().map(|thread| thread.title.as_str()).collect();
    assert_eq!(titles.len(), community.threads.len());
    assert!(titles.iter().all(|title| (3..=200).contains(&title.chars().count())));
    let posts = community.threads.iter().flat_map(|thread| &thread.posts);
    assert_eq!(posts.map(|post| &post.body).collect::<HashSet<_>>().len(), 3200);
    for body in bodies(&community) {
        assert!((1..=20_000).contains(&body.chars().count()) && body.trim() == body, "{body}");
    }
}

#[test]
fn a_few_threads_are_long_and_most_are_short() {
    let community = write(USUAL, 1);
    let mut lengths: Vec<usize> = community.threads.iter().map(|thread| thread.posts.len()).collect();
    lengths.sort_unstable();
    assert!(lengths.iter().filter(|length| **length >= 100).count() >= 3, "{lengths:?}");
    assert!(lengths[lengths.len() / 2] <= 15, "{lengths:?}");
}

#[test]
fn no_gap_is_left_open_and_no_code_is_filled_in() {
    let community = write((90, 340, 4000), 3);
    let all = bodies(&community).join("\n");
    for gap in ["{point}", "{who}", "{op}", "{name}", "@ ", "@,", "@."] {
        assert!(!all.contains(gap), "{gap}");
    }
    assert!(all.contains("{ \"room\": \"weir\""));
}

#[test]
fn nobody_answers_themselves_or_speaks_to_strangers() {
    let community = write(USUAL, 2);
    for thread in &community.threads {
        let mut before = thread.author;
        let mut present = vec![format!("@{}", community.members[thread.author].handle)];
        for post in &thread.posts {
            assert_ne!(post.author, before, "{}", thread.title);
            let own = format!("@{}", community.members[post.author].handle);
            let spoken = post.body.lines().filter(|line| !line.starts_with('>')).collect::<Vec<_>>().join("\n");
            for mention in mentions(&spoken) {
                assert!(present.contains(&mention) && mention != own, "{mention} in {}", post.body);
            }
            before = post.author;
            present.push(own);
        }
    }
}

#[test]
fn quotations_repeat_what_was_said_before_in_the_thread() {
    let community = write(USUAL, 1);
    let mut quotations = 0;
    for thread in &community.threads {
        let mut said = String::new();
        for post in &thread.posts {
            if let Some((quoted, _)) = post.body.strip_prefix("> ").and_then(|text| text.split_once("\n>\n> — @")) {
                assert!(said.contains(quoted), "{quoted}");
                quotations += 1;
            }
            said.push_str(&post.body);
        }
    }
    assert!(quotations > 300, "{quotations}");
}

#[test]
fn larger_plan_continues_the_smaller_one() {
    let (small, large) = (write(USUAL, 1), write((60, 260, 4200), 1));
    let (mut same, mut all) = (0, 0);
    for (before, after) in small.threads.iter().zip(&large.threads) {
        assert_eq!((&before.title, before.author), (&after.title, after.author));
        all += before.posts.len().min(after.posts.len());
        same += before.posts.iter().zip(&after.posts).filter(|(a, b)| a == b).count();
    }
    assert!(same * 100 >= all * 95, "{same} of {all}");
}

#[test]
fn many_more_threads_than_titles_become_second_parts() {
    let community = write((60, 500, 2000), 1);
    let titles: HashSet<&str> = community.threads.iter().map(|thread| thread.title.as_str()).collect();
    assert_eq!(titles.len(), 500);
    assert!(titles.iter().any(|title| title.ends_with("(part 2)")));
}

#[test]
fn accounts_keep_the_rules_of_registration() {
    for member in write((96, 1, 0), 1).members {
        assert!((3..=30).contains(&member.handle.len()), "{member:?}");
        assert!((1..=60).contains(&member.display_name.chars().count()), "{member:?}");
        assert!(!demo::MEMBER_PASSWORD.contains(&member.handle), "{member:?}");
    }
}

#[test]
fn impossible_numbers_are_refused_by_name() {
    let corpus = Corpus::shipped().unwrap();
    for (numbers, name) in
        [((2, 5, 5), "members"), ((97, 5, 5), "members"), ((5, 0, 0), "threads"), ((5, 1, 201), "posts")]
    {
        let (members, threads, posts) = numbers;
        match Community::write(&corpus, members, threads, posts, 1) {
            Err(DemoError::OutOfBounds { field, .. }) => assert_eq!(field, name),
            other => panic!("{numbers:?}: {other:?}"),
        }
    }
}

fn mentions(body: &str) -> Vec<String> {
    let after = body.split('@').skip(1);
    after
        .map(|rest| rest.chars().take_while(char::is_ascii_lowercase).collect::<String>())
        .map(|h| format!("@{h}"))
        .collect()
}
