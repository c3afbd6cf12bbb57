//! Showing a second factor: a code of an authenticator app, or a recovery code. Whoever guesses waits.
//!
//! What may not enter: a log-in. Who shows a code has shown a password before.

use super::notice::{Notice, What};
use crate::Auth;
use crate::credentials::{RECOVERY_CODES, TotpSecret, new_recovery_code, recovery_code_hash, token_hash};
use crate::domain::{Count, TypedSecret};
use crate::store::{CodeOf, CountWrongGuess, Proof, ShownCode, TotpFactor, User};
use auth_contract::{LogInFailed, reasons};
use kernel::{Fault, NewEvent, NewTask, Permit};
use uuid::Uuid;

/// A right code, with what it is good for.
pub(super) struct Shown {
    pub(super) permit: Permit,
    pub(super) code: ShownCode,
    /// The wrong codes that do not count any more.
    pub(super) forgets: Vec<String>,
    /// What its owner is told of by mail.
    pub(super) notices: Vec<NewTask>,
}

/// The app that is asked for when this account logs in, if one is.
pub(super) async fn factor(module: &Auth, user: &User) -> Result<Option<TotpFactor>, Fault> {
    let factor = module.store.totp(user.user_id()).await?;
    Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
}

/// The code, if it is one of the account's. A wrong one is counted, and told of; that uses the permit up.
///
/// # Errors
/// `auth.code_rejected`; `auth.too_many_guesses` before the code is looked at; `auth.no_second_factor`.
pub(super) async fn shown(module: &Auth, permit: Permit, user: &User, code: &TypedSecret) -> Result<Shown, Fault> {
    let wrong_before = waited(module, user).await?;
    let shown = |of: CodeOf| ShownCode { of, target: target(user), wrong_before };
    let factor = factor(module, user).await?.ok_or_else(|| reasons::NO_SECOND_FACTOR.fault())?;
    let forgets = vec![target(user)];
    if let Some(step) = step(module, &factor, code).await? {
        return Ok(Shown { permit, code: shown(CodeOf::Totp(factor.id, step)), forgets, notices: Vec::new() });
    }
    let hash = recovery_code_hash(user.user_id(), code.expose());
    if let Some(id) = module.store.recovery_code(user.user_id(), &hash).await? {
        let left = module.store.recovery_codes_left(user.user_id()).await?.saturating_sub(1);
        let notices = module.notices(Notice::to(user, What::RecoveryCodeUsed { left }, permit.caller()));
        return Ok(Shown { permit, code: shown(CodeOf::Recovery(id)), forgets, notices });
    }
    Err(refused(module, permit, user).await?)
}

/// The time step of the app's code, later than any accepted before.
pub(super) async fn step(module: &Auth, factor: &TotpFactor, code: &TypedSecret) -> Result<Option<i64>, Fault> {
    let secret = module.store.inner().sealer().open(&factor.place(), &factor.sealed).await?;
    TotpSecret::of(secret).step(code.expose(), module.clock.now(), factor.last_step)
}

/// Counts a wrong code; answers with the refusal.
pub(super) async fn refused(module: &Auth, permit: Permit, user: &User) -> Result<Fault, Fault> {
    let at = module.clock.now();
    tracing::info!(user_id = %user.id, "a second factor was refused");
    let told = LogInFailed { user_id: user.id.to_string(), at_ms: at.timestamp_millis() };
    let change = CountWrongGuess { targets: vec![target(user)], at };
    module.store.inner().commit(permit, change, vec![NewEvent::of(&told)], ()).await?;
    Ok(reasons::CODE_REJECTED.fault())
}

/// Refuses whoever has to wait; how many wrong codes there were. As long as for guesses from one address at one account: whoever guesses here knows the
/// password, so nobody else is kept out by it.
pub(super) async fn waited(module: &Auth, user: &User) -> Result<i64, Fault> {
    let target = target(user);
    let guesses = module.store.wrong_guesses(std::slice::from_ref(&target)).await?;
    let Some(guesses) = guesses.get(&target) else { return Ok(0) };
    let wait = guesses.wait_s(Count::Pair, module.clock.now());
    wait.map_or(Ok(guesses.guesses), |wait_s| Err(reasons::TOO_MANY_GUESSES.fault().retry_after_s(wait_s)))
}

/// Wrong codes are counted for each account, apart from wrong passwords.
pub(super) fn target(user: &User) -> String {
    token_hash(&format!("code {} {}", user.tenant_id, user.id))
}

/// What a log-in rests on that has shown a password and a code.
pub(super) fn proof(version: i64, forgets: Vec<String>) -> Proof {
    Proof { version, forgets }
}

/// New recovery codes, and what is kept of them.
pub(super) fn new_codes(module: &Auth, user: &User) -> (Vec<String>, Vec<(Uuid, String)>) {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_recovery_code(module.ids.as_ref())).collect();
    let kept = codes.iter().map(|code| (module.ids.next(), recovery_code_hash(user.user_id(), code))).collect();
    (codes, kept)
}
