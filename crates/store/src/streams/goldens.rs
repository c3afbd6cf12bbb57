//! Golden files of events: one of every version ever written, held against today's types. For tests.

use crate::streams::{Aggregate, Recorded, aggregate};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Holds the files in `folder` against `A`: `<event>.v<version>.json` for every version of every event, with the data as
/// it is stored, and `snapshot.v<version>.json` for today's snapshot.
///
/// Today's versions must come out as they went in: a shape that changed without a new version is found. Older ones must
/// be readable. A folder belongs to one aggregate.
///
/// # Errors
/// Everything that is wrong, in words: a file that is missing, cannot be read as `A`, comes out differently, or belongs
/// to no version there is, as when an upcaster was removed.
pub fn check_goldens<A: Aggregate>(folder: &Path) -> Result<(), String> {
    let mut unread = files(folder)?;
    let mut wrong = Vec::new();
    let mut check = |name: String, read: &dyn Fn(Value) -> Result<Option<Value>, String>| {
        unread.remove(&name);
        if let Err(error) = check_file(&folder.join(&name), read) {
            wrong.push(format!("{name}: {error}"));
        }
    };
    for shape in A::Event::SHAPES {
        for version in 1..=shape.version() {
            check(format!("{}.v{version}.json", shape.name()), &|data| {
                let event = aggregate::read::<A>(shape.name(), version, data).map_err(|error| error.to_string())?;
                // Whatever was stored must not only be readable, but also foldable.
                A::default().apply(&event);
                let (written, data) = aggregate::write::<A>(&event).map_err(|error| error.to_string())?;
                if written.name() != shape.name() {
                    return Err(format!("it is read as {}", written.name()));
                }
                Ok((version == shape.version()).then_some(data))
            });
        }
    }
    check(format!("snapshot.v{}.json", A::SNAPSHOT), &|state| {
        let state: A = serde_json::from_value(state).map_err(|error| error.to_string())?;
        serde_json::to_value(state).map(Some).map_err(|error| error.to_string())
    });
    wrong.extend(
        unread
            .iter()
            .filter(|name| !name.starts_with("snapshot."))
            .map(|name| format!("{name}: no event has this version. If it was ever written, its upcaster must stay")),
    );
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn files(folder: &Path) -> Result<BTreeSet<String>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(told)?;
    entries.map(|entry| Ok(entry.map_err(told)?.file_name().to_string_lossy().into_owned())).collect()
}

/// `read` gives back what must be in the file, when that is certain.
fn check_file(file: &Path, read: &dyn Fn(Value) -> Result<Option<Value>, String>) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("it cannot be opened: {error}"))?;
    let kept: Value = serde_json::from_str(&text).map_err(|error| format!("it is not JSON: {error}"))?;
    match read(kept.clone())? {
        Some(today) if today != kept => {
            Err(format!("its shape has changed: it is now {today}. Give the new shape a version of its own"))
        }
        _ => Ok(()),
    }
}
