//! Task desks between processes: a far module's desk behind `kernel::TaskDesk`, and the near ones offered to others.
//! What a question means, and who may ask it, is not known here.

use generated::{AskReply, AskRequest, DeskPortal, OrderReply, OrderRequest};
use kernel::{
    Caller, Contract, DeskAnswer, DeskOrder, DeskQuestion, Fault, NO_SUCH_DESK, PortalService, TaskDesk, Transport,
    reasons,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

// Generated text is not styled by hand.
mod generated {
    #![allow(
        clippy::all,
        unreachable_pub,
        unused_qualifications,
        reason = "generated paths are absolute so that no message shadows them"
    )]

    include!(concat!(env!("OUT_DIR"), "/polity.desk.v1.rs"));
}

/// The desk of a module in another process.
pub struct RemoteDesk {
    portal: Arc<dyn DeskPortal>,
    module: String,
}

impl RemoteDesk {
    /// The desk of `module`, reached through `transport`.
    pub fn new(transport: Arc<dyn Transport>, module: &str) -> Self {
        Self { portal: <dyn DeskPortal>::remote(transport), module: module.to_owned() }
    }
}

#[async_trait::async_trait]
impl TaskDesk for RemoteDesk {
    async fn ask(&self, caller: &Caller, question: DeskQuestion) -> Result<DeskAnswer, Fault> {
        let request = AskRequest { module: self.module.clone(), question_json: encoded(&question)? };
        let reply = self.portal.ask(caller, request).await?;
        serde_json::from_str(&reply.answer_json).map_err(Fault::internal)
    }

    async fn order(&self, caller: &Caller, order: DeskOrder) -> Result<u64, Fault> {
        let request = OrderRequest { module: self.module.clone(), order_json: encoded(&order)? };
        Ok(self.portal.order(caller, request).await?.touched)
    }
}

/// Offers `desks`, by module, to other processes of the installation.
pub fn desk_service(desks: BTreeMap<String, Arc<dyn TaskDesk>>) -> PortalService {
    <dyn DeskPortal>::service(Arc::new(Desks(desks)))
}

struct Desks(BTreeMap<String, Arc<dyn TaskDesk>>);

impl Desks {
    fn of(&self, module: &str) -> Result<&Arc<dyn TaskDesk>, Fault> {
        self.0.get(module).ok_or_else(|| NO_SUCH_DESK.fault())
    }
}

#[async_trait::async_trait]
impl DeskPortal for Desks {
    async fn ask(&self, caller: &Caller, request: AskRequest) -> Result<AskReply, Fault> {
        let question = decoded(&request.question_json)?;
        let answer = self.of(&request.module)?.ask(caller, question).await?;
        Ok(AskReply { answer_json: encoded(&answer)? })
    }

    async fn order(&self, caller: &Caller, request: OrderRequest) -> Result<OrderReply, Fault> {
        let order = decoded(&request.order_json)?;
        Ok(OrderReply { touched: self.of(&request.module)?.order(caller, order).await? })
    }
}

fn encoded(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(Fault::internal)
}

/// What somebody of another release may ask that nobody here knows yet.
fn decoded<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| reasons::MALFORMED.fault().because(error))
}
