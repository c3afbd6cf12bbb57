//! The files browsers fetch: embedded in the binary, addressed by content, so that they may be cached for ever.
//!
//! What may not enter: anything made at run time, and anything fetched from another host.

use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

/// Under which path the assets are to be mounted.
pub const MOUNT: &str = "/assets/";

/// The `Cache-Control` an asset may be served with: its address changes when its content does (RFC 8246).
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One file, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The `Content-Type`, with its character set where there is one.
    pub content_type: String,
    /// The `ETag`, quotes included (RFC 9110, section 8.8.3).
    pub etag: String,
}

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// One digest for all files rather than one for each: modules import each other by relative address, and so a change
/// in one of them must change the address of all.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digests = Embedded::iter().filter_map(|name| Some((Embedded::get(&name)?, name)));
    let input = digests.flat_map(|(file, name)| [name.as_bytes(), &file.metadata.sha256_hash()].concat());
    format!("{:016x}", fnv1a(input))
});

/// The address of the asset called `name`, such as `/assets/0f3a…/app.css`. A name that does not exist gets an address
/// too: one that [`find`] does not know.
pub fn url(name: &str) -> String {
    format!("{MOUNT}{}/{name}", *VERSION)
}

/// The asset at `path`, which is what follows [`MOUNT`]. Nothing when the digest is not the current one.
pub fn find(path: &str) -> Option<Asset> {
    let (version, name) = path.split_once('/')?;
    if version != *VERSION {
        return None;
    }
    Embedded::get(name).map(asset)
}

/// The names of all assets, sorted.
pub fn names() -> impl Iterator<Item = Cow<'static, str>> {
    Embedded::iter()
}

fn asset(file: EmbeddedFile) -> Asset {
    let kind = file.metadata.mimetype();
    let is_text = kind.starts_with("text/") || kind == "image/svg+xml";
    let content_type = if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    let mut etag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a string cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    Asset { bytes: file.data, content_type, etag }
}

/// Fowler-Noll-Vo 1a, 64 bits (RFC 9923): short, stable between builds, and nobody gains anything by a collision.
pub(crate) fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_mount(name: &str) -> String {
        url(name).strip_prefix(MOUNT).unwrap().to_owned()
    }

    #[test]
    fn every_file_in_the_folder_is_found_under_its_own_address() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let asset = find(&after_mount(&name)).unwrap_or_else(|| panic!("{name} is not embedded"));
            assert_eq!(asset.bytes, std::fs::read(entry.path()).unwrap(), "{name} is embedded in an older state");
            assert!(asset.content_type.ends_with("; charset=utf-8"), "{name}: {}", asset.content_type);
        }
    }

    #[test]
    fn content_types_are_what_browsers_insist_on() {
        for (name, kind) in [("app.css", "text/css"), ("app.js", "text/javascript"), ("favicon.svg", "image/svg+xml")] {
            assert_eq!(find(&after_mount(name)).unwrap().content_type, format!("{kind}; charset=utf-8"));
        }
    }

    #[test]
    fn old_digests_unknown_names_and_escapes_are_not_found() {
        for path in
            ["0000000000000000/app.css", "app.css", "", "/", &after_mount("none.js"), &after_mount("../Cargo.toml")]
        {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn different_files_have_different_etags() {
        let etag = |name| find(&after_mount(name)).unwrap().etag;
        assert_ne!(etag("app.css"), etag("app.js"));
        assert_eq!(etag("app.css").len(), 34);
    }

    #[test]
    fn hash_is_the_published_one() {
        assert_eq!(fnv1a(*b"foobar"), 0x8594_4171_f739_67e8);
    }
}
