//! Golden files: every shape an event ever had can be read, and none changes unnoticed.

use crate::purse::{Purse, PurseEvent, in_minor_units, with_a_giver};
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::streams::{Aggregate, Recorded, Shape, check_goldens};

fn check<A: Aggregate>() -> Result<(), String> {
    check_goldens::<A>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams/goldens"))
}

/// What is wrong with the goldens if a purse's events had these shapes.
macro_rules! wrong_with {
    ($($shape:expr),* $(,)?) => {{
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        struct Event(PurseEvent);
        impl Recorded for Event {
            const SHAPES: &'static [Shape] = &[$($shape),*];
        }
        #[derive(Default, Serialize, Deserialize)]
        struct Altered;
        impl Aggregate for Altered {
            const KIND: &'static str = "purse";
            const SNAPSHOT: i32 = 1;
            type Event = Event;
            fn apply(&mut self, _: &Event) {}
        }
        check::<Altered>().unwrap_err()
    }};
}

const OPENED: Shape = Shape::new("opened");
const DEPOSITED: Shape = Shape::changed("deposited", &[in_minor_units, with_a_giver]);
const WITHDRAWN: Shape = Shape::new("withdrawn");
const CLOSED: Shape = Shape::new("closed");

#[test]
fn every_shape_ever_written_is_read_today() {
    check::<Purse>().unwrap();
}

#[test]
fn shape_without_a_golden_is_found() {
    let wrong = wrong_with![OPENED, DEPOSITED, Shape::changed("withdrawn", &[|data| data]), CLOSED];
    assert!(wrong.contains("withdrawn.v2.json: it cannot be opened"), "{wrong}");
}

#[test]
fn removed_upcaster_is_found() {
    let wrong = wrong_with![OPENED, Shape::changed("deposited", &[with_a_giver]), WITHDRAWN, CLOSED];
    assert!(wrong.contains("deposited.v3.json: no event has this version"), "{wrong}");
}

#[test]
fn removed_event_is_found() {
    let wrong = wrong_with![OPENED, DEPOSITED, WITHDRAWN];
    assert!(wrong.contains("closed.v1.json: no event has this version"), "{wrong}");
}

#[test]
fn upcaster_that_does_not_lead_to_today_is_found() {
    const LOST: Shape = Shape::changed("deposited", &[with_a_giver, |data| data]);
    let wrong = wrong_with![OPENED, LOST, WITHDRAWN, CLOSED];
    assert!(wrong.contains("deposited.v1.json: purse's event deposited of version 1 cannot be read"), "{wrong}");
}

#[test]
fn shape_that_changed_without_a_new_version_is_found() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Renamed {
        Opened {
            #[serde(alias = "owner")]
            holder: String,
        },
    }
    impl Recorded for Renamed {
        const SHAPES: &'static [Shape] = &[OPENED];
    }
    #[derive(Default, Serialize, Deserialize)]
    struct Altered;
    impl Aggregate for Altered {
        const KIND: &'static str = "purse";
        const SNAPSHOT: i32 = 1;
        type Event = Renamed;
        fn apply(&mut self, _: &Renamed) {}
    }
    let wrong = check::<Altered>().unwrap_err();
    assert!(wrong.contains("opened.v1.json: its shape has changed"), "{wrong}");
}

#[test]
fn state_that_changed_without_a_new_snapshot_version_is_found() {
    #[derive(Default, Serialize, Deserialize)]
    struct Poorer {
        owner: String,
        balance_minor: i64,
    }
    impl Aggregate for Poorer {
        const KIND: &'static str = "purse";
        const SNAPSHOT: i32 = 1;
        type Event = PurseEvent;
        fn apply(&mut self, _: &PurseEvent) {}
    }
    let error = check::<Poorer>().unwrap_err();
    assert!(error.contains("snapshot.v1.json: its shape has changed"), "{error}");
}
