//! Makes the portals of the feed and of the task desks from their `.proto` files. Nothing else is built here.

fn main() -> Result<(), portal_codegen::GenerateError> {
    portal_codegen::compile("feed", &["portal.proto"])?;
    portal_codegen::compile("desk", &["portal.proto"])
}
