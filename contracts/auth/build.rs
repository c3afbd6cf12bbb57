//! Makes this contract from its `.proto` files. Nothing else is built here.

fn main() -> Result<(), portal_codegen::GenerateError> {
    portal_codegen::compile("auth", &["user.proto", "portal.proto", "api.proto", "events.proto"])
}
