//! What is refused, in which words, and that all of it is named at once.

use rstest::rstest;
use settings::{Inputs, load, render_check};

const SEED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn faults(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    faults_of(&inputs(file, variables))
}

fn inputs(file: &str, variables: &[(&str, &str)]) -> Inputs {
    let name = "here.yaml".to_owned();
    Inputs {
        variables: variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        files: [(name.clone(), file.to_owned())].into(),
        file: Some(name),
        modules: Vec::new(),
    }
}

fn faults_of(inputs: &Inputs) -> Vec<String> {
    load(inputs).map(|_| Vec::new()).unwrap_or_else(|faults| faults.0.iter().map(ToString::to_string).collect())
}

#[rstest]
#[case("htpp: { port: 1 }", "htpp.port (here.yaml): is no setting; did you mean http.port?")]
#[case("http: { prot: 1 }", "http.prot (here.yaml): is no setting; did you mean http.port?")]
#[case(
    "modules: { forum: { adress: x } }",
    "modules.forum.adress (here.yaml): is no setting; did you mean modules.forum.address?"
)]
#[case("zzz: 1", "zzz (here.yaml): is no setting")]
#[case("http: 8080", "http (here.yaml): is a group of settings and takes no value of its own")]
#[case("http: { port: eighty }", "http.port (here.yaml): must be a whole number from 0 to 65535, not \"eighty\"")]
#[case("http: { port: { a: 1 } }", "http.port (here.yaml): must be a whole number from 0 to 65535, not a group")]
#[case(
    "store: { max_connections: 0 }",
    "store.max_connections (here.yaml): must be a whole number from 1 to 1000, not 0"
)]
#[case("log: { format: xml }", "log.format (here.yaml): must be pretty or json, not \"xml\"")]
#[case(
    "environment: production",
    "environment (here.yaml): is given by the variable ENVIRONMENT alone, because it chooses this file"
)]
#[case("http: { port: 1 }\nhttp.port: 2", "http.port (here.yaml): is given twice")]
#[case("- a\n- b", "here.yaml: must be groups of settings, such as `http:` over `port: 8080`")]
#[case(
    "http: { port: 7, cors_origins: 1 }\ninternal: { port: 7 }",
    "http.cors_origins (here.yaml): must be a list, not 1"
)]
fn a_wrong_file_is_told_what_is_wrong(#[case] file: &str, #[case] words: &str) {
    let found = faults(file, &[]);
    assert!(found.contains(&words.to_owned()), "{found:#?}");
}

#[rstest]
#[case(&[("POLITY_HTTP_PROT", "1")], "POLITY_HTTP_PROT (environment variable POLITY_HTTP_PROT): is no setting; did you mean POLITY_HTTP_PORT?")]
#[case(&[("POLITY_ENVIRONMENT", "test")], "POLITY_ENVIRONMENT (environment variable POLITY_ENVIRONMENT): is no setting")]
#[case(&[("POLITY_HTTP_PORT", "-1")], "http.port (environment variable POLITY_HTTP_PORT): must be a whole number from 0 to 65535, not \"-1\"")]
#[case(&[("POLITY_HTTP_COMPRESSION", "yes")], "http.compression (environment variable POLITY_HTTP_COMPRESSION): must be true or false, not \"yes\"")]
#[case(&[("ENVIRONMENT", "prod")], "environment (environment variable ENVIRONMENT): must be local or test or staging or production, not \"prod\"")]
#[case(&[("DB_HOST", "db")], "store.url (environment variable DB_HOST): DB_NAME, DB_USER, DB_PASSWORD must be set too: DB_HOST, DB_NAME, DB_USER and DB_PASSWORD make the database's URL together")]
#[case(&[("DB_PASSWORD", "x")], "store.url (environment variable DB_PASSWORD): DB_HOST, DB_NAME, DB_USER must be set too: DB_HOST, DB_NAME, DB_USER and DB_PASSWORD make the database's URL together")]
fn a_wrong_variable_is_told_what_is_wrong(#[case] variables: &[(&str, &str)], #[case] words: &str) {
    let found = faults("", variables);
    assert!(found.iter().any(|fault| fault.starts_with(words)), "{found:#?}");
}

#[rstest]
#[case(&[("DB_PORT", "0")], "store.url (environment variable DB_PORT): must be a port from 1 to 65535")]
#[case(&[("DB_SSLMODE", "maybe")], "store.url (environment variable DB_SSLMODE): must be disable or allow")]
#[case(&[("DB_HOST", "a b")], "store.url (environment variable DB_HOST): must be a host name or an IP address")]
fn a_wrong_part_of_the_db_family_is_named(#[case] wrong: &[(&str, &str)], #[case] words: &str) {
    let mut variables = vec![("DB_HOST", "db"), ("DB_NAME", "n"), ("DB_USER", "u"), ("DB_PASSWORD", "canary")];
    variables.extend(wrong);
    let found = faults("", &variables);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(words), "{found:#?}");
}

