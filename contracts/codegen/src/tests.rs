//! What the generator writes for small contracts, and what it refuses. Whether the text works is tested by the
//! contracts that are made of it.

use crate::render;
use std::fs;

/// The Rust text made of one file called `name`, or the refusal as a contract's author reads it.
fn rendered(name: &str, body: &str) -> Result<String, String> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("polity/shop/v1");
    fs::create_dir_all(&folder).unwrap();
    let package = if body.contains("package ") { "" } else { "package polity.shop.v1;" };
    fs::write(folder.join(name), format!("syntax = \"proto3\";\n{package}\n{body}")).unwrap();
    render("shop", root.path(), &[name]).map(|rendered| rendered.rust).map_err(|error| format!("{error:?}"))
}

fn check_writes(name: &str, body: &str, lines: &[&str]) {
    let text = rendered(name, body).unwrap();
    for line in lines {
        assert!(text.contains(line), "`{line}` is missing in:\n{text}");
    }
}

fn check_refuses(name: &str, body: &str, words: &[&str]) {
    let refusal = rendered(name, body).unwrap_err();
    for word in words {
        assert!(refusal.contains(word), "`{word}` is missing in: {refusal}");
    }
}

const SHOP: &str = "
    // Sells things.
    service ShopPortal {
      // Sells one thing.
      rpc SellThing(SellThingRequest) returns (Sale);
      // The sale of that id.
      rpc FindSale(FindSaleRequest) returns (Sale) { option idempotency_level = NO_SIDE_EFFECTS; }
      // Makes a sale undone.
      rpc Undo(FindSaleRequest) returns (Sale) { option idempotency_level = IDEMPOTENT; }
    }
    // What to sell.
    message SellThingRequest { string thing_id = 1; }
    // Which sale.
    message FindSaleRequest { string sale_id = 1; }
    // A sale.
    message Sale { string sale_id = 1; }";

#[test]
fn a_message_speaks_json_that_defaults_what_is_missing_and_keeps_its_comments() {
    check_writes(
        "shop.proto",
        SHOP,
        &[
            "/// A sale.\n",
            "#[derive(::serde::Serialize, ::serde::Deserialize)]\n#[serde(default)]\n",
            "pub struct Sale {",
        ],
    );
}

#[test]
fn a_service_becomes_a_documented_trait_with_both_halves() {
    check_writes(
        "shop.proto",
        SHOP,
        &[
            "/// Sells things.\n#[::async_trait::async_trait]\npub trait ShopPortal: ::core::marker::Send",
            "    /// Sells one thing.\n    async fn sell_thing(&self, caller: &::kernel::Caller, request: SellThingRequest) \
             -> ::core::result::Result<Sale, ::kernel::Fault>;",
            "impl ShopPortal for RemoteShopPortal {",
            "impl ::kernel::Serve for ShopPortalServer {",
            "impl ::kernel::Contract for dyn ShopPortal {\n    const MODULE: &'static str = \"shop\";",
            "name: \"polity.shop.v1.ShopPortal\",",
            "\"/polity.shop.v1.bin\"",
        ],
    );
}

#[test]
fn only_a_method_that_says_so_is_idempotent() {
    check_writes(
        "shop.proto",
        SHOP,
        &[
            "name: \"SellThing\", idempotent: false",
            "name: \"FindSale\", idempotent: true",
            "name: \"Undo\", idempotent: true",
        ],
    );
}

#[test]
fn an_api_is_public_and_a_portal_is_not() {
    check_writes("shop.proto", SHOP, &["public: false,"]);
    check_writes("shop.proto", &SHOP.replace("ShopPortal", "ShopApi"), &["public: true,"]);
}

#[test]
fn an_event_has_a_kind_and_its_first_field_as_key() {
    check_writes(
        "events.proto",
        "// A thing was sold.\nmessage ThingSold { string thing_id = 1; string sale_id = 2; }",
        &[
            "impl ::kernel::EventPayload for ThingSold {\n    const KIND: &'static str = \"shop.thing_sold.v1\";",
            "::core::clone::Clone::clone(&self.r#thing_id)",
        ],
    );
}

#[test]
fn a_message_outside_events_proto_is_no_event() {
    let text = rendered("shop.proto", SHOP).unwrap();
    assert!(!text.contains("EventPayload"), "{text}");
}

#[test]
fn a_field_that_must_not_be_printed_is_hidden_from_debug() {
    check_writes(
        "shop.proto",
        "message Vault { message Lock { string owner = 1; string code = 2 [debug_redact = true]; } Lock lock = 1; }",
        &[
            "#[prost(skip_debug)]\n",
            "impl ::core::fmt::Debug for vault::Lock {",
            ".field(\"owner\", &self.r#owner)",
            ".field(\"code\", &::core::format_args!(\"…\"))",
        ],
    );
}

#[test]
fn an_event_whose_first_field_is_not_a_string_is_refused_by_name() {
    for first in ["int64 sold_at_ms = 1;", "repeated string sale_ids = 1;", "optional string sale_id = 1;"] {
        let field = first.split(' ').rev().nth(2).unwrap();
        let body = format!("message ThingSold {{ {first} string thing_id = 2; }}");
        check_refuses("events.proto", &body, &["`ThingSold`", "ordering key", &format!("`{field}`")]);
    }
    check_refuses("events.proto", "message ShopClosed {}", &["`ShopClosed`", "no fields"]);
}

#[test]
fn a_contract_that_cannot_be_kept_is_refused_by_name() {
    check_refuses("shop.proto", &SHOP.replace("ShopPortal", "ShopService"), &["`ShopService`", "`Portal`", "`Api`"]);
    check_refuses("shop.proto", &SHOP.replace("returns (Sale)", "returns (stream Sale)"), &["`ShopPortal.SellThing`"]);
    check_refuses("shop.proto", "message Sale { oneof by { string a = 1; string b = 2; } }", &["`Sale`", "oneof"]);
    check_refuses("shop.proto", "package polity.bank.v1;", &["`polity.bank.v1`", "`polity.shop.v1`"]);
    check_refuses("shop.proto", "import \"google/protobuf/empty.proto\";", &["`google.protobuf`"]);
}

#[test]
fn a_file_that_does_not_compile_is_refused_with_its_place() {
    check_refuses("shop.proto", "message Sale { strin sale_id = 1; }", &["polity/shop/v1/shop.proto:3:"]);
}
