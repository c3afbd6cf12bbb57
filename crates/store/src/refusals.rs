//! Refused attempts on their way into the module's log, where its commits tell of themselves.
//!
//! There is no permit, because nothing was permitted, and nothing of the module's changes.

use crate::commit::detail;
use crate::sql::Script;
use crate::{ChangeError, Store, outbox};
use kernel::{AuditEntry, AuditResult, Event, Fault, KeepRefusals, Refusal, Refused, reasons};

#[async_trait::async_trait]
impl KeepRefusals for Store {
    async fn keep_refusals(&self, refused: &[Refused]) -> Result<(), Fault> {
        let events = refused.iter().map(|refused| self.told(refused)).collect::<Result<Vec<_>, _>>()?;
        let written = tokio::time::timeout(self.shared.patience, self.append(&events)).await;
        match written {
            Ok(written) => written.map_err(|error| error.into_fault(self.shared.constraints))?,
            Err(_) => return Err(reasons::STORE_DOWN.fault()),
        }
        self.signal();
        Ok(())
    }
}

impl Store {
    async fn append(&self, events: &[Event]) -> Result<(), ChangeError> {
        let tx = self.begin().await?;
        let mut script = Script::default();
        outbox::append(&mut script, self.backend(), events)?;
        // Dropped on the way out when it fails, and so undone.
        script.run(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// The entry of these attempts, as an event of this module.
    fn told(&self, Refused { refusal, at, times }: &Refused) -> Result<Event, Fault> {
        let Refusal { operation, caller, resource, reason, policies } = refusal;
        let result = AuditResult::Refused { reason: reason.clone(), times: *times };
        let entry = AuditEntry {
            id: self.shared.ids.next(),
            module: self.module().to_owned(),
            operation: operation.id.to_owned(),
            actor: caller.actor.principal.to_string(),
            actor_name: caller.actor.display_name.clone(),
            tenant: caller.actor.tenant,
            resource: resource.clone(),
            decision_id: self.shared.ids.next(),
            policies: policies.clone(),
            changes: Vec::new(),
            events: Vec::new(),
            request_id: caller.request_id.clone(),
            address: caller.origin.address.clone(),
            at: *at,
            detail: Some(detail(caller, Vec::new(), result)),
        };
        Ok(Event {
            id: self.shared.ids.next(),
            source: self.module().to_owned(),
            kind: AuditEntry::refusal_kind_of(self.module()),
            key: format!("refused/{}", operation.id),
            tenant: entry.tenant,
            time: *at,
            actor: entry.actor.clone(),
            operation: entry.operation.clone(),
            request_id: entry.request_id.clone(),
            trace: caller.trace.clone(),
            data: serde_json::to_value(&entry).map_err(Fault::internal)?,
        })
    }
}
