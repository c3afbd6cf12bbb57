//! What auth does besides answering: its tasks and schedules in one list.

use super::address::addressed;
use super::letters;
use crate::Auth;
use crate::store::Forgotten;
use crate::usecases::{Notice, PrepareInvitation, PrepareProof, PrepareReset, SettleAccount, SweepSessions};
use kernel::{Fault, Mail, Priority, reasons};
use runtime::{StartError, Worker};
use std::sync::Arc;
use std::time::Duration;
use taskmill::{Mill, Ran, Schedule, Task, TaskContext, Tasks, Terms};

/// How often a mail must be refused before it is given up.
const REFUSALS: i32 = 4;

/// Every task, with its schedule.
pub(crate) fn tasks(auth: &Arc<Auth>) -> Result<Tasks<Auth>, StartError> {
    let hourly = Schedule::new("auth.sweep_sessions", "17 * * * *", "UTC", |_| SweepSessions {});
    let tasks = Tasks::of(Arc::clone(auth)).task::<SweepSessions>();
    let tasks = tasks.task::<PrepareReset>().task::<PrepareProof>().task::<PrepareInvitation>().task::<Notice>();
    let often = Schedule::new("auth.settle_accounts", "*/5 * * * *", "UTC", |_| SettleAccount {});
    let tasks = tasks.task::<SettleAccount>().schedule(often.map_err(StartError::of)?.one_at_a_time());
    Ok(tasks.schedule(hourly.map_err(StartError::of)?.one_at_a_time()))
}

/// The workers of the mill.
pub(crate) fn workers(mill: &Mill<Auth>) -> Vec<Worker> {
    Worker::of_mill("auth", mill.worker(), mill.housekeeping(), mill.scheduler(), mill.wake())
}

/// Batch by batch, until nothing is left that has expired. What is left is read anew each time, so an attempt goes on
/// where the one before came to, whatever became of it; the checkpoint only keeps the sum.
#[async_trait::async_trait]
impl Task for SweepSessions {
    type Module = Auth;
    const KIND: &'static str = "auth.sweep_sessions";

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        let mut sum = context.left::<Forgotten>()?.unwrap_or_default();
        loop {
            let batch = auth.execute(&context.caller(), Self {}).await?;
            if batch == Forgotten::default() {
                return Ran::with(&sum);
            }
            sum += batch;
            let Forgotten { sessions, refresh_tokens, mail_links, invitations, .. } = sum;
            let links = mail_links + invitations;
            let note = format!("{sessions} sessions, {refresh_tokens} refresh tokens and {links} links forgotten");
            context.checkpoint(None, &note, &sum).await?;
            if context.stop().is_cancelled() {
                return Err(reasons::DRAINING.fault());
            }
        }
    }
}

/// One account after the other, in its own community, until time has brought about nothing more.
#[async_trait::async_trait]
impl Task for SettleAccount {
    type Module = Auth;
    const KIND: &'static str = "auth.settle_accounts";

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        for tenant in auth.store.tenants_with_due_accounts(auth.clock.now()).await? {
            let mut caller = context.caller();
            caller.actor.tenant = tenant;
            while auth.execute(&caller, Self {}).await? {
                if context.stop().is_cancelled() {
                    return Err(reasons::DRAINING.fault());
                }
            }
        }
        Ok(Ran::DONE)
    }
}

/// Mail waits for people, and people wait for mail: it has a queue of its own.
fn mail_terms() -> Terms {
    Terms {
        queue: "mail",
        priority: Priority::High,
        max_attempts: 8,
        time_limit: Duration::from_mins(1),
        ..Terms::default()
    }
}

/// Sends a letter. A server may say "never" and mean us, until somebody mends that: only when it has said so several times
/// the letter is a dead one.
async fn send(auth: &Auth, context: &TaskContext, mail: &Mail) -> Result<Ran, Fault> {
    let Some(mailer) = &auth.mailer else { return Ok(Ran::GiveUp(auth_contract::reasons::NO_MAIL.fault())) };
    let mail = addressed(auth, context.caller().actor.tenant, mail).await?;
    match mailer.send(&mail).await {
        Err(fault) if fault.is(&reasons::MAIL_REFUSED) && context.task().attempt >= REFUSALS => Ok(Ran::GiveUp(fault)),
        sent => sent.map(|()| Ran::DONE),
    }
}

/// An attempt that is made again makes another link: what is kept of the first one is its hash.
#[async_trait::async_trait]
impl Task for PrepareReset {
    type Module = Auth;
    const KIND: &'static str = "auth.mail_reset";

    fn terms() -> Terms {
        mail_terms()
    }

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        let link = auth.execute(&context.caller(), self.clone()).await?;
        let Some(link) = link else { return Ok(Ran::DONE) };
        send(auth, context, &letters::reset(auth, context.task().id, &link)).await
    }
}

#[async_trait::async_trait]
impl Task for PrepareProof {
    type Module = Auth;
    const KIND: &'static str = "auth.mail_proof";

    fn terms() -> Terms {
        mail_terms()
    }

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        let link = auth.execute(&context.caller(), self.clone()).await?;
        let Some(link) = link else { return Ok(Ran::DONE) };
        send(auth, context, &letters::proof(auth, context.task().id, &link)).await
    }
}

#[async_trait::async_trait]
impl Task for PrepareInvitation {
    type Module = Auth;
    const KIND: &'static str = "auth.mail_invitation";

    fn terms() -> Terms {
        mail_terms()
    }

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        let mailed = auth.execute(&context.caller(), self.clone()).await?;
        let Some(mailed) = mailed else { return Ok(Ran::DONE) };
        send(auth, context, &letters::invitation(auth, context.task().id, &mailed)).await
    }
}

#[async_trait::async_trait]
impl Task for Notice {
    type Module = Auth;
    const KIND: &'static str = "auth.mail_notice";

    fn terms() -> Terms {
        mail_terms()
    }

    async fn run(&self, auth: &Auth, context: &TaskContext) -> Result<Ran, Fault> {
        send(auth, context, &letters::notice(auth, context.task().id, self)).await
    }
}
