//! Who calls, taken from the request; and the early refusal of whoever could never be allowed.

use super::Refusal;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use kernel::{Caller, Fault, Gate, Operation, UseCase};
use std::marker::PhantomData;

/// A caller who might be allowed `U`. Taken before the body, so that whoever is not allowed learns that first.
pub struct Admitted<U> {
    /// Who calls.
    pub caller: Caller,
    usecase: PhantomData<fn() -> U>,
}

impl<S: Sync, U: UseCase> FromRequestParts<S> for Admitted<U> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = admit(parts, U::OPERATION)?;
        Ok(Self { caller, usecase: PhantomData })
    }
}

/// Whoever calls, for routes with no use case behind them.
pub struct Guarded(pub Caller);

impl<S: Sync> FromRequestParts<S> for Guarded {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(caller(parts)?.clone()))
    }
}

fn admit(parts: &Parts, operation: &'static Operation) -> Result<Caller, Fault> {
    let caller = caller(parts)?;
    if let Some(gate) = parts.extensions.get::<Gate>() {
        gate.admit(caller, operation)?;
    }
    Ok(caller.clone())
}

fn caller(parts: &Parts) -> Result<&Caller, Fault> {
    parts.extensions.get::<Caller>().ok_or_else(|| Fault::internal("the route is served without the caller's layer"))
}
