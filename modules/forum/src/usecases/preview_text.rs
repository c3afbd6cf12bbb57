//! Shows what a text will look like, before it is posted.

use super::board;
use crate::domain::Body;
use crate::{Forum, markdown, operations};
use kernel::{Caller, Fault, Operation, Permit, Resource, UseCase};
use serde::Serialize;

/// The text being written.
#[derive(Debug, Serialize)]
pub(crate) struct PreviewText {
    pub(crate) body: String,
}

impl UseCase for PreviewText {
    type Module = Forum;
    type Subject = ();
    type Output = String;
    const OPERATION: &'static Operation = &operations::PREVIEW_TEXT;

    async fn load(&self, _: &Forum, _: &Caller) -> Result<(), Fault> {
        Ok(())
    }

    fn resource(&self, (): &(), caller: &Caller) -> Resource {
        board(caller.actor.tenant)
    }

    async fn run(&self, _: &Forum, (): (), _: Permit) -> Result<String, Fault> {
        if self.body.trim().is_empty() {
            return Ok(String::new());
        }
        Ok(markdown::render(Body::parse(&self.body)?.as_str()))
    }
}
