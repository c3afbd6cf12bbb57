//! What holds when several sources speak: defaults, the file, the variables, the `DB_…` family.

use rstest::rstest;
use settings::{Environment, Inputs, LogFormat, Registration, Synchronous, explain, load};

const SEED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn inputs(variables: &[(&str, &str)]) -> Inputs {
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Inputs { variables, ..Inputs::default() }
}

fn with_file(text: &str, variables: &[(&str, &str)]) -> Inputs {
    let file = "here.yaml".to_owned();
    Inputs { files: [(file.clone(), text.to_owned())].into(), file: Some(file), ..inputs(variables) }
}

/// What an exposed environment must be told at the least.
fn exposed<'a>(environment: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("ENVIRONMENT", environment),
        ("POLITY_STORE_URL", url),
        ("POLITY_HTTP_PUBLIC_URL", "https://polity.example"),
        ("POLITY_AUTH_SIGNING_KEY", SEED),
        ("POLITY_AUDIT_SIGNING_KEY", SEED),
        ("POLITY_SECRETS_MASTER_KEY", SEED),
    ]
}

fn source_of(inputs: &Inputs, key: &str) -> String {
    let explained = load(inputs).map(|loaded| explain(&loaded)).unwrap_or_default();
    explained.into_iter().find(|explained| explained.key == key).map_or("nowhere".to_owned(), |found| found.source)
}

#[test]
fn nothing_given_means_local_on_sqlite() {
    let settings = load(&inputs(&[])).unwrap().settings;
    assert_eq!(settings.environment, Environment::Local);
    assert_eq!(settings.http.public_url, "http://127.0.0.1:8080");
    assert_eq!((settings.http.max_connections, settings.http.body_limit_bytes), (12_000, 1 << 20));
    assert_eq!((settings.internal.port, settings.portals.bulkhead, settings.feed.batch), (0, 256, 256));
    assert_eq!(settings.store.sqlite_synchronous, Synchronous::Normal);
    assert_eq!(settings.auth.registration, Registration::Open);
    assert_eq!(settings.log.format, LogFormat::Pretty);
    assert_eq!(settings.telemetry.otlp_endpoint, None);
    assert!(settings.store_url("forum").is_none());
    assert!(settings.modules.is_empty());
}

#[test]
fn a_file_wins_over_defaults_and_a_variable_over_both() {
    let text = "http:\n  port: 9000\n  idle_timeout_ms: 7\n";
    let given = with_file(text, &[("POLITY_HTTP_PORT", "9001")]);
    let settings = load(&given).unwrap().settings;
    assert_eq!((settings.http.port, settings.http.idle_timeout_ms, settings.http.header_timeout_ms), (9001, 7, 5000));
    assert_eq!(source_of(&given, "http.port"), "environment variable POLITY_HTTP_PORT");
    assert_eq!(source_of(&given, "http.idle_timeout_ms"), "here.yaml");
    assert_eq!(source_of(&given, "http.header_timeout_ms"), "default");
    assert_eq!(source_of(&given, "http.public_url"), "derived from http.address and http.port");
}

#[test]
fn the_environment_chooses_the_file_and_the_folder_can_be_moved() {
    let given = Inputs {
        files: [("/etc/polity/test.yaml".to_owned(), "http: { port: 1234 }".to_owned())].into(),
        ..inputs(&[("ENVIRONMENT", "test"), ("POLITY_CONFIG_DIR", "/etc/polity")])
    };
    assert_eq!(load(&given).unwrap().settings.http.port, 1234);
    assert_eq!(source_of(&given, "http.port"), "/etc/polity/test.yaml");
}

#[test]
fn without_a_file_on_disk_the_binarys_own_copy_holds() {
    let given = inputs(&[("ENVIRONMENT", "test")]);
    assert!(!load(&given).unwrap().settings.http.rate_limit.enabled);
    assert_eq!(source_of(&given, "http.rate_limit.enabled"), "config/test.yaml (built in)");
}

#[rstest]
#[case("local")]
#[case("test")]
fn the_files_for_one_machine_load_by_themselves(#[case] environment: &str) {
    assert_eq!(load(&inputs(&[("ENVIRONMENT", environment)])).unwrap().settings.environment.name(), environment);
}

#[rstest]
#[case("staging")]
#[case("production")]
fn the_files_for_servers_load_with_what_only_the_environment_may_say(#[case] environment: &str) {
    let settings = load(&inputs(&exposed(environment, "postgres://ada:pw@db/polity"))).unwrap().settings;
    assert_eq!(settings.environment.name(), environment);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.auth.signing_key.unwrap().expose(), SEED);
}

