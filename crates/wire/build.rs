//! Makes the feed's portal from its `.proto` file. Nothing else is built here.

fn main() -> Result<(), portal_codegen::GenerateError> {
    portal_codegen::compile("feed", &["portal.proto"])
}
