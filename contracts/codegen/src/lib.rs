//! Turns the `.proto` files of a contract into Rust, inside the contract's build script.
//!
//! A contract crate keeps its files in `proto/polity/<module>/v1/`. From them come:
//!
//! - a struct for each message, in protobuf and in JSON (proto field names; an unknown field is ignored, a missing one
//!   takes its default, so that both encodings evolve by the same rule: only add fields);
//! - `kernel::EventPayload` for each message of `events.proto`, whose first field is its ordering key;
//! - a trait for each service, its client over a `kernel::Transport`, its `kernel::Serve`, and `kernel::Contract`.
//!   A service named `…Portal` is for processes of the same installation, one named `…Api` is open to clients;
//! - a `Debug` that hides each field marked `[debug_redact = true]`.
//!
//! What may not enter: anything that a running process needs. This crate is linked into build scripts only.
#![expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where to write by a variable")]

mod error;
mod message;
mod service;
mod source;
#[cfg(test)]
mod tests;

pub use error::GenerateError;

use prost_build::Module;
use service::PortalWriter;
use source::Source;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What one contract becomes.
struct Rendered {
    /// The Rust source.
    rust: String,
    /// The encoded `FileDescriptorSet`, comments included, which the Rust source includes from beside itself.
    descriptor: Vec<u8>,
}

/// Compiles the contract of `module`: `protos` are file names in `proto/polity/<module>/v1/`, under the folder of the
/// crate being built. Writes `polity.<module>.v1.rs`, to be included, and the descriptor it needs into `OUT_DIR`.
///
/// # Errors
/// Whatever keeps the files from becoming a contract; the message names the file, message or method at fault.
pub fn compile(module: &str, protos: &[&str]) -> Result<(), GenerateError> {
    tell_cargo("rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|source| GenerateError::NotABuildScript { source })?);
    let rendered = render(module, Path::new("proto"), protos)?;
    let package = source::package(module);
    write(&out.join(format!("{package}.rs")), rendered.rust.as_bytes())?;
    write(&out.join(service::descriptor_file(&package)), &rendered.descriptor)
}

/// The text of a contract, without touching anything but the `.proto` files below `root`.
fn render(module: &str, root: &Path, protos: &[&str]) -> Result<Rendered, GenerateError> {
    let source = Source::read(module, root, protos)?;
    let mut additions = String::new();
    for event in &source.events {
        additions.push_str(&message::event_payload(module, event));
    }
    for message in &source.secretive {
        additions.push_str(&message::guarded_debug(message));
    }
    let texts =
        config(module, &source).generate(requests(&source)).map_err(|source| GenerateError::Prost { source })?;
    let mut rust = texts.into_values().collect::<String>();
    rust.push_str(&additions);
    Ok(Rendered { rust, descriptor: source.descriptor })
}

fn config(module: &str, source: &Source) -> prost_build::Config {
    let mut config = prost_build::Config::new();
    config.message_attribute(".", "#[derive(::serde::Serialize, ::serde::Deserialize)]");
    config.message_attribute(".", "#[serde(default)]");
    config.skip_debug(source.secretive.iter().map(|message| format!(".{}", message.full_name)));
    config.service_generator(Box::new(PortalWriter { module: module.to_owned() }));
    config
}

fn requests(source: &Source) -> Vec<(Module, prost_types::FileDescriptorProto)> {
    let module = |file: &prost_types::FileDescriptorProto| Module::from_protobuf_package_name(file.package());
    source.files.iter().map(|file| (module(file), file.clone())).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), GenerateError> {
    fs::write(path, bytes).map_err(|source| GenerateError::Write { path: path.to_owned(), source })
}

#[expect(clippy::print_stdout, reason = "a build script speaks to Cargo over its standard output")]
fn tell_cargo(instruction: &str) {
    println!("cargo::{instruction}");
}
