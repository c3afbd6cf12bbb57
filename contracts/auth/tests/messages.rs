//! Generated messages: how they evolve, what they tell as events, and what they never print.

use auth_contract::{LogInRequest, ProfileChanged, Tokens, UserRegistered};
use kernel::{EventPayload, NewEvent};
use serde_json::json;

#[test]
fn json_ignores_unknown_fields_and_defaults_missing_ones() {
    let from_a_newer_publisher = json!({ "user_id": "u1", "handle": "ada", "pronouns": "she/her" });
    let event: UserRegistered = serde_json::from_value(from_a_newer_publisher).unwrap();
    assert_eq!(event, UserRegistered { user_id: "u1".into(), handle: "ada".into(), ..UserRegistered::default() });
}

#[test]
fn an_event_carries_its_kind_its_key_and_json_in_proto_field_names() {
    let payload = ProfileChanged { user_id: "u1".into(), handle: "ada".into(), display_name: "Ada".into() };
    let expected = NewEvent {
        kind: "auth.profile_changed.v1",
        key: "u1".into(),
        data: json!({ "user_id": "u1", "handle": "ada", "display_name": "Ada" }),
    };
    assert_eq!(NewEvent::of(&payload), expected);
    assert_eq!(UserRegistered::KIND, "auth.user_registered.v1");
}

#[test]
fn a_secret_is_never_printed() {
    let request = LogInRequest { email: "ada@example.org".into(), password: "hunter2".into() };
    assert_eq!(format!("{request:?}"), "LogInRequest { email: \"ada@example.org\", password: … }");
    let tokens = Tokens { access_token: "hunter2".into(), refresh_token: "hunter2".into(), ..Tokens::default() };
    assert!(!format!("{tokens:?}").contains("hunter2"));
}
