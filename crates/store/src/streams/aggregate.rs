//! What an event-sourced aggregate is, and how events of every age are read as today's.

use kernel::{Fault, reasons};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Something whose state is the fold of its events. Pure and synchronous.
///
/// The state is kept with every version in `history`, as any aggregate's is: it holds no secrets.
pub trait Aggregate: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind of its streams, such as `account`: at most 40 characters, and never another one.
    const KIND: &'static str;
    /// The version of the state's shape and meaning. Raise it with every change of the fields or of `apply`: snapshots
    /// of another version are passed over.
    const SNAPSHOT: i32;
    /// The most events a load should have to read. An append after which it would be more writes a snapshot.
    const SNAPSHOT_EVERY: usize = 100;
    /// What can happen to it.
    type Event: Recorded;

    /// Takes an event in. An event has happened: it cannot be refused here.
    fn apply(&mut self, event: &Self::Event);
}

/// An event as it is stored: an enum in serde's external form, whose variants' names are the events' stable names.
pub trait Recorded: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Every event there is, by name. One that is not listed cannot be appended.
    const SHAPES: &'static [Shape];
}

/// Makes the data of one version of an event into the data of the next.
pub type Upcaster = fn(Value) -> Value;

/// An event's name and the versions its data has had.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    name: &'static str,
    upcasters: &'static [Upcaster],
}

impl Shape {
    /// An event that has had one shape: version 1.
    pub const fn new(name: &'static str) -> Self {
        Self { name, upcasters: &[] }
    }

    /// An event whose shape has changed. The first upcaster makes version 1 into 2, the next 2 into 3; today's version
    /// is one more than there are upcasters.
    pub const fn changed(name: &'static str, upcasters: &'static [Upcaster]) -> Self {
        Self { name, upcasters }
    }

    /// The event's stable name: at most 80 characters.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The version in which the event is written today.
    pub fn version(&self) -> i32 {
        i32::try_from(self.upcasters.len()).unwrap_or(i32::MAX - 1) + 1
    }
}

/// Why an event cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    #[error("an event of {kind} is not a named variant")]
    Nameless { kind: &'static str },
    #[error("{kind} has no shape for the event {name}")]
    Unknown { kind: &'static str, name: String },
    #[error("{kind}'s event {name} was written in version {version} by a newer program; this one reads up to {newest}")]
    Newer { kind: &'static str, name: String, version: i32, newest: i32 },
    #[error("{kind}'s event {name} of version {version} cannot be read: {source}")]
    Unreadable { kind: &'static str, name: String, version: i32, source: serde_json::Error },
    #[error("an event of {kind} cannot be written: {source}")]
    Unwritable { kind: &'static str, source: serde_json::Error },
}

impl From<EventError> for Fault {
    fn from(error: EventError) -> Self {
        match error {
            // While a new version is rolled out this passes, and until then nothing may be given up.
            EventError::Newer { .. } => {
                reasons::STORE_DOWN.fault().detail("It was written by a newer version of this program.").because(error)
            }
            _ => Self::internal(error),
        }
    }
}

/// The event's shape and its data.
pub(crate) fn write<A: Aggregate>(event: &A::Event) -> Result<(&'static Shape, Value), EventError> {
    let kind = A::KIND;
    let (name, data) = match serde_json::to_value(event) {
        Ok(Value::String(name)) => (name, Value::Null),
        Ok(Value::Object(tagged)) if tagged.len() == 1 => tagged.into_iter().next().unwrap_or_default(),
        Ok(_) => return Err(EventError::Nameless { kind }),
        Err(source) => return Err(EventError::Unwritable { kind, source }),
    };
    Ok((shape::<A>(&name)?, data))
}

/// The event stored under this name in this version of its shape, as it is understood today.
pub(crate) fn read<A: Aggregate>(name: &str, version: i32, data: Value) -> Result<A::Event, EventError> {
    let (kind, shape) = (A::KIND, shape::<A>(name)?);
    let done = usize::try_from(version - 1).unwrap_or(0);
    let due = shape.upcasters.get(done..);
    let due = due.ok_or_else(|| EventError::Newer { kind, name: name.to_owned(), version, newest: shape.version() })?;
    let data = due.iter().fold(data, |data, upcast| upcast(data));
    let tagged = Value::Object(Map::from_iter([(name.to_owned(), data)]));
    serde_json::from_value(tagged).map_err(|source| EventError::Unreadable {
        kind,
        name: name.to_owned(),
        version,
        source,
    })
}

fn shape<A: Aggregate>(name: &str) -> Result<&'static Shape, EventError> {
    let known = A::Event::SHAPES.iter().find(|shape| shape.name == name);
    known.ok_or_else(|| EventError::Unknown { kind: A::KIND, name: name.to_owned() })
}
