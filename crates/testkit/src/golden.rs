//! Golden files: what people read, kept in the repository so that every change of it is reviewed.

use std::path::Path;

/// Holds `text` against the file, or writes the file when `UPDATE_GOLDENS` is set.
///
/// # Panics
/// When they differ, saying how to accept the difference.
pub fn golden(file: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        return;
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    if kept == text {
        return;
    }
    let at = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
    let line = at.unwrap_or_else(|| kept.lines().count().min(text.lines().count()));
    let (was, is) = (kept.lines().nth(line).unwrap_or(""), text.lines().nth(line).unwrap_or(""));
    panic!(
        "{} has changed at line {}:\n  was: {was}\n  is:  {is}\nIf that is meant, run `make goldens` and review the difference.",
        file.display(),
        line + 1
    );
}
