//! What people and programs read of Polity, kept as files so that a change of them is a difference someone reviews.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// What `polity` prints with these arguments, in an empty environment.
fn polity(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_polity-under-test")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openapi_document_is_the_published_one() {
    testkit::golden(&docs("openapi.json"), &polity(&["openapi"]));
}

#[test]
fn who_may_do_what_is_the_reviewed_table() {
    testkit::golden(&docs("access.txt"), &polity(&["access"]));
}

#[test]
fn reasons_are_the_published_ones() {
    testkit::golden(&docs("reasons.txt"), &polity(&["reasons"]));
}

#[test]
fn configuration_reference_is_the_published_one() {
    testkit::golden(&docs("configuration.md"), &polity(&["config", "reference"]));
}

/// The requirements of levels 1 and 2 in the chapters of OWASP ASVS 5.0.0 that the checklist answers: section, how many it has
/// from the first on at these levels.
const ASKED: [(&str, u32); 26] = [
    ("6.1", 3),
    ("6.2", 12),
    ("6.3", 4),
    ("6.4", 4),
    ("6.5", 5),
    ("6.6", 3),
    ("6.8", 4),
    ("7.1", 3),
    ("7.2", 4),
    ("7.3", 2),
    ("7.4", 5),
    ("7.5", 2),
    ("7.6", 2),
    ("8.1", 2),
    ("8.2", 3),
    ("8.3", 1),
    ("8.4", 1),
    ("9.1", 3),
    ("9.2", 4),
    ("10.1", 2),
    ("10.2", 2),
    ("10.3", 4),
    ("10.4", 11),
    ("10.5", 5),
    ("10.6", 2),
    ("10.7", 3),
];

/// The names of all functions in the Rust files below a folder of the repository.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let named = text.lines().filter_map(|line| line.trim_start().split_once("fn ")?.1.split_once(['(', '<']));
            names.extend(named.map(|(name, _)| name.to_owned()));
        }
    }
}

/// What is wrong with a checklist, when these are the functions there are.
fn faults_of_checklist(checklist: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut answered = BTreeSet::new();
    for line in checklist.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _, answer, shown] = cells[..] else {
            faults.push(format!("not four cells: {line}"));
            continue;
        };
        if !answered.insert(number.to_owned()) {
            faults.push(format!("{number} is answered twice"));
        }
        let tests: Vec<&str> = shown.split('`').skip(1).step_by(2).filter(|name| !name.contains(['.', '/'])).collect();
        faults.extend(
            tests.iter().filter(|test| !functions.contains(**test)).map(|test| format!("{number} names {test}")),
        );
        match answer {
            "yes" if tests.is_empty() && !shown.contains("](") => faults.push(format!("{number} shows nothing")),
            "no" | "partly" | "not applicable" if shown.is_empty() => faults.push(format!("{number} says no why")),
            "yes" | "no" | "partly" | "not applicable" => {}
            other => faults.push(format!("{number} is answered by {other:?}")),
        }
    }
    let asked = ASKED.iter().flat_map(|(section, last)| (1..=*last).map(move |n| format!("{section}.{n}")));
    faults.extend(asked.filter(|number| !answered.contains(number)).map(|number| format!("{number} is not answered")));
    faults
}

#[test]
fn security_checklist_answers_everything_with_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut names = BTreeSet::new();
    for folder in ["app", "crates", "modules", "tests"] {
        functions(&root.join(folder), &mut names);
    }
    let checklist = std::fs::read_to_string(docs("security/asvs.md")).unwrap();
    assert_eq!(faults_of_checklist(&checklist, &names), Vec::<String>::new());
}

#[test]
fn faults_of_a_checklist_are_noticed() {
    let names = BTreeSet::from(["it_holds".to_owned()]);
    let rows = "| 6.1.1 | a | yes | `it_holds` |\n| 6.1.2 | b | yes | `gone` |\n| 6.1.3 | c | yes | somehow |\n\
        | 6.1.3 | c | no |  |\n| 6.2.1 | d | maybe | `it_holds` |\n";
    let faults = faults_of_checklist(rows, &names);
    let expected = [
        "6.1.2 names gone",
        "6.1.3 shows nothing",
        "6.1.3 is answered twice",
        "6.1.3 says no why",
        "6.2.1 is answered by \"maybe\"",
    ];
    assert_eq!(faults[..expected.len()], expected);
    assert!(faults.contains(&"10.7.3 is not answered".to_owned()));
}
