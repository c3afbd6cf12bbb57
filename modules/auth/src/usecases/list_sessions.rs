//! The caller's own log-ins that still hold, the newest first.

use super::account::account;
use crate::store::{LogInKind, LogInRow};
use crate::{Auth, operations};
use kernel::{
    Attribute, Caller, Fault, Operation, Page, PageRequest, Permit, Resource, SessionId, Time, UseCase, UserId,
};
use serde::{Deserialize, Serialize};

const USUAL: u32 = 50;
const MOST: u32 = 100;

/// Which part of the list.
#[derive(Serialize)]
pub(crate) struct ListSessions {
    pub(crate) page: PageRequest,
}

/// A log-in as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionView {
    pub(crate) id: SessionId,
    pub(crate) is_browser: bool,
    pub(crate) created_at: Time,
    pub(crate) last_seen_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    /// Whether it is the one the caller came through.
    pub(crate) current: bool,
}

impl UseCase for ListSessions {
    type Module = Auth;
    type Subject = UserId;
    type Output = Page<SessionView>;
    const OPERATION: &'static Operation = &operations::LIST_SESSIONS;

    async fn load(&self, _: &Auth, caller: &Caller) -> Result<UserId, Fault> {
        caller.actor.user_id().ok_or_else(|| kernel::reasons::LOG_IN.fault())
    }

    fn resource(&self, user: &UserId, caller: &Caller) -> Resource {
        account(Some(*user), caller).with("owner", Attribute::User(*user))
    }

    async fn run(&self, module: &Auth, user: UserId, permit: Permit) -> Result<Page<SessionView>, Fault> {
        let size = self.page.size(USUAL, MOST)?;
        let before = self.page.cursor.as_ref().map(kernel::Cursor::key).transpose()?;
        let now = module.clock.now();
        let used_since = now - module.lifetimes.session_idle;
        let rows = module.store.log_ins(user, now, used_since, before, size + 1).await?;
        let current = permit.caller().actor.session;
        Ok(Page::cut(rows, size, |row| row.id).map(|row| shown(row, current)))
    }
}

fn shown(row: LogInRow, current: Option<SessionId>) -> SessionView {
    SessionView {
        id: row.id,
        is_browser: row.kind == LogInKind::Browser,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        user_agent: row.user_agent,
        address: row.address,
        current: current == Some(row.id),
    }
}
