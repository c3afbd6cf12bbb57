//! What people get to read of a configuration, and what nobody ever does.

use rstest::rstest;
use settings::{Inputs, SETTINGS, explain, load, render_check, render_explained, render_print};

/// 32 bytes in base64 whose text begins with the canary.
const SEED: &str = "canarycanarycanarycanarycanarycanarycanaryA=";

fn planted() -> Inputs {
    let file = "
store: { replica_url: 'postgres://bo:canary@replica/polity?sslpassword=canary' }
modules: { forum: { store: { url: 'postgres://cy:canary@db/forum' } } }
";
    let variables = [
        ("POLITY_INTERNAL_TOKEN", "canary-token"),
        ("POLITY_AUTH_SIGNING_KEY", SEED),
        ("POLITY_AUDIT_SIGNING_KEY", SEED),
        ("POLITY_SECRETS_MASTER_KEY", SEED),
        ("POLITY_SECRETS_FORMER_MASTER_KEYS", SEED),
        ("DB_HOST", "db"),
        ("DB_NAME", "polity"),
        ("DB_USER", "ada"),
        ("DB_PASSWORD", "canary"),
    ];
    Inputs {
        variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        files: [("here.yaml".to_owned(), file.to_owned())].into(),
        file: Some("here.yaml".to_owned()),
        modules: Vec::new(),
    }
}

#[test]
fn no_secret_is_ever_shown_by_a_sound_configuration() {
    let loaded = load(&planted()).unwrap();
    assert!(
        loaded.settings.store.url.as_ref().unwrap().expose().contains("canary"),
        "the canary must be there to be missed"
    );
    let outputs = [
        format!("{loaded:?}"),
        format!("{:#?}", loaded.settings),
        render_explained(&explain(&loaded)),
        render_print(&loaded),
    ];
    for output in outputs {
        assert!(!output.contains("canary"), "{output}");
    }
}

#[rstest]
#[case("auth: { signing_key: canary }")]
#[case("audit: { signing_key: canary }")]
#[case("auth: { signing_key: [canary] }")]
#[case("auth: { signing_kye: canary }")]
#[case("auth: { signing_key: { canary: canary } }")]
#[case("secrets: { former_master_keys: [canary] }")]
#[case("secrets: { former_master_keys: { canary: canary } }")]
#[case("internal: { token: { a: canary } }")]
#[case("store: { url: 'mongodb://u:canary@db/x' }")]
#[case("store: { url: 'canary' }")]
#[case("store: { url: 'postgres://u:canary@db/x', require_tls: 7 }")]
#[case(
    "modules: { forum: { store: { url: 'postgres://u:canary@db/x?sslmode=disable' } } }\nstore: { require_tls: true }"
)]
#[case("store: { url: 'postgres://u:canary@:99999/x' }")]
#[case("telemetry: { otlp_endpoint: 'http://u:canary@collector' }")]
#[case("store: { url: 'canary\n token: [ canary")]
#[case("internal:\n\ttoken: canary\n  x: }canary")]
#[case("auth: { signing_key: canary, signing_key: canary }")]
fn no_secret_is_ever_shown_by_a_faulty_configuration(#[case] file: &str) {
    let mut inputs = planted();
    inputs.files.insert("here.yaml".to_owned(), file.to_owned());
    let (is_ok, text) = render_check(&inputs);
    assert!(!is_ok);
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn the_explanation_shows_value_and_source_in_columns() {
    let rendered = render_explained(&explain(&load(&planted()).unwrap()));
    let line = |key: &str| rendered.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap().to_owned();
    assert!(line("store.url").contains("postgres://ada:***@db:5432/polity"), "{}", line("store.url"));
    assert!(line("internal.token").contains("***"));
    let column = |text: &str, word: &str| text.find(word).unwrap();
    assert_eq!(column(&line("http.port"), "default"), column(&line("feed.batch"), "default"));
}

#[test]
fn the_explanation_names_every_setting_and_says_what_it_does() {
    let explained = explain(&load(&planted()).unwrap());
    for setting in SETTINGS.iter().filter(|setting| !setting.key.contains('*')) {
        let found = explained.iter().find(|explained| explained.key == setting.key).unwrap();
        assert_eq!(found.about, setting.about);
    }
}

#[test]
fn what_is_printed_can_be_read_back() {
    let variables = [("POLITY_HTTP_PORT", "9001"), ("POLITY_MODULES_FORUM_ADDRESS", "http://a:1,http://b:2")];
    let given = Inputs {
        variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..Inputs::default()
    };
    let printed = render_print(&load(&given).unwrap());
    let again = Inputs {
        files: [("again.yaml".to_owned(), printed.clone())].into(),
        file: Some("again.yaml".to_owned()),
        ..Inputs::default()
    };
    let loaded = load(&again).unwrap();
    assert_eq!(loaded.settings.http.port, 9001);
    assert_eq!(loaded.settings.modules["forum"].address, ["http://a:1", "http://b:2"]);
    assert_eq!(render_print(&loaded), printed);
}
