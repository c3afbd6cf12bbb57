//! Tasks that wait, as rows.

use super::rows::Column;
use kernel::{Held, Lane, Unique};
use sea_orm::Value;
use uuid::Uuid;

pub(super) const READY: &[Column] = &[
    Column::Id("task_id"),
    Column::Text("queue"),
    Column::Small("aside"),
    Column::Small("priority"),
    Column::Big("due_us"),
    Column::Id("tenant"),
    Column::Text("lane"),
    Column::Int("lane_limit"),
    Column::Small("in_order"),
    Column::Big("expires_us"),
    Column::Small("key_held"),
    Column::Int("attempts"),
    Column::Int("token"),
];

/// A task that waits and may be claimed.
pub(super) struct Waiting<'a> {
    pub(super) task: Uuid,
    pub(super) queue: &'a str,
    pub(super) priority: i16,
    pub(super) due_us: i64,
    pub(super) tenant: Uuid,
    pub(super) lane: Option<&'a Lane>,
    pub(super) expires_us: i64,
    pub(super) key: KeyHeld,
    pub(super) attempts: i32,
    pub(super) token: i32,
}

impl Waiting<'_> {
    /// Its row, in the columns of [`READY`].
    pub(super) fn into_row(self) -> Vec<Value> {
        vec![
            self.task.into(),
            self.queue.into(),
            0_i16.into(),
            self.priority.into(),
            self.due_us.into(),
            self.tenant.into(),
            self.lane.map_or("", |lane| lane.key.as_str()).into(),
            self.lane.map_or(0, |lane| i32::from(lane.at_most)).into(),
            i16::from(self.lane.is_some_and(|lane| lane.in_order)).into(),
            self.expires_us.into(),
            self.key.0.into(),
            self.attempts.into(),
            self.token.into(),
        ]
    }
}

/// When a task lets its unique key go by itself, as the column `key_held` says it.
pub(super) struct KeyHeld(pub(super) i16);

impl KeyHeld {
    /// It has none, or one that is held for a time.
    pub(super) const NOT: Self = Self(0);
    /// Until it has ended.
    pub(super) const UNTIL_ENDED: Self = Self(2);

    pub(super) fn of(unique: Option<&Unique>) -> Self {
        match unique.map(|unique| &unique.held) {
            Some(Held::UntilStarted) => Self(1),
            Some(Held::UntilEnded) => Self::UNTIL_ENDED,
            Some(Held::For(_)) | None => Self::NOT,
        }
    }
}
