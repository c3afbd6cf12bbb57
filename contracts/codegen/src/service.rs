//! Writes a service as a portal: the trait, its remote half, its serving half, and the contract that joins them.
//!
//! Every path in the text is absolute, so that no message's name can stand in its way.

use prost_build::{Comments, Method, Service, ServiceGenerator};
use prost_types::method_options::IdempotencyLevel;

/// The file, beside the generated source, that holds the encoded `FileDescriptorSet`.
pub(crate) fn descriptor_file(package: &str) -> String {
    format!("{package}.bin")
}

/// Writes the portals of one module.
pub(crate) struct PortalWriter {
    /// The module that provides them.
    pub(crate) module: String,
}

impl ServiceGenerator for PortalWriter {
    fn generate(&mut self, service: Service, text: &mut String) {
        text.push_str(&portal_trait(&service));
        text.push_str(&remote(&service));
        text.push_str(&server(&service));
        text.push_str(&contract(&self.module, &service));
    }

    fn finalize_package(&mut self, package: &str, text: &mut String) {
        let file = descriptor_file(package);
        text.push_str(&format!(
            "
const DESCRIPTOR: &[u8] = ::core::include_bytes!(::core::concat!(::core::env!(\"OUT_DIR\"), \"/{file}\"));
"
        ));
    }
}

fn portal_trait(service: &Service) -> String {
    let name = &service.name;
    let docs = docs(&service.comments, 0);
    let methods: String = service
        .methods
        .iter()
        .map(|method| format!("{}    {};\n", self::docs(&method.comments, 1), signature(method)))
        .collect();
    format!(
        "
{docs}#[::async_trait::async_trait]
pub trait {name}: ::core::marker::Send + ::core::marker::Sync {{
{methods}}}
"
    )
}

fn remote(service: &Service) -> String {
    let name = &service.name;
    let methods: String =
        service.methods.iter().enumerate().map(|(at, method)| remote_method(name, at, method)).collect();
    format!(
        "
struct Remote{name} {{
    transport: ::std::sync::Arc<dyn ::kernel::Transport>,
}}

#[::async_trait::async_trait]
impl {name} for Remote{name} {{
{methods}}}
"
    )
}

fn remote_method(service: &str, at: usize, method: &Method) -> String {
    let signature = signature(method);
    format!(
        "    {signature} {{
        let request = ::prost::Message::encode_to_vec(&request);
        let reply = self.transport.call(&{service}Server::METHODS[{at}], caller, request).await?;
        ::prost::Message::decode(reply.as_slice()).map_err(::kernel::Fault::internal)
    }}
"
    )
}

fn server(service: &Service) -> String {
    let Service { name, proto_name, package, methods, .. } = service;
    let table: String = methods.iter().map(|method| table_row(&format!("{package}.{proto_name}"), method)).collect();
    let arms: String = methods.iter().map(server_arm).collect();
    format!(
        "
struct {name}Server {{
    portal: ::std::sync::Arc<dyn {name}>,
}}

impl {name}Server {{
    const METHODS: &'static [::kernel::Method] = &[
{table}    ];
}}

#[::async_trait::async_trait]
impl ::kernel::Serve for {name}Server {{
    async fn serve(
        &self,
        method: &str,
        caller: ::kernel::Caller,
        request: &[u8],
    ) -> ::core::result::Result<::std::vec::Vec<u8>, ::kernel::Fault> {{
        let malformed = |error: ::prost::DecodeError| ::kernel::reasons::MALFORMED.fault().because(error);
        match method {{
{arms}            _ => ::core::result::Result::Err(
                ::kernel::reasons::METHOD.fault().detail(::std::format!(\"{proto_name} has no method `{{method}}`.\")),
            ),
        }}
    }}
}}
"
    )
}

fn table_row(service: &str, method: &Method) -> String {
    let name = &method.proto_name;
    let idempotent = match method.options.idempotency_level() {
        IdempotencyLevel::NoSideEffects | IdempotencyLevel::Idempotent => true,
        IdempotencyLevel::IdempotencyUnknown => false,
    };
    format!("        ::kernel::Method {{ service: \"{service}\", name: \"{name}\", idempotent: {idempotent} }},\n")
}

fn server_arm(method: &Method) -> String {
    let Method { name, proto_name, input_type, .. } = method;
    format!(
        "            \"{proto_name}\" => {{
                let request = <{input_type} as ::prost::Message>::decode(request).map_err(malformed)?;
                let reply = self.portal.{name}(&caller, request).await?;
                ::core::result::Result::Ok(::prost::Message::encode_to_vec(&reply))
            }}
"
    )
}

fn contract(module: &str, service: &Service) -> String {
    let Service { name, proto_name, package, .. } = service;
    let public = proto_name.ends_with("Api");
    format!(
        "
impl ::kernel::Contract for dyn {name} {{
    const MODULE: &'static str = \"{module}\";

    fn remote(transport: ::std::sync::Arc<dyn ::kernel::Transport>) -> ::std::sync::Arc<Self> {{
        ::std::sync::Arc::new(Remote{name} {{ transport }})
    }}

    fn service(portal: ::std::sync::Arc<Self>) -> ::kernel::PortalService {{
        ::kernel::PortalService {{
            name: \"{package}.{proto_name}\",
            methods: {name}Server::METHODS,
            descriptor: DESCRIPTOR,
            public: {public},
            server: ::std::sync::Arc::new({name}Server {{ portal }}),
        }}
    }}
}}
"
    )
}

fn signature(method: &Method) -> String {
    let Method { name, input_type, output_type, .. } = method;
    format!(
        "async fn {name}(&self, caller: &::kernel::Caller, request: {input_type}) \
         -> ::core::result::Result<{output_type}, ::kernel::Fault>"
    )
}

fn docs(comments: &Comments, indent: u8) -> String {
    let mut text = String::new();
    comments.append_with_indent(indent, &mut text);
    text
}
