//! Writes what a message needs beyond its struct: the event's name and key, and a `Debug` that keeps secrets.

use crate::source::{Event, Secretive};
use heck::{ToSnakeCase, ToUpperCamelCase};
use std::fmt::Write as _;

/// The `kernel::EventPayload` of an event.
pub(crate) fn event_payload(module: &str, event: &Event) -> String {
    let name = event.message.to_upper_camel_case();
    let kind = format!("{module}.{}.v1", event.message.to_snake_case());
    let key = field(&event.key);
    format!(
        "
impl ::kernel::EventPayload for {name} {{
    const KIND: &'static str = \"{kind}\";

    fn key(&self) -> ::std::string::String {{
        ::core::clone::Clone::clone(&self.{key})
    }}
}}
"
    )
}

/// A `Debug` that shows `…` in the place of each secret.
pub(crate) fn guarded_debug(message: &Secretive) -> String {
    let (outer, name) = rust_path(&message.path);
    let mut fields = String::new();
    for (proto_name, secret) in &message.fields {
        let value = match secret {
            true => "&::core::format_args!(\"…\")".to_owned(),
            false => format!("&self.{}", field(proto_name)),
        };
        // Writing to a string cannot fail.
        let _ = write!(fields, "\n            .field(\"{proto_name}\", {value})");
    }
    format!(
        "
impl ::core::fmt::Debug for {outer}{name} {{
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{
        f.debug_struct(\"{name}\"){fields}
            .finish()
    }}
}}
"
    )
}

/// The modules around a message, as prost nests them, and its Rust name.
fn rust_path(path: &[String]) -> (String, String) {
    match path.split_last() {
        Some((name, outer)) => {
            (outer.iter().map(|part| format!("{}::", part.to_snake_case())).collect(), name.to_upper_camel_case())
        }
        None => (String::new(), String::new()),
    }
}

/// A field's Rust name. Raw, because a field may be called `type`.
fn field(proto_name: &str) -> String {
    format!("r#{}", proto_name.to_snake_case())
}
