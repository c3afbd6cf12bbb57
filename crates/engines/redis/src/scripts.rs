//! The scripts that do the work. Redis runs each as a whole, with nobody else in between.
//!
//! What may not enter: decisions. They are made where the data is.

use redis::Script;

/// Every script, with what all of them begin with.
pub(crate) struct Scripts {
    pub(crate) enqueue: Script,
    pub(crate) claim: Script,
    pub(crate) settle: Script,
    pub(crate) progress: Script,
    pub(crate) join: Script,
    pub(crate) beat: Script,
    pub(crate) forget: Script,
    pub(crate) keep: Script,
    pub(crate) queues: Script,
    pub(crate) tune: Script,
    pub(crate) cancel: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        let script = |text: &str| Script::new(&[include_str!("scripts/shared.lua"), text].concat());
        Self {
            enqueue: script(include_str!("scripts/enqueue.lua")),
            claim: script(include_str!("scripts/claim.lua")),
            settle: script(include_str!("scripts/settle.lua")),
            progress: script(include_str!("scripts/progress.lua")),
            join: script(include_str!("scripts/join.lua")),
            beat: script(include_str!("scripts/beat.lua")),
            forget: script(include_str!("scripts/forget.lua")),
            keep: script(include_str!("scripts/keep.lua")),
            queues: script(include_str!("scripts/queues.lua")),
            tune: script(include_str!("scripts/tune.lua")),
            cancel: script(include_str!("scripts/cancel.lua")),
        }
    }
}
