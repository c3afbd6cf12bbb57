//! The Ed25519 key access tokens are signed with.
//!
//! What may not enter: a second key. Whoever rotates keys needs two and a plan; this is one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Ids;
use ring::signature::{Ed25519KeyPair, KeyPair};
use runtime::{SigningSeed, StartError};
use settings::Settings;

const SEED: SigningSeed = SigningSeed { setting: "auth.signing_key", file: "signing-key" };

/// The fixed beginning of a PKCS #8 version 1 wrapping of an Ed25519 seed (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The key, in the forms others want it in.
pub(crate) struct SigningKey {
    /// The private key in PKCS #8.
    pub(crate) pkcs8: Vec<u8>,
    /// The public key's 32 bytes.
    pub(crate) public: Vec<u8>,
}

impl SigningKey {
    /// The configured key, or the one kept in the data folder, made there if it is missing.
    ///
    /// # Errors
    /// Those of [`SigningSeed::load`].
    pub(crate) fn load(settings: &Settings, ids: &dyn Ids) -> Result<Self, StartError> {
        let seed = SEED.load(settings.auth.signing_key.as_ref(), settings, ids)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(StartError::of)?;
        Ok(Self { pkcs8: [PKCS8_PREFIX.as_slice(), &seed].concat(), public: pair.public_key().as_ref().to_vec() })
    }

    /// The public key as a JWK has it (RFC 8037 section 2).
    pub(crate) fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.public)
    }

    /// The key's name: its thumbprint (RFC 7638, with the members RFC 8037 section 2 requires).
    pub(crate) fn kid(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, members.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use settings::{Inputs, Secret};
    use testkit::SequentialIds;

    #[test]
    fn thumbprint_is_the_one_of_rfc_8037() {
        // RFC 8037 appendices A.1 and A.3.
        let variables = [("ENVIRONMENT".to_owned(), "test".to_owned())].into();
        let mut settings = settings::load(&Inputs { variables, ..Inputs::default() }).unwrap().settings;
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        settings.auth.signing_key = Some(Secret::new(STANDARD.encode(seed)));
        let key = SigningKey::load(&settings, &SequentialIds::default()).unwrap();
        assert_eq!(key.x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
