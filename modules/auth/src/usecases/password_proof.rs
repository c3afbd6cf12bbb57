//! Proving who somebody is with an e-mail address and a password: the beginning of every log-in.
//!
//! What may not enter: anything that tells a wrong address from a wrong password, in words or in time.

use super::prepare_proof::PrepareProof;
use crate::Auth;
use crate::credentials::token_hash;
use crate::domain::{Count, Email, TypedSecret, network};
use crate::store::{CountWrongGuess, Proof, User};
use ::store::Nothing;
use auth_contract::{LogInFailed, reasons};
use kernel::{Caller, Fault, NewEvent, Permit, TenantId};
use settings::EmailVerification;

/// Whoever has shown the right password.
pub(super) struct Proven {
    pub(super) user: User,
    pub(super) permit: Permit,
    pub(super) proof: Proof,
}

/// The account of that address, if there is one.
pub(super) async fn claimed(module: &Auth, caller: &Caller, email: &str) -> Result<Option<User>, Fault> {
    match Email::parse(email) {
        Ok(email) => module.store.user_by_email(caller.actor.tenant, &email).await,
        Err(_) => Ok(None),
    }
}

/// The account, if the password is its password. A wrong one is counted, and told of; that uses the permit up.
///
/// # Errors
/// `auth.credentials_rejected`; `auth.too_many_guesses` before the password is looked at; `auth.busy`.
pub(super) async fn proven(
    module: &Auth,
    permit: Permit,
    claimed: Option<User>,
    email: &str,
    password: &TypedSecret,
) -> Result<Proven, Fault> {
    let targets = targets(permit.tenant(), email, permit.caller().origin.address.as_deref());
    let counted = waited(module, &permit, &targets, claimed.as_ref()).await?;
    let hash = claimed.as_ref().map(|user| user.password_hash.as_str());
    let fits = module.passwords.verify(password, hash).await?;
    // Of many guesses made at once, those that were looked at first count for the others, whether they fit or not.
    waited(module, &permit, &targets, claimed.as_ref()).await?;
    match claimed {
        Some(user) if fits => {
            let proof = Proof { version: user.version, forgets: of_the_account(counted) };
            Ok(Proven { user, permit, proof })
        }
        claimed => {
            let user_id = claimed.map(|user| user.id.to_string());
            tracing::info!(user_id, "a log-in was refused");
            let at = module.clock.now();
            let told = LogInFailed { user_id: user_id.unwrap_or_default(), at_ms: at.timestamp_millis() };
            // The caller is refused, and the guess counts all the same: this commit must stand.
            let change = CountWrongGuess { targets: targets.into_iter().map(|(_, target)| target).collect(), at };
            module.store.inner().commit(permit, change, vec![NewEvent::of(&told)], ()).await?;
            Err(reasons::CREDENTIALS_REJECTED.fault())
        }
    }
}

/// Lets in whoever may be let in now that they are known. Somebody whose address must be proven first gets another mail.
///
/// # Errors
/// `auth.email_unproven`; `auth.suspended`; `auth.account_leaving`.
pub(super) async fn admitted(module: &Auth, proven: Proven) -> Result<Proven, Fault> {
    let id = proven.user.user_id();
    if let Some(state) = module.store.account_state(id).await? {
        state.let_in(id, module.clock.now())?;
    }
    let (required, user) = (module.settings.auth.email_verification == EmailVerification::Required, &proven.user);
    if !required || user.email_proven_at.is_some() {
        return Ok(proven);
    }
    let tasks = vec![PrepareProof::of(user, &user.email).once_in_a_while()];
    module.store.inner().commit(proven.permit, Nothing, (Vec::new(), tasks), ()).await?;
    Err(reasons::EMAIL_UNPROVEN.fault())
}

/// The wrong guesses that a right one makes good. Others' from the same address say nothing about this account.
fn of_the_account(targets: Vec<(Count, String)>) -> Vec<String> {
    targets.into_iter().filter(|(count, _)| *count != Count::Address).map(|(_, target)| target).collect()
}

/// The wrong guesses at this account by whoever calls, and by everybody together.
pub(super) fn guesses_at(user: &User, caller: &Caller) -> Vec<String> {
    of_the_account(targets(caller.actor.tenant, &user.email, caller.origin.address.as_deref()))
}

/// What wrong guesses are counted of, by hashes: who mistyped what from where is nobody's business.
fn targets(tenant: TenantId, email: &str, address: Option<&str>) -> Vec<(Count, String)> {
    let email = Email::parse(email).map_or_else(|_| email.trim().to_lowercase(), |email| email.to_string());
    let network = address.map(network);
    let target = |count: Count| {
        let aimed_at = match (count, &network) {
            (Count::Pair, _) => format!("{email} {}", network.as_deref().unwrap_or_default()),
            (Count::Address, Some(network)) => network.clone(),
            (Count::Address, None) => return None,
            (Count::Account, _) => email.clone(),
        };
        Some((count, token_hash(&format!("{} {tenant} {aimed_at}", count.name()))))
    };
    Count::ALL.into_iter().filter_map(target).collect()
}

/// Refuses whoever has to wait; which of the targets were guessed at before.
async fn waited(
    module: &Auth,
    permit: &Permit,
    targets: &[(Count, String)],
    claimed: Option<&User>,
) -> Result<Vec<(Count, String)>, Fault> {
    let hashes: Vec<String> = targets.iter().map(|(_, target)| target.clone()).collect();
    let guesses = module.store.wrong_guesses(&hashes).await?;
    let now = module.clock.now();
    let wait = |(count, target): &(Count, String)| {
        let wait_s = guesses.get(target)?.wait_s(*count, now)?;
        Some((*count, wait_s))
    };
    let mut waits: Vec<(Count, u64)> = targets.iter().filter_map(wait).collect();
    if waits.iter().any(|(count, _)| *count == Count::Account)
        && let (Some(user), Some(address)) = (claimed, permit.caller().origin.address.as_deref())
        && module.store.knows_address(user.user_id(), address).await?
    {
        waits.retain(|(count, _)| *count != Count::Account);
    }
    match waits.into_iter().map(|(_, wait_s)| wait_s).max() {
        Some(wait_s) => Err(reasons::TOO_MANY_GUESSES.fault().retry_after_s(wait_s)),
        None => Ok(targets.iter().filter(|(_, target)| guesses.contains_key(target)).cloned().collect()),
    }
}
