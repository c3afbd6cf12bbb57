//! Writes the page about an OpenAPI document to a file, to be looked at in a browser beside the gallery's pages:
//! `cargo run -p ui --example reference -- <openapi.json> <folder of the gallery>/reference.html`.
//!
//! What may not enter: a document. The application's is at `/api/openapi.json`.

use std::error::Error;
use ui::assets;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(document), Some(page)) = (arguments.next(), arguments.next()) else {
        return Err("Name a document and the page to be written.".into());
    };
    let document = serde_json::from_slice(&std::fs::read(document)?)?;
    let html = ui::api_reference(&document).replace(&assets::url(""), "assets/");
    std::fs::write(page, html)?;
    Ok(())
}