#[test]
fn every_fault_is_named_at_once_whatever_its_source() {
    let file = "http: { port: x, prot: 1 }\nlog: { level: inof }\nfeed: { backoff_ms: 70000 }";
    let variables = [("POLITY_STORE_URL", "mongodb://db/x"), ("POLITY_NONSENSE", "1"), ("DB_USER", "ada")];
    let found = faults(file, &variables);
    for key in ["http.port ", "http.prot ", "log.level ", "store.url ", "POLITY_NONSENSE ", "feed.backoff_ms "] {
        assert!(found.iter().any(|fault| fault.starts_with(key)), "{key} is missing in {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn a_wrong_value_is_a_fault_even_where_a_right_one_covers_it() {
    assert_eq!(faults("http: { port: x }", &[("POLITY_HTTP_PORT", "1")]).len(), 1);
}

#[test]
fn a_value_refused_already_is_not_judged_by_further_rules() {
    let found = faults("", &[("ENVIRONMENT", "staging"), ("POLITY_HTTP_PUBLIC_URL", "ftp://x")]);
    assert_eq!(found.iter().filter(|fault| fault.starts_with("http.public_url ")).count(), 1, "{found:#?}");
}

#[test]
fn a_module_nobody_knows_is_a_fault_when_the_modules_are_known() {
    let mut given =
        inputs("modules: { fourm: { address: http://a:1 } }", &[("POLITY_MODULES_FORM_ADDRESS", "http://a:1")]);
    given.modules = vec!["auth".to_owned(), "forum".to_owned()];
    let found = faults_of(&given);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].ends_with("did you mean modules.forum.address?"), "{found:#?}");
    assert!(found[1].ends_with("did you mean POLITY_MODULES_FORUM_ADDRESS?"), "{found:#?}");
}

#[test]
fn a_named_file_that_was_not_read_is_a_fault() {
    let mut given = inputs("", &[]);
    given.file = Some("gone.yaml".to_owned());
    assert_eq!(faults_of(&given), ["gone.yaml: was named and was not read"]);
}

#[test]
fn a_named_file_that_does_not_exist_is_a_fault() {
    let faults = Inputs::from_process(Some("/nowhere/gone.yaml".as_ref()), &[]).unwrap_err();
    assert!(faults.to_string().contains("/nowhere/gone.yaml: cannot be read"), "{faults}");
}

#[rstest]
#[case("staging", &["audit.signing_key", "auth.signing_key", "http.public_url", "secrets.master_key", "store.url"])]
#[case("production", &["audit.signing_key", "auth.signing_key", "http.public_url", "secrets.master_key", "store.url"])]
fn an_exposed_environment_names_all_it_must_be_told(#[case] environment: &str, #[case] keys: &[&str]) {
    let given = Inputs { variables: [("ENVIRONMENT".to_owned(), environment.to_owned())].into(), ..Inputs::default() };
    let mut found: Vec<String> = load(&given).unwrap_err().0.into_iter().map(|fault| fault.key).collect();
    found.sort();
    assert_eq!(found, keys);
}

fn exposed<'a>(environment: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![
        ("ENVIRONMENT", environment),
        ("POLITY_LOG_FORMAT", "json"),
        ("POLITY_STORE_URL", "postgres://db/polity?sslmode=require"),
        ("POLITY_HTTP_PUBLIC_URL", "https://polity.example"),
        ("POLITY_AUTH_SIGNING_KEY", SEED),
        ("POLITY_MAIL_ENGINE", "smtp"),
        ("POLITY_MAIL_SMTP_HOST", "mail.example.org"),
        ("POLITY_AUDIT_SIGNING_KEY", SEED),
        ("POLITY_SECRETS_MASTER_KEY", SEED),
    ];
    variables.extend(more);
    variables.reverse();
    variables.sort_by_key(|(name, _)| *name);
    variables.dedup_by_key(|(name, _)| *name);
    variables
}

