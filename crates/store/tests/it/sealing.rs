//! Secrets at rest: what is sealed opens in its own place, under keys that can be replaced and destroyed.

use crate::notes::{Migrator, Notebook};
use kernel::{TenantId, Time, reasons};
use keys::{DataKeys, MasterKey, MasterKeys};
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use settings::{Inputs, Secret, Settings};
use std::time::Duration;
use store::{Change, ChangeError, Changed, OpenError, Place, Store, statement};
use testkit::Engine;
use uuid::Uuid;

const PURPOSE: &str = "notes.secret";

fn masters(newest: u8, former: &[u8]) -> MasterKeys {
    let key = |byte: u8| MasterKey::new([byte; 32]);
    MasterKeys::new(key(newest), former.iter().copied().map(key))
}

fn place(row: u128) -> Place {
    Place::new(PURPOSE, TenantId::FIRST, Uuid::from_u128(row))
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_is_sealed_opens_in_its_own_place_alone(#[case] engine: Engine) {
    let Some(book) = Notebook::guarded_on(engine, &masters(1, &[])).await else { return };
    let sealer = book.store.sealer();
    let sealed = sealer.seal(&place(1), "canary 🦀".as_bytes()).await.unwrap();
    assert!(sealed.starts_with("x1.") && !sealed.contains("canary"));
    // Another process, which has nothing in memory.
    let sealer = book.elsewhere_with(&masters(1, &[])).await.sealer();
    assert_eq!(sealer.open_text(&place(1), &sealed).await.unwrap().as_str(), "canary 🦀");
    let elsewhere = [
        place(2),
        Place { purpose: "notes.other", ..place(1) },
        Place { tenant: TenantId(Uuid::from_u128(9)), ..place(1) },
        place(1).of_subject(Uuid::from_u128(1)),
    ];
    for other in elsewhere {
        let fault = sealer.open(&other, &sealed).await.unwrap_err();
        assert!(fault.is(&reasons::UNREADABLE), "{other:?}: {fault}");
    }
    for broken in ["", "x1.", "x1.AAAA", "x2.AAAA", "x1.!", &sealed[..sealed.len() - 2], &format!("{sealed}AAAA")] {
        assert!(sealer.open(&place(1), broken).await.unwrap_err().is(&reasons::UNREADABLE), "{broken}");
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn processes_that_seal_at_once_agree_on_one_data_key(#[case] engine: Engine) {
    let Some(book) = Notebook::guarded_on(engine, &masters(1, &[])).await else { return };
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(book.elsewhere_with(&masters(1, &[])).await.sealer());
    }
    let place = place(1);
    let sealed = futures::future::join_all(stores.iter().map(|sealer| sealer.seal(&place, b"canary"))).await;
    for sealed in sealed {
        assert_eq!(**book.store.sealer().open(&place, &sealed.unwrap()).await.unwrap(), *b"canary");
    }
    assert_eq!(book.count("data_keys").await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn replaced_master_key_opens_until_all_is_wrapped_anew_and_is_of_no_use_then(#[case] engine: Engine) {
    let Some(book) = Notebook::guarded_on(engine, &masters(1, &[])).await else { return };
    let subject = Uuid::from_u128(7);
    let of_somebody = place(2).of_subject(subject);
    let shared = book.store.sealer().seal(&place(1), b"shared").await.unwrap();
    let personal = book.store.sealer().seal(&of_somebody, b"personal").await.unwrap();

    let both = book.elsewhere_with(&masters(2, &[1])).await.sealer();
    assert_eq!(**both.open(&place(1), &shared).await.unwrap(), *b"shared");
    assert_eq!(both.states().await.unwrap()[0].masters, [masters(1, &[]).newest().id()]);
    assert_eq!(both.rewrap().await.unwrap(), 2);
    assert_eq!(both.rewrap().await.unwrap(), 0, "once is enough");

    let new = book.elsewhere_with(&masters(2, &[])).await.sealer();
    assert_eq!(**new.open(&place(1), &shared).await.unwrap(), *b"shared");
    assert_eq!(**new.open(&of_somebody, &personal).await.unwrap(), *b"personal");
    let state = new.states().await.unwrap().remove(0);
    assert_eq!((state.shared, state.of_subjects, state.destroyed), (1, 1, 0));
    assert_eq!(state.masters, [masters(2, &[]).newest().id()]);

    let old = book.elsewhere_with(&masters(1, &[])).await.sealer();
    let fault = old.open(&place(1), &shared).await.unwrap_err();
    assert!(fault.is(&reasons::MASTER_KEY_MISSING), "{fault}");
    assert!(fault.chain().contains(masters(2, &[]).newest().id()), "{}", fault.chain());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn renewed_data_key_seals_and_the_old_one_still_opens(#[case] engine: Engine) {
    let Some(book) = Notebook::guarded_on(engine, &masters(1, &[])).await else { return };
    let sealer = book.store.sealer();
    let before = sealer.seal(&place(1), b"before").await.unwrap();
    sealer.seal(&place(1).of_subject(Uuid::from_u128(7)), b"personal").await.unwrap();
    assert_eq!(sealer.renew().await.unwrap(), 1);
    let after = sealer.seal(&place(1), b"after").await.unwrap();
    assert_ne!(before[..20], after[..20], "another key's id");
    assert_eq!(**sealer.open(&place(1), &before).await.unwrap(), *b"before");
    assert_eq!(**sealer.open(&place(1), &after).await.unwrap(), *b"after");
    assert_eq!(sealer.states().await.unwrap()[0].shared, 2);
}

/// Destroys somebody's keys.
struct Erase(Uuid, Time);

#[async_trait::async_trait]
impl Change for Erase {
    async fn apply(&self, tx: &DatabaseTransaction) -> Result<Changed, ChangeError> {
        store::destroy_subject(tx, self.0, self.1).await?;
        Ok(Vec::new())
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn destroyed_key_of_a_subject_erases_what_it_sealed_and_nothing_else(#[case] engine: Engine) {
    let Some(book) = Notebook::guarded_on(engine, &masters(1, &[])).await else { return };
    let (ada, bo) = (Uuid::from_u128(0xada), Uuid::from_u128(0xb0));
    let sealer = book.store.sealer();
    let of_ada = sealer.seal(&place(1).of_subject(ada), b"ada's").await.unwrap();
    let of_bo = sealer.seal(&place(2).of_subject(bo), b"bo's").await.unwrap();
    let other_process = book.elsewhere_with(&masters(1, &[])).await.sealer();
    other_process.open(&place(1).of_subject(ada), &of_ada).await.unwrap();

    let wrapped =
        statement(book.store.backend(), "SELECT wrapped FROM data_keys WHERE subject = $1", [ada.to_string().into()]);
    let wrapped: String =
        book.store.primary().query_one_raw(wrapped).await.unwrap().unwrap().try_get("", "wrapped").unwrap();
    book.store.commit(book.permit(), Erase(ada, book.store.clock().now()), vec![], ()).await.unwrap();
    sealer.forget_subject(ada);

    let erased = |fault: kernel::Fault| assert!(fault.is(&reasons::ERASED), "{fault}");
    erased(sealer.open(&place(1).of_subject(ada), &of_ada).await.unwrap_err());
    erased(sealer.seal(&place(3).of_subject(ada), b"more").await.unwrap_err());
    assert_eq!(**sealer.open(&place(2).of_subject(bo), &of_bo).await.unwrap(), *b"bo's");
    book.clock.advance(Duration::from_secs(31));
    erased(other_process.open(&place(1).of_subject(ada), &of_ada).await.unwrap_err());
    let state = sealer.states().await.unwrap().remove(0);
    assert_eq!((state.of_subjects, state.destroyed), (1, 1));

    if engine == Engine::Sqlite {
        book.store.primary().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let bytes = book.files();
        assert!(!bytes.windows(wrapped.len()).any(|window| window == wrapped.as_bytes()), "the key lies in a gap");
    }
}

fn configured(url: &str, folder: &std::path::Path, key: Option<&str>) -> Settings {
    let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
    let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
    settings.store.url = Some(settings::DatabaseUrl::new(url));
    settings.data_dir = folder.to_owned();
    settings.secrets.master_key = key.map(Secret::new);
    settings
}

async fn start(book: &Notebook, settings: &Settings) -> Result<Store, OpenError> {
    Store::start::<Migrator>("notes", settings, &[], book.clock.clone(), book.ids.clone(), true).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn start_without_the_right_master_key_names_the_one_it_lacks(#[case] engine: Engine) {
    let Some(book) = Notebook::on(engine).await else { return };
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let right = configured(book.url(), folder.path(), None);
    let store = start(&book, &right).await.unwrap();
    assert!(!folder.path().join("master-key").exists(), "none is made before something is sealed");
    let sealed = store.sealer().seal(&place(1), b"canary").await.unwrap();
    let store = start(&book, &right).await.unwrap();
    assert_eq!(**store.sealer().open(&place(1), &sealed).await.unwrap(), *b"canary");
    let lacking = store.sealer().states().await.unwrap()[0].masters[0].clone();

    // The folder was lost, and with it the key: another one would open nothing.
    let error = start(&book, &configured(book.url(), other.path(), None)).await.err().unwrap().to_string();
    assert!(error.contains(&lacking) && error.contains("master-key"), "{error}");
    assert!(!other.path().join("master-key").exists());

    let wrong = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let error = start(&book, &configured(book.url(), folder.path(), Some(wrong))).await.err().unwrap().to_string();
    assert!(error.contains(&format!("{lacking} is not among those given")), "{error}");
    assert!(error.contains("secrets.former_master_keys") && !error.contains(wrong), "{error}");
}
