//! Which crate may know which: the allowed arrows, held against what Cargo says, and the committed graph.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reports by failing"
)]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a crate is, judged by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    App,
    Demo,
    Bench,
    Journeys,
    Module,
    Contract,
    Codegen,
    Kernel,
    Keys,
    Settings,
    Telemetry,
    Wire,
    Gateway,
    Runtime,
    Store,
    Taskmill,
    Ui,
    Engine,
    Testkit,
}

fn room(folder: &str) -> Option<Room> {
    Some(match folder {
        "app" => Room::App,
        "app/demo" => Room::Demo,
        "bench" => Room::Bench,
        folder if folder.starts_with("bench/taskmill") => Room::Bench,
        "tests/journeys" => Room::Journeys,
        "contracts/codegen" => Room::Codegen,
        "crates/kernel" => Room::Kernel,
        "crates/keys" => Room::Keys,
        "crates/settings" => Room::Settings,
        "crates/telemetry" => Room::Telemetry,
        "crates/wire" => Room::Wire,
        "crates/gateway" => Room::Gateway,
        "crates/runtime" => Room::Runtime,
        "crates/store" => Room::Store,
        "crates/taskmill" => Room::Taskmill,
        "crates/ui" => Room::Ui,
        "crates/testkit" => Room::Testkit,
        folder if folder.starts_with("modules/") => Room::Module,
        folder if folder.starts_with("contracts/") => Room::Contract,
        folder if folder.starts_with("crates/engines/") => Room::Engine,
        _ => return None,
    })
}

/// The allowed arrows, and no others. Tests may also know the test kit and the engines they run on.
fn may_know(from: Room) -> &'static [Room] {
    use Room::{
        App, Bench, Codegen, Contract, Demo, Engine, Gateway, Journeys, Kernel, Keys, Module, Runtime, Settings, Store,
        Taskmill, Telemetry, Ui, Wire,
    };
    match from {
        App => &[Module, Contract, Engine, Runtime, Settings, Telemetry, Kernel, Ui, Demo],
        Bench => &[App, Module, Contract, Engine, Runtime, Store, Settings, Kernel, Wire, Taskmill, Bench],
        Journeys => &[App, Module, Contract, Engine, Runtime, Store, Settings, Kernel, Wire],
        Module => &[Contract, Runtime, Store, Taskmill, Settings, Ui, Kernel],
        Contract => &[Kernel],
        Engine | Ui | Gateway | Telemetry | Room::Testkit => &[Kernel],
        Wire => &[Kernel, Telemetry, Codegen],
        Keys => &[Kernel, Settings],
        Store => &[Kernel, Keys, Settings, Telemetry],
        Taskmill => &[Kernel, Settings, Telemetry, Store],
        Runtime => &[Kernel, Keys, Settings, Telemetry, Wire, Gateway],
        Demo => &[Kernel],
        Codegen | Kernel | Settings => &[],
    }
}

/// Libraries that may not enter a room: the kernel stays free of I/O, contracts of transports.
fn banned_libraries(room: Room) -> &'static [&'static str] {
    match room {
        Room::Kernel | Room::Contract => &["tokio", "axum", "hyper", "sea-orm", "sqlx", "tonic", "reqwest"],
        Room::Ui | Room::Settings => &["tokio", "axum", "sea-orm", "sqlx", "tonic", "reqwest"],
        Room::Module => &["tonic", "reqwest", "sqlx"],
        _ => &[],
    }
}

/// One crate of the workspace with what it depends on outside its tests.
struct Crate {
    name: String,
    room: Option<Room>,
    folder: String,
    own: BTreeSet<String>,
    build: BTreeSet<String>,
    libraries: BTreeSet<String>,
}

fn workspace() -> Vec<Crate> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap();
    crates(&metadata)
}

fn crates(metadata: &Metadata) -> Vec<Crate> {
    let members: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let described = metadata.packages.iter().map(|package| {
        let folder =
            package.manifest_path.parent().unwrap().strip_prefix(&metadata.workspace_root).unwrap().to_string();
        let of = |kind: DependencyKind| {
            package.dependencies.iter().filter(move |d| d.kind == kind).map(|d| d.name.clone()).collect::<BTreeSet<_>>()
        };
        let (own, libraries) = of(DependencyKind::Normal).into_iter().partition(|name| members.contains(name));
        let build = of(DependencyKind::Build).into_iter().filter(|name| members.contains(name)).collect();
        Crate { name: package.name.to_string(), room: room(&folder), folder, own, build, libraries }
    });
    described.collect()
}

/// Every arrow and library that should not be, in words.
fn faults(crates: &[Crate]) -> Vec<String> {
    let rooms: BTreeMap<&str, Option<Room>> = crates.iter().map(|c| (c.name.as_str(), c.room)).collect();
    let mut faults = Vec::new();
    for krate in crates {
        let Some(from) = krate.room else {
            faults.push(format!("{} stands in {}, which is no known room", krate.name, krate.folder));
            continue;
        };
        for name in krate.own.iter().chain(&krate.build) {
            let to = rooms.get(name.as_str()).copied().flatten();
            let generator = to == Some(Room::Codegen) && krate.build.contains(name);
            if !generator && !to.is_some_and(|to| may_know(from).contains(&to)) {
                faults.push(format!("{} ({from:?}) may not know {name} ({to:?})", krate.name));
            }
        }
        for library in krate.libraries.iter().filter(|library| banned_libraries(from).contains(&library.as_str())) {
            faults.push(format!("{library} may not enter {} ({from:?})", krate.name));
        }
    }
    faults
}

#[test]
fn every_arrow_is_allowed() {
    assert_eq!(faults(&workspace()), Vec::<String>::new());
}

#[test]
fn bad_arrows_are_noticed() {
    let krate = |name: &str, folder: &str, own: &[&str], libraries: &[&str]| Crate {
        name: name.to_owned(),
        room: room(folder),
        folder: folder.to_owned(),
        own: own.iter().map(|s| (*s).to_owned()).collect(),
        build: BTreeSet::new(),
        libraries: libraries.iter().map(|s| (*s).to_owned()).collect(),
    };
    let bad = [
        krate("forum", "modules/forum", &["auth"], &[]),
        krate("auth", "modules/auth", &[], &["tonic"]),
        krate("kernel", "crates/kernel", &[], &["tokio"]),
        krate("misc", "crates/misc", &[], &[]),
    ];
    assert_eq!(
        faults(&bad),
        [
            "forum (Module) may not know auth (Some(Module))",
            "tonic may not enter auth (Module)",
            "tokio may not enter kernel (Kernel)",
            "misc stands in crates/misc, which is no known room",
        ]
    );
}

#[test]
fn graph_is_the_committed_one() {
    let mut text = String::from("# crate: the crates of this workspace it knows\n");
    let mut crates = workspace();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    for krate in &crates {
        text.push_str(&format!("{}: {}\n", krate.name, krate.own.iter().cloned().collect::<Vec<_>>().join(" ")));
    }
    testkit::golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/graph.txt"), &text);
}
