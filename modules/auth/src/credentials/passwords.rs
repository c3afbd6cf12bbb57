//! Passwords, hashed and checked with Argon2id (RFC 9106) under admission control: each hash takes much memory and
//! time on purpose, so only a few run at once, only some wait, and everybody else is asked to come back.
//!
//! What may not enter: who the password belongs to.

use crate::domain::TypedSecret;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use auth_contract::reasons;
use kernel::{Fault, Ids};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may wait for their turn.
const WAITERS: usize = 64;
/// How long whoever could not even wait is asked to stay away.
const RETRY_AFTER_S: u64 = 2;
/// RFC 9106 section 3.1 asks for 16 bytes.
const SALT_BYTES: usize = 16;

/// The hasher.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    ids: Arc<dyn Ids>,
    /// The hash of something nobody knows, checked in place of one that does not exist.
    decoy: String,
    turns: Arc<Semaphore>,
    admission: Arc<Semaphore>,
}

/// Somebody's turn. Kept by the work itself: an abandoned request does not make room before its hash is done.
struct Turn {
    _turn: OwnedSemaphorePermit,
    _admission: OwnedSemaphorePermit,
}

impl Passwords {
    /// A hasher as configured.
    ///
    /// # Errors
    /// `Internal` when Argon2 does not take the configured costs.
    pub(crate) async fn start(settings: &settings::Auth, ids: Arc<dyn Ids>) -> Result<Self, Fault> {
        let params = Params::new(settings.password_memory_kib, settings.password_iterations, 1, None);
        let params = params.map_err(|error| Fault::internal(format!("argon2: {error}")))?;
        let concurrency = settings.password_hash_concurrency.max(1);
        let mut passwords = Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            ids,
            decoy: String::new(),
            turns: Arc::new(Semaphore::new(concurrency)),
            admission: Arc::new(Semaphore::new(concurrency + WAITERS)),
        };
        let nobody_knows = passwords.ids.secret().map(|byte| format!("{byte:02x}")).concat();
        passwords.decoy = passwords.hash(&TypedSecret::new(nobody_knows)).await?;
        Ok(passwords)
    }

    /// The password's hash in PHC string format, which names its own costs and salt.
    ///
    /// # Errors
    /// `auth.busy` when too many wait already.
    pub(crate) async fn hash(&self, password: &TypedSecret) -> Result<String, Fault> {
        let turn = self.turn().await?;
        let (argon2, password, salt) = (self.argon2.clone(), password.clone(), self.ids.secret());
        let hash = runtime::blocking(move || {
            let _turn = turn;
            argon2
                .hash_password_with_salt(password.expose().as_bytes(), &salt[..SALT_BYTES])
                .map(|hash| hash.to_string())
        });
        hash.await?.map_err(|error| Fault::internal(format!("argon2: {error}")))
    }

    /// Whether the password is the one behind `hash`. Takes as long when there is no hash, so that the time does not
    /// tell whether the account exists.
    ///
    /// # Errors
    /// `auth.busy` when too many wait already.
    pub(crate) async fn verify(&self, password: &TypedSecret, hash: Option<&str>) -> Result<bool, Fault> {
        let turn = self.turn().await?;
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let (exists, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).to_owned());
        let fits = runtime::blocking(move || {
            let _turn = turn;
            argon2.verify_password(password.expose().as_bytes(), hash.as_str()).is_ok()
        });
        Ok(fits.await? && exists)
    }

    async fn turn(&self) -> Result<Turn, Fault> {
        let admission = Arc::clone(&self.admission).try_acquire_owned();
        let admission = admission.map_err(|_| reasons::BUSY.fault().retry_after_s(RETRY_AFTER_S))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Fault::internal)?;
        Ok(Turn { _turn: turn, _admission: admission })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use testkit::SequentialIds;

    async fn passwords(concurrency: usize) -> Passwords {
        let settings = settings::load(&settings::Inputs {
            variables: [("ENVIRONMENT".to_owned(), "test".to_owned())].into(),
            ..settings::Inputs::default()
        });
        let mut settings = settings.unwrap().settings.auth;
        settings.password_hash_concurrency = concurrency;
        Passwords::start(&settings, Arc::new(SequentialIds::default())).await.unwrap()
    }

    fn secret(text: &str) -> TypedSecret {
        TypedSecret::new(text)
    }

    #[tokio::test]
    async fn password_fits_its_own_hash_alone() {
        let passwords = passwords(1).await;
        let hash = passwords.hash(&secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(&secret("correct horse")).await.unwrap(), "every hash has its own salt");
        assert!(passwords.verify(&secret("correct horse"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&secret("correct house"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&secret("correct horse"), None).await.unwrap());
        let decoy = SequentialIds::default().secret().map(|byte| format!("{byte:02x}")).concat();
        assert!(passwords.verify(&secret(&decoy), Some(&passwords.decoy)).await.unwrap());
        assert!(!passwords.verify(&secret(&decoy), None).await.unwrap(), "nobody logs in to no account");
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_told_when_to_come_back() {
        let passwords = passwords(1).await;
        let stuck = Arc::clone(&passwords.turns).acquire_owned().await.unwrap();
        let password = secret("correct horse");
        let crowd = join_all((0..WAITERS + 3).map(|_| passwords.verify(&password, None)));
        let release = async {
            tokio::task::yield_now().await;
            drop(stuck);
        };
        let (answers, ()) = tokio::join!(crowd, release);
        let busy: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        // One more than may wait got in: the turn's own place was free.
        assert_eq!(busy.len(), 2);
        assert!(busy.iter().all(|fault| fault.is(&reasons::BUSY) && fault.retry_after_s == Some(RETRY_AFTER_S)));
    }

    #[tokio::test]
    async fn account_that_does_not_exist_waits_in_the_same_queue() {
        let passwords = passwords(1).await;
        let _everything = passwords.admission.acquire_many(65).await.unwrap();
        assert!(passwords.verify(&secret("correct horse"), None).await.unwrap_err().is(&reasons::BUSY));
    }
}
