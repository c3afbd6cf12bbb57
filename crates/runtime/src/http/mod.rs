//! HTTP: what every route gets without asking, and the few shapes handlers are written with.
//!
//! A handler takes [`Admitted`] (who calls, already allowed in principle), [`Json`], [`Query`] or [`Path`], and answers
//! with a value or a [`Refusal`]. How a refusal looks (problem+json, JSend, a page) is decided on the way out.

mod admitted;
mod community;
mod docs;
mod etag;
mod health;
mod input;
mod layers;
mod limit;
mod quota;
mod recognise;
mod refusal;
mod server;
mod stream;

pub use admitted::{Admitted, Guarded};
pub use docs::{api_document, docs_router};
pub use etag::{etag, expected_version};
pub use health::{Health, health_router};
pub use input::{Json, Path, Query, keyed};
pub use layers::{ErrorPage, Web, guarded, layered};
pub use limit::SharedLimiter;
pub use refusal::{Problem, Refusal, status_of};
pub use server::{ServerOptions, serve};
pub use stream::{Show, socket, sse};
