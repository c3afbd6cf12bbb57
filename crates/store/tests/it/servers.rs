//! Opening a module's database on a MySQL or MariaDB server that is not ours: what is made, and what is said when it
//! cannot be.

use crate::notes::Migrator;
use kernel::reasons;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use std::sync::Arc;
use store::{OpenError, Store, StoreOptions};
use testkit::{EphemeralMariaDb, ManualClock, SequentialIds, eventually, mariadb};

async fn open(module: &'static str, url: &str) -> Result<Store, OpenError> {
    let (clock, ids) = (Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
    Store::open(module, &StoreOptions::at(url), &[], clock, ids).await
}

async fn refusal(url: &str) -> OpenError {
    open("notes", url).await.err().expect("it cannot be opened")
}

async fn run(url: &str, sql: &str) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

/// What the store's sessions are set to.
async fn session(store: &Store, variable: &str) -> String {
    let ask = store::statement(store.backend(), format!("SELECT CAST(@@{variable} AS CHAR) AS v"), []);
    store.primary().query_one_raw(ask).await.unwrap().unwrap().try_get("", "v").unwrap()
}

#[tokio::test]
async fn each_module_gets_a_database_of_its_own_beside_the_one_named() {
    let Some(server) = mariadb().await else { return };
    let url = server.database("shared").await;
    let (notes, other) = (open("notes", &url).await.unwrap(), open("other", &url).await.unwrap());
    let name = url.rsplit('/').next().unwrap();
    assert_eq!(session(&notes, "version_comment").await, session(&other, "version_comment").await);
    for (store, module) in [(&notes, "notes"), (&other, "other")] {
        let ask = store::statement(store.backend(), "SELECT DATABASE() AS v", []);
        let found: String = store.primary().query_one_raw(ask).await.unwrap().unwrap().try_get("", "v").unwrap();
        assert_eq!(found, format!("{name}_{module}"));
    }
    store::migrate::<Migrator>(&notes).await.unwrap();
    assert!(other.primary().execute_unprepared("SELECT 1 FROM notes").await.is_err(), "its tables are not seen");
}

#[tokio::test]
async fn sessions_do_not_depend_on_what_the_server_is_set_to() {
    let Some(server) = mariadb().await else { return };
    let store = open("notes", &server.database("settings").await).await.unwrap();
    assert_eq!(session(&store, "time_zone").await, "+00:00");
    assert_eq!(session(&store, "tx_isolation").await, "READ-COMMITTED");
    assert_eq!(session(&store, "character_set_connection").await, "utf8mb4");
    assert_eq!(session(&store, "collation_database").await, "utf8mb4_nopad_bin");
    assert!(session(&store, "sql_mode").await.contains("STRICT_ALL_TABLES"));
}

/// A migration that takes longer than the server lets anybody's statement take.
struct Slow;

impl MigrationName for Slow {
    fn name(&self) -> &str {
        "slow"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Slow {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        m.get_connection().execute_unprepared("CREATE TABLE slow AS SELECT SLEEP(0.6) AS slept").await.map(drop)
    }
}

struct Slowly;

#[async_trait::async_trait]
impl MigratorTrait for Slowly {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Slow)]
    }
}

#[tokio::test]
async fn migration_takes_the_time_it_needs_whatever_the_server_is_set_to() {
    let Some(server) = EphemeralMariaDb::start().await else { return };
    let url = server.database("slow").await;
    let (one, other) = (open("notes", &url).await.unwrap(), open("notes", &url).await.unwrap());
    run(&url, "SET GLOBAL max_statement_time = 0.3, GLOBAL lock_wait_timeout = 1").await;
    // The second one waits for its turn for longer than a statement may take, too.
    let (first, second) = tokio::join!(store::migrate::<Slowly>(&one), store::migrate::<Slowly>(&other));
    first.unwrap();
    second.unwrap();
    let slept = one.primary().query_one_raw(store::statement(one.backend(), "SELECT slept FROM slow", [])).await;
    assert_eq!(slept.unwrap().unwrap().try_get::<i32>("", "slept").unwrap(), 0, "nobody woke it");
}

#[tokio::test]
async fn user_who_may_not_make_the_database_is_told_what_to_run() {
    let Some(server) = mariadb().await else { return };
    let root = server.database("rights").await;
    let name = root.rsplit('/').next().unwrap();
    let user = format!("u{}", &name[name.len() - 12..]);
    run(&root, &format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'secret'")).await;
    let url = root.replace("root@", &format!("{user}:secret@"));
    let error = refusal(&url).await;
    assert!(matches!(&error, OpenError::NoDatabase { .. }), "{error}");
    let text = error.to_string();
    let create =
        format!("CREATE DATABASE IF NOT EXISTS `{name}_notes` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    assert!(text.contains(&create) && !text.contains("secret"), "{text}");

    run(&root, &create).await;
    run(&root, &format!("GRANT ALL ON `{name}_notes`.* TO '{user}'@'%'")).await;
    store::migrate::<Migrator>(&open("notes", &url).await.unwrap()).await.unwrap();

    let wrong = refusal(&url.replace("secret@", "guess@")).await;
    assert!(matches!(&wrong, OpenError::Unreachable { .. }), "{wrong}");
    assert!(wrong.to_string().contains("Access denied") && !wrong.to_string().contains("guess"), "{wrong}");
}

#[tokio::test]
async fn database_with_another_collation_is_set_right_while_it_is_empty_and_refused_afterwards() {
    let Some(server) = mariadb().await else { return };
    let url = format!("{}_notes", server.database("collation").await);
    let name = url.rsplit('/').next().unwrap();
    let make = format!("CREATE DATABASE `{name}` CHARACTER SET latin1");
    run(&server.database("any").await, &make).await;
    let store = open("notes", &url).await.unwrap();
    assert_eq!(session(&store, "collation_database").await, "utf8mb4_nopad_bin");

    run(&url, &format!("ALTER DATABASE `{name}` CHARACTER SET latin1")).await;
    run(&url, "CREATE TABLE old (name VARCHAR(20))").await;
    let error = refusal(&url).await;
    assert!(matches!(&error, OpenError::Collation { .. }), "{error}");
    assert!(error.to_string().contains("utf8mb4_nopad_bin"), "{error}");
}

#[tokio::test]
async fn server_that_crashed_is_unavailable_and_comes_back_without_a_restart() {
    let Some(mut server) = EphemeralMariaDb::start().await else { return };
    let store = open("notes", &server.database("crash").await).await.unwrap();
    store::migrate::<Migrator>(&store).await.unwrap();
    server.stop().await;
    let fault = store.read(store.primary().execute_unprepared("SELECT 1")).await.unwrap_err();
    assert!(fault.is(&reasons::STORE_DOWN), "{fault}");
    assert!(store.ping().await.is_err());
    server.restart().await;
    eventually("the store answers again", async || store.ping().await.is_ok()).await;
    assert_eq!(store::pending_migrations::<Migrator>(&store).await.unwrap(), 0);
}