#[rstest]
#[case(&[], None)]
#[case(&[("POLITY_LOG_FORMAT", "pretty")], Some("log.format"))]
#[case(&[("POLITY_HTTP_PUBLIC_URL", "http://polity.example")], Some("http.public_url"))]
#[case(&[("POLITY_STORE_URL", "postgres://db/polity")], Some("store.url"))]
#[case(&[("POLITY_STORE_URL", "postgres://db/polity?sslmode=prefer")], Some("store.url"))]
#[case(&[("POLITY_STORE_URL", "postgres://db/polity?sslmode=verify-ca")], None)]
#[case(&[("POLITY_STORE_URL", "mysql://db/polity")], Some("store.url"))]
#[case(&[("POLITY_STORE_URL", "mysql://db/polity?ssl-mode=PREFERRED")], Some("store.url"))]
#[case(&[("POLITY_STORE_URL", "mysql://db/polity?ssl-mode=VERIFY_CA")], None)]
#[case(&[("POLITY_STORE_URL", "postgres://db/polity"), ("POLITY_STORE_REQUIRE_TLS", "true")], None)]
#[case(&[("POLITY_STORE_URL", "postgres://db/polity?sslmode=prefer"), ("POLITY_STORE_REQUIRE_TLS", "true")], Some("store.url"))]
#[case(&[("POLITY_STORE_URL", "sqlite:polity.db")], None)]
#[case(&[("POLITY_MODULES_FORUM_STORE_URL", "postgres://db/forum")], Some("modules.forum.store.url"))]
#[case(&[("POLITY_INTERNAL_PORT", "9000")], Some("internal.token"))]
#[case(&[("POLITY_INTERNAL_PORT", "9000"), ("POLITY_INTERNAL_TOKEN", "short")], Some("internal.token"))]
#[case(&[("POLITY_INTERNAL_PORT", "9000"), ("POLITY_INTERNAL_TOKEN", "0123456789abcdef0123456789abcdef")], None)]
#[case(&[("POLITY_MAIL_ENGINE", "mailbox")], Some("mail.engine"))]
#[case(&[("POLITY_MAIL_ENGINE", "off")], None)]
#[case(&[("POLITY_MAIL_SMTP_TLS", "none")], Some("mail.smtp_tls"))]
#[case(&[("POLITY_MAIL_SMTP_TLS", "none"), ("POLITY_MAIL_SMTP_HOST", "127.0.0.1")], None)]
fn production_demands_what_keeps_it_safe(#[case] more: &[(&str, &str)], #[case] at_fault: Option<&str>) {
    let found = load(&inputs("", &exposed("production", more))).map(|_| ()).map_err(|faults| faults.0);
    match at_fault {
        None => assert_eq!(found, Ok(())),
        Some(key) => assert_eq!(found.unwrap_err().iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), [key]),
    }
}

#[test]
fn staging_does_not_demand_tls_to_its_database() {
    let variables = exposed("staging", &[("POLITY_STORE_URL", "postgres://db/polity")]);
    assert_eq!(faults("", &variables), Vec::<String>::new());
}

#[test]
fn an_internal_port_needs_no_token_on_ones_own_machine() {
    assert_eq!(faults("internal: { port: 9000 }", &[]), Vec::<String>::new());
}

#[rstest]
#[case("http: { port: 7 }\ninternal: { port: 7 }", "internal.port")]
#[case("feed: { backoff_ms: 9, backoff_max_ms: 8 }", "feed.backoff_ms")]
#[case("auth: { session_idle_s: 9, session_absolute_s: 8 }", "auth.session_idle_s")]
#[case("auth: { access_token_ttl_s: 9, refresh_token_ttl_s: 8 }", "auth.access_token_ttl_s")]
#[case("mail: { engine: smtp }", "mail.smtp_host")]
#[case("mail: { engine: smtp, smtp_host: localhost, smtp_user: ada }", "mail.smtp_password")]
#[case("{ mail: { engine: 'off' }, auth: { email_verification: required } }", "auth.email_verification")]
#[case("store: { replica_url: 'postgres://r/x' }", "store.replica_url")]
#[case("modules: { forum: { store: { replica_url: 'postgres://r/x' } } }", "modules.forum.store.replica_url")]
fn settings_that_contradict_one_another_are_refused(#[case] file: &str, #[case] key: &str) {
    let found: Vec<String> = load(&inputs(file, &[])).unwrap_err().0.into_iter().map(|fault| fault.key).collect();
    assert_eq!(found, [key]);
}

#[test]
fn check_says_ok_or_lists_the_faults() {
    assert_eq!(render_check(&inputs("", &[])), (true, "ok\n".to_owned()));
    let (is_ok, text) = render_check(&inputs("a: 1\nhttp: { port: x }", &[]));
    assert!(!is_ok);
    assert_eq!(text.lines().count(), 2, "{text}");
}
