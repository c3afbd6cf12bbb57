//! A request's body on its way through. It outlives an attempt that could not connect, and it tells how far it got.
//! Nothing is kept of it.

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// The one body of a request, whichever attempt sends it.
pub(crate) struct Source {
    body: Mutex<Body>,
    frames: AtomicU64,
}

impl Source {
    pub(crate) fn new(body: Body) -> Arc<Self> {
        Arc::new(Self { body: Mutex::new(body), frames: AtomicU64::new(0) })
    }

    /// How many frames have left it.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }

    /// The body for one attempt.
    pub(crate) fn attempt(self: &Arc<Self>) -> Attempt {
        Attempt(Arc::clone(self))
    }

    // Whatever panicked while polling has been answered for; the next attempt sees the same stream.
    fn body(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body as one attempt sends it.
pub(crate) struct Attempt(Arc<Source>);

impl http_body::Body for Attempt {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut *self.0.body()).poll_frame(cx));
        if frame.is_some() {
            self.0.frames.fetch_add(1, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body().size_hint()
    }
}
