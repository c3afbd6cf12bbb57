//! Makes this contract from its `.proto` files. Nothing else is built here.

fn main() -> Result<(), portal_codegen::GenerateError> {
    portal_codegen::compile("forum", &["api.proto", "events.proto"])
}