#[test]
fn demanding_tls_writes_it_into_every_server_url() {
    let mut variables = exposed("production", "postgres://ada:pw@db/polity");
    variables.push(("POLITY_MODULES_FORUM_STORE_URL", "postgres://db/forum?sslmode=verify-full"));
    variables.push(("POLITY_MODULES_ADMIN_STORE_URL", "mysql://db/admin"));
    variables.push(("POLITY_MODULES_AUDIT_STORE_URL", "sqlite:audit.db"));
    let settings = load(&inputs(&variables)).unwrap().settings;
    assert_eq!(settings.store.url.as_ref().unwrap().expose(), "postgres://ada:pw@db/polity?sslmode=require");
    assert_eq!(settings.store_url("forum").unwrap().expose(), "postgres://db/forum?sslmode=verify-full");
    assert_eq!(settings.store_url("admin").unwrap().expose(), "mysql://db/admin?ssl-mode=required");
    assert_eq!(settings.store_url("audit").unwrap().expose(), "sqlite:audit.db");
}

#[test]
fn module_settings_come_from_files_and_variables() {
    let text = "modules:\n  forum:\n    address: [http://a:9101, http://b:9101]\n";
    let variables =
        [("POLITY_MODULES_FORUM_HTTP_ADDRESS", "http://a:8080"), ("POLITY_MODULES_MAIL_ROOM_ADDRESS", "http://c:1")];
    let settings = load(&with_file(text, &variables)).unwrap().settings;
    assert_eq!(settings.modules["forum"].address, ["http://a:9101", "http://b:9101"]);
    assert_eq!(settings.modules["forum"].http_address, ["http://a:8080"]);
    assert_eq!(settings.modules["mail_room"].address, ["http://c:1"]);
}

#[test]
fn a_module_with_its_own_database_never_reads_the_shared_replica() {
    let text = "
store: { url: 'postgres://db/all', replica_url: 'postgres://replica/all' }
modules:
  forum: { store: { url: 'postgres://db/forum' } }
  audit: { store: { url: 'postgres://db/audit', replica_url: 'postgres://replica/audit' } }
";
    let settings = load(&with_file(text, &[])).unwrap().settings;
    assert_eq!(settings.store_url("forum").unwrap().expose(), "postgres://db/forum");
    assert!(settings.replica_url("forum").is_none());
    assert_eq!(settings.replica_url("audit").unwrap().expose(), "postgres://replica/audit");
    assert_eq!(settings.replica_url("auth").unwrap().expose(), "postgres://replica/all");
}

#[test]
fn the_db_family_makes_the_stores_url_and_encodes_what_it_must() {
    let given = inputs(&[
        ("POLITY_STORE_URL", "sqlite:other.db"),
        ("DB_HOST", "db.example"),
        ("DB_NAME", "polity"),
        ("DB_USER", "ada@home"),
        ("DB_PASSWORD", "p@ss/w%41rd:?#"),
        ("DB_SSLMODE", "verify-full"),
    ]);
    let url = load(&given).unwrap().settings.store.url.unwrap();
    assert_eq!(
        url.expose(),
        "postgres://ada%40home:p%40ss%2Fw%2541rd%3A%3F%23@db.example:5432/polity?sslmode=verify-full"
    );
    assert_eq!(
        source_of(&given, "store.url"),
        "environment variable DB_HOST, DB_NAME, DB_USER, DB_PASSWORD, DB_SSLMODE"
    );
}

#[test]
fn empty_db_variables_count_as_absent() {
    let given = inputs(&[("DB_HOST", ""), ("DB_NAME", ""), ("DB_PASSWORD", "")]);
    assert!(load(&given).unwrap().settings.store.url.is_none());
}

#[test]
fn an_ipv6_database_host_is_put_in_brackets() {
    let given =
        inputs(&[("DB_HOST", "::1"), ("DB_NAME", "n"), ("DB_USER", "u"), ("DB_PASSWORD", "p"), ("DB_PORT", "6432")]);
    assert_eq!(load(&given).unwrap().settings.store.url.unwrap().expose(), "postgres://u:p@[::1]:6432/n");
}

#[rstest]
#[case("0.0.0.0", "http://localhost:8080")]
#[case("::1", "http://[::1]:8080")]
fn the_public_url_is_one_a_browser_can_open(#[case] address: &str, #[case] url: &str) {
    let given = inputs(&[("POLITY_HTTP_ADDRESS", address)]);
    assert_eq!(load(&given).unwrap().settings.http.public_url, url);
}

#[test]
fn an_empty_variable_takes_an_optional_value_away() {
    let given = with_file("store: { url: 'sqlite:a.db' }", &[("POLITY_STORE_URL", "")]);
    assert!(load(&given).unwrap().settings.store.url.is_none());
}

#[test]
fn groups_without_content_and_an_empty_file_say_nothing() {
    assert!(load(&with_file("http:\nstore:\n  url:\nmodules:\n  forum:\n", &[])).is_ok());
    assert!(load(&with_file("# only a comment\n", &[])).is_ok());
}
