//! A seat that is taken after everybody has been built, so that modules may know each other's portals both ways.

use std::sync::{Arc, OnceLock};

/// Something that will be there by the time the first call is made.
pub struct Late<T: ?Sized>(Arc<OnceLock<Arc<T>>>);

impl<T: ?Sized> Default for Late<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: ?Sized> Clone for Late<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Late<T> {
    /// A seat already taken.
    pub fn ready(value: Arc<T>) -> Self {
        let late = Self::default();
        late.fill(value);
        late
    }

    /// Takes the seat. The first one to come keeps it.
    pub fn fill(&self, value: Arc<T>) {
        let _already_taken = self.0.set(value);
    }

    /// Whether the seat is taken.
    pub fn is_filled(&self) -> bool {
        self.0.get().is_some()
    }

    /// Whoever sits there.
    ///
    /// # Panics
    /// When the composition root forgot to fill it: a mistake in the program that its start-up test would show.
    #[expect(clippy::expect_used, reason = "an unfilled seat is a wiring mistake, found by every start-up test")]
    pub fn get(&self) -> &Arc<T> {
        self.0.get().expect("the composition root fills every portal before serving")
    }
}
