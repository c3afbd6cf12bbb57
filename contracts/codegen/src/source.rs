//! Reads the `.proto` files of a contract and refuses what a contract may not hold. No Rust text is written here.

use crate::GenerateError;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorProto, ServiceDescriptorProto};
use protox::Compiler;
use protox::prost_reflect::{FieldDescriptor, MessageDescriptor};
use std::path::Path;

/// The protobuf package of a module's contract.
pub(crate) fn package(module: &str) -> String {
    format!("polity.{module}.v1")
}

/// The checked content of a contract.
pub(crate) struct Source {
    /// Every file, with comments.
    pub(crate) files: Vec<FileDescriptorProto>,
    /// The same, encoded, with every option.
    pub(crate) descriptor: Vec<u8>,
    /// The messages of `events.proto`.
    pub(crate) events: Vec<Event>,
    /// The messages with a field that must not be printed.
    pub(crate) secretive: Vec<Secretive>,
}

/// An event and its ordering key.
pub(crate) struct Event {
    /// The message's name.
    pub(crate) message: String,
    /// The first field's name.
    pub(crate) key: String,
}

/// A message with at least one field marked `[debug_redact = true]`.
pub(crate) struct Secretive {
    /// Its full protobuf name.
    pub(crate) full_name: String,
    /// Its name and those of the messages around it, outermost first.
    pub(crate) path: Vec<String>,
    /// Its fields, each with whether it must not be printed.
    pub(crate) fields: Vec<(String, bool)>,
}

impl Source {
    /// Compiles `protos`, file names in `<root>/polity/<module>/v1/`, and checks every rule of a contract.
    pub(crate) fn read(module: &str, root: &Path, protos: &[&str]) -> Result<Self, GenerateError> {
        let compiler = compiled(module, root, protos).map_err(|source| GenerateError::Proto { source })?;
        let files = compiler.file_descriptor_set().file;
        let expected = package(module);
        let mut events = Vec::new();
        for file in &files {
            check_file(file, &expected)?;
            if Path::new(file.name()).ends_with("events.proto") {
                events.extend(file.message_type.iter().map(event).collect::<Result<Vec<_>, _>>()?);
            }
        }
        let pool = compiler.descriptor_pool();
        let secretive = pool.all_messages().filter_map(|message| secretive(&message)).collect();
        Ok(Self { files, descriptor: compiler.encode_file_descriptor_set(), events, secretive })
    }
}

fn compiled(module: &str, root: &Path, protos: &[&str]) -> Result<Compiler, protox::Error> {
    let folder = root.join("polity").join(module).join("v1");
    let mut compiler = Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(protos.iter().map(|proto| folder.join(proto)))?;
    Ok(compiler)
}

fn check_file(file: &FileDescriptorProto, expected: &str) -> Result<(), GenerateError> {
    if file.package() != expected {
        let (file, found) = (file.name().to_owned(), file.package().to_owned());
        return Err(GenerateError::ForeignPackage { file, found, expected: expected.to_owned() });
    }
    file.service.iter().try_for_each(check_service)?;
    file.message_type.iter().try_for_each(check_message)
}

fn check_service(service: &ServiceDescriptorProto) -> Result<(), GenerateError> {
    let name = service.name().to_owned();
    if !name.ends_with("Portal") && !name.ends_with("Api") {
        return Err(GenerateError::ServiceName { service: name });
    }
    match service.method.iter().find(|method| method.client_streaming() || method.server_streaming()) {
        Some(method) => Err(GenerateError::Streaming { service: name, method: method.name().to_owned() }),
        None => Ok(()),
    }
}

fn check_message(message: &DescriptorProto) -> Result<(), GenerateError> {
    // An `optional` field also stands in a oneof, one of its own that nobody wrote.
    if message.field.iter().any(|field| field.oneof_index.is_some() && !field.proto3_optional()) {
        return Err(GenerateError::Oneof { message: message.name().to_owned() });
    }
    message.nested_type.iter().try_for_each(check_message)
}

fn event(message: &DescriptorProto) -> Result<Event, GenerateError> {
    let refused = |found: String| GenerateError::EventKey { message: message.name().to_owned(), found };
    let first = message.field.first().ok_or_else(|| refused("it has no fields".to_owned()))?;
    if first.r#type() != Type::String || first.label() == Label::Repeated || first.proto3_optional() {
        return Err(refused(format!("its first field `{}` is not a plain string", first.name())));
    }
    Ok(Event { message: message.name().to_owned(), key: first.name().to_owned() })
}

fn secretive(message: &MessageDescriptor) -> Option<Secretive> {
    let fields: Vec<_> = message.fields().map(|field| (field.name().to_owned(), is_secret(&field))).collect();
    if !fields.iter().any(|(_, secret)| *secret) {
        return None;
    }
    let full_name = message.full_name().to_owned();
    let inside = full_name.strip_prefix(message.package_name()).unwrap_or(&full_name).trim_start_matches('.');
    let path = inside.split('.').map(str::to_owned).collect();
    Some(Secretive { full_name, path, fields })
}

fn is_secret(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options.get_field_by_name("debug_redact").and_then(|value| value.as_bool()).unwrap_or(false)
}
