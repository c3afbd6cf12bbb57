//! Whose the rows of every table are, as each engine tells it of its schema.

use crate::stack::{Stack, Topology};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use std::collections::{BTreeMap, BTreeSet};
use testkit::Engine;

/// Tables that hold no community's rows, and why.
const OF_NO_COMMUNITY: [(&str, &str); 26] = [
    ("admin.tenants", "the communities themselves"),
    ("auth.wrong_guesses", "by a hash of community, account and network"),
    ("auth.profiles", "by the user's id, which no other community has"),
    ("*.data_keys", "by purpose and the id of whoever it is about, which no other community has"),
    ("*.outbox", "each event says its own"),
    ("*.outbox_head", "one number for the whole log"),
    ("*.inbox", "what was handled, by the event's id"),
    ("*.cursors", "where a subscriber stands in a log of all communities"),
    ("*.parked", "each event says its own"),
    ("*.dead_letters", "each event says its own"),
    ("*.history", "by the id of what changed, which no other community has"),
    ("*.replays", "the community is part of the scope"),
    ("*.seaql_migrations", "the schema's own"),
    ("*.sqlite_sequence", "the engine's own"),
    ("*.task_queues", "machinery of the installation"),
    ("*.task_holders", "machinery of the installation"),
    ("*.task_schedules", "machinery of the installation"),
    ("*.task_chores", "machinery of the installation"),
    ("*.task_keys", "keys of tasks, one for a kind"),
    ("*.task_progress", "by the task's id"),
    ("*.task_runs", "by the task's id"),
    ("*.saga_steps", "by the saga's id"),
    ("*.stream_events", "by the stream's id"),
    ("*.stream_snapshots", "by the stream's id"),
    ("*.stream_projections", "where a projection stands in a log of all communities"),
    ("*.stream_turn", "one number for the whole log"),
];

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_says_whose_its_rows_are(#[case] engine: Engine) {
    let Some(stack) = Stack::start(Topology::AllInOne, engine).await else { return };
    let sql = match engine {
        Engine::Sqlite => {
            "SELECT m.name AS table_name, p.name AS column_name FROM sqlite_master m, pragma_table_info(m.name) p \
             WHERE m.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT table_name::text AS table_name, column_name::text AS column_name FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        Engine::MariaDb => {
            "SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns \
             WHERE table_schema = DATABASE()"
        }
    };
    let (mut nobodys, mut seen) = (Vec::new(), 0);
    for module in ["auth", "admin", "forum", "audit", "platform"] {
        let store = stack.database(module).await;
        let rows = store.primary().query_all_raw(Statement::from_string(store.backend(), sql)).await.unwrap();
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in rows {
            let (table, column): (String, String) =
                (row.try_get("", "table_name").unwrap(), row.try_get("", "column_name").unwrap());
            tables.entry(table).or_default().insert(column);
        }
        for (table, columns) in tables {
            seen += 1;
            let is_listed =
                |(name, _): &(&str, &str)| *name == format!("{module}.{table}") || *name == format!("*.{table}");
            let says = ["tenant_id", "tenant"].iter().any(|name| columns.contains(*name));
            if !says && !OF_NO_COMMUNITY.iter().any(is_listed) {
                nobodys.push(format!("{module}.{table}"));
            }
        }
        store.close().await;
    }
    assert!(seen > 50, "{seen}");
    assert!(nobodys.is_empty(), "say whose rows these hold, or why they are nobody's: {nobodys:?}");
}
