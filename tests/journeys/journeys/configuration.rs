//! Somebody starts it wrongly, and is told what to do.

use rstest::rstest;
use std::net::TcpListener;
use std::process::Command;
use tempfile::TempDir;
use testkit::free_port;

/// How a command ended, and everything it said.
pub(crate) struct Outcome {
    pub(crate) success: bool,
    pub(crate) said: String,
}

/// Runs a command that is to end by itself.
pub(crate) fn polity(arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_polity-under-test"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command.env("ENVIRONMENT", "test").env("POLITY_DATA_DIR", folder.path()).envs(environment.iter().copied());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Outcome { success: output.status.success(), said: String::from_utf8(said).unwrap() }
}

fn assert_says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.said.contains(word), "{word} is missing in:\n{}", outcome.said);
    }
}

#[rstest]
#[case(&["run-all-in-one"])]
#[case(&["run-gateway"])]
#[case(&["migrate"])]
#[case(&["config", "check"])]
fn every_wrong_setting_is_named_at_once(#[case] arguments: &[&str]) {
    let wrong = [
        ("POLITY_HTTP_PORT", "eighty"),
        ("POLITY_HTTP_BODY_LIMIT_BYTES", "-1"),
        ("POLITY_STORE_URL", "mongodb://localhost"),
        ("POLITY_LOG_LEVEL", "chatty"),
        ("POLITY_HTTP_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("POLITY_HTTP_PROT", "8080"),
    ];
    let outcome = polity(arguments, &wrong);
    assert!(!outcome.success, "{}", outcome.said);
    for (variable, _) in wrong {
        assert_says(&outcome, &[variable]);
    }
    assert_says(&outcome, &["http.port", "store.url", "log.level", "http.trusted_proxies", "0 to 65535"]);
}

#[test]
fn production_names_everything_it_cannot_do_without() {
    let outcome = polity(&["run-all-in-one"], &[("ENVIRONMENT", "production")]);
    assert!(!outcome.success, "{}", outcome.said);
    let demanded = ["store.url", "http.public_url", "auth.signing_key", "audit.signing_key", "secrets.master_key"];
    assert_says(&outcome, &demanded);
}

#[test]
fn keys_of_secrets_are_made_shown_and_replaced_at_the_shell() {
    let key = polity(&["secrets", "new-key"], &[]).said.trim().to_owned();
    assert_eq!((key.len(), key == polity(&["secrets", "new-key"], &[]).said.trim()), (44, false));
    for (word, says) in
        [("status", "auth: nothing is sealed"), ("rotate", "auth: 0 data keys"), ("renew", "audit: 0 data keys")]
    {
        let outcome = polity(&["secrets", word], &[("POLITY_SECRETS_MASTER_KEY", &key)]);
        assert!(outcome.success && !outcome.said.contains(&key), "{}", outcome.said);
        assert_says(&outcome, &[says]);
    }
    let wrong = polity(&["secrets", "status"], &[("POLITY_SECRETS_FORMER_MASTER_KEYS", "hunter2")]);
    assert!(!wrong.success && !wrong.said.contains("hunter2"), "{}", wrong.said);
    assert_says(&wrong, &["secrets.former_master_keys", "base64"]);
}

#[test]
fn environment_nobody_knows_is_refused() {
    let outcome = polity(&["run-all-in-one"], &[("ENVIRONMENT", "prod")]);
    assert!(!outcome.success, "{}", outcome.said);
    assert_says(&outcome, &["ENVIRONMENT", "prod", "production"]);
}

#[test]
fn port_in_use_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let public = polity(&["run-all-in-one"], &[("POLITY_HTTP_PORT", &port)]);
    assert!(!public.success, "{}", public.said);
    assert_says(&public, &[&format!("127.0.0.1:{port}"), "another program listens there", "POLITY_HTTP_PORT"]);
    let token = "configuration-configuration-configuration";
    let internal = [("POLITY_INTERNAL_PORT", port.as_str()), ("POLITY_INTERNAL_TOKEN", token)];
    let internal = polity(&["run-all-in-one"], &internal);
    assert!(!internal.success, "{}", internal.said);
    assert_says(&internal, &[&format!("127.0.0.1:{port}"), "another program listens there", "POLITY_INTERNAL_PORT"]);
}

#[test]
fn database_nobody_answers_for_is_told_without_its_password() {
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://polity:hunter2@127.0.0.1:{}/polity", free_port());
        let settings = [("POLITY_STORE_URL", url.as_str()), ("POLITY_STORE_ACQUIRE_TIMEOUT_MS", "1000")];
        for arguments in [["run-all-in-one"], ["migrate"]] {
            let outcome = polity(&arguments, &settings);
            assert!(!outcome.success, "{}", outcome.said);
            assert_says(&outcome, &["cannot be reached", &format!("{scheme}://polity:"), "Check that it runs"]);
            assert!(!outcome.said.contains("hunter2"), "{}", outcome.said);
        }
    }
}

#[test]
fn every_module_that_runs_nowhere_is_asked_for_by_its_key() {
    let forum = polity(&["run-forum"], &[]);
    assert!(!forum.success, "{}", forum.said);
    assert_says(&forum, &["modules.admin.address", "modules.auth.address"]);
    let gateway = polity(&["run-gateway"], &[("POLITY_MODULES_FORUM_HTTP_ADDRESS", "http://127.0.0.1:9001")]);
    assert!(!gateway.success, "{}", gateway.said);
    let missing = ["auth", "admin", "audit", "platform"].map(|module| format!("modules.{module}.http_address"));
    assert_says(&gateway, &missing.each_ref().map(String::as_str));
    assert!(!gateway.said.contains("modules.forum"), "{}", gateway.said);
}

#[test]
fn explained_configuration_masks_every_secret() {
    let secrets = [
        ("POLITY_STORE_URL", "postgres://polity:hunter2@db.example.org/polity"),
        ("POLITY_INTERNAL_TOKEN", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("POLITY_AUTH_SIGNING_KEY", "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ="),
        ("POLITY_SECRETS_MASTER_KEY", "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ="),
        ("POLITY_SECRETS_FORMER_MASTER_KEYS", "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ="),
    ];
    for word in ["explain", "print"] {
        let outcome = polity(&["config", word], &secrets);
        assert!(outcome.success, "{}", outcome.said);
        assert_says(&outcome, &["db.example.org", "signing_key", "token"]);
        assert!(!outcome.said.contains("hunter2") && !outcome.said.contains("aHVudGVy"), "{}", outcome.said);
    }
    let explained = polity(&["config", "explain"], &secrets).said;
    let line = explained.lines().find(|line| line.starts_with("store.url")).unwrap();
    assert!(line.ends_with("environment variable POLITY_STORE_URL"), "{line}");
}
