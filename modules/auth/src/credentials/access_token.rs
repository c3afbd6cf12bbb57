//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), so that anybody with the public key can
//! tell who shows one.
//!
//! What may not enter: whether the user still exists. A signature does not know.

use super::SigningKey;
use crate::domain::Amr;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{Fault, Ids, SessionId, TenantId, Time, UserId, reasons};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Whom tokens are meant for.
const AUDIENCE: &str = "polity";
/// How far the clocks of two machines may be apart.
const LEEWAY_S: i64 = 30;

/// Whom a token is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) user: UserId,
    pub(crate) tenant: TenantId,
    pub(crate) log_in: SessionId,
    pub(crate) handle: &'a str,
    pub(crate) display_name: &'a str,
    pub(crate) authenticated_at: Time,
    pub(crate) amr: Amr,
}

/// What a token says. Registered names are RFC 7519's; `sid`, `auth_time` and `name` are OpenID Connect's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    pub(crate) sub: UserId,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    pub(crate) sid: SessionId,
    pub(crate) auth_time: i64,
    /// What was shown (RFC 8176).
    #[serde(default)]
    pub(crate) amr: Vec<String>,
    name: String,
    handle: String,
    tenant: TenantId,
}

/// Signs tokens and reads them.
pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    issuer: String,
    jwks: Value,
}

impl AccessTokens {
    /// Tokens that say `issuer`, signed with `key`.
    pub(crate) fn new(issuer: &str, key: &SigningKey) -> Self {
        // The first module instance of a process installs it; the others find the same one there.
        let _already_installed = RING.install_default();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask the machine for the time.
        validation.validate_exp = false;
        let jwk =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": key.x(), "kid": key.kid(), "alg": "EdDSA", "use": "sig" });
        Self {
            encoding: EncodingKey::from_ed_der(&key.pkcs8),
            decoding: DecodingKey::from_ed_der(&key.public),
            header,
            validation,
            issuer: issuer.to_owned(),
            jwks: json!({ "keys": [jwk] }),
        }
    }

    /// The public key as a JWK set (RFC 7517).
    pub(crate) fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// A token about `subject`, good from `now` until `expires_at`.
    ///
    /// # Errors
    /// `Internal` when it cannot be signed.
    pub(crate) fn sign(
        &self,
        subject: Subject<'_>,
        now: Time,
        expires_at: Time,
        ids: &dyn Ids,
    ) -> Result<String, Fault> {
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: subject.user,
            aud: AUDIENCE.to_owned(),
            exp: expires_at.timestamp(),
            iat: now.timestamp(),
            jti: ids.next().to_string(),
            sid: subject.log_in,
            auth_time: subject.authenticated_at.timestamp(),
            amr: subject.amr.words(),
            name: subject.display_name.to_owned(),
            handle: subject.handle.to_owned(),
            tenant: subject.tenant,
        };
        jsonwebtoken::encode(&self.header, &claims, &self.encoding).map_err(Fault::internal)
    }

    /// What a token says, if it is one of ours and `now` is not past its end.
    ///
    /// # Errors
    /// `access.credential_rejected`.
    pub(crate) fn read(&self, token: &str, now: Time) -> Result<Claims, Fault> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = read.map_err(|error| reasons::CREDENTIAL.fault().because(error))?.claims;
        if now.timestamp() >= claims.exp + LEEWAY_S {
            return Err(reasons::CREDENTIAL.fault().detail("The access token has expired."));
        }
        Ok(claims)
    }
}

/// jsonwebtoken on ring, and on Ed25519 alone: a token that names another algorithm finds no verifier.
static RING: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

struct Signer(Ed25519KeyPair);

impl signature::Signer<Vec<u8>> for Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verifier(UnparsedPublicKey<Vec<u8>>);

impl signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::EdDSA {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes()).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Signer(pair)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::EdDSA {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Verifier(UnparsedPublicKey::new(&ED25519, key.try_get_as_bytes()?.to_vec()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::TimeDelta;
    use testkit::SequentialIds;
    use uuid::Uuid;

    const NOW: Time = Time::UNIX_EPOCH;

    fn tokens(issuer: &str, seed: u8) -> AccessTokens {
        let settings = settings::load(&settings::Inputs {
            variables: [("ENVIRONMENT".to_owned(), "test".to_owned())].into(),
            ..settings::Inputs::default()
        });
        let mut settings = settings.unwrap().settings;
        let seed = base64::engine::general_purpose::STANDARD.encode([seed; 32]);
        settings.auth.signing_key = Some(settings::Secret::new(seed));
        AccessTokens::new(issuer, &SigningKey::load(&settings, &SequentialIds::default()).unwrap())
    }

    fn sign(tokens: &AccessTokens) -> String {
        let subject = Subject {
            user: UserId(Uuid::from_u128(7)),
            tenant: TenantId::FIRST,
            log_in: SessionId(Uuid::from_u128(8)),
            handle: "ada",
            display_name: "Ada",
            authenticated_at: NOW,
            amr: Amr::Password,
        };
        tokens.sign(subject, NOW, NOW + TimeDelta::seconds(900), &SequentialIds::default()).unwrap()
    }

    #[test]
    fn token_is_good_until_its_end_and_a_little_longer() {
        let tokens = tokens("https://polity.example", 1);
        let token = sign(&tokens);
        assert_eq!(tokens.read(&token, NOW + TimeDelta::seconds(929)).unwrap().sub, UserId(Uuid::from_u128(7)));
        assert!(tokens.read(&token, NOW + TimeDelta::seconds(930)).unwrap_err().is(&reasons::CREDENTIAL));
    }

    #[test]
    fn token_of_another_issuer_or_key_is_rejected() {
        let ours = tokens("https://polity.example", 1);
        for foreign in [tokens("https://other.example", 1), tokens("https://polity.example", 2)] {
            assert!(ours.read(&sign(&foreign), NOW).unwrap_err().is(&reasons::CREDENTIAL));
        }
    }

    #[test]
    fn token_that_names_no_or_another_algorithm_is_rejected() {
        let tokens = tokens("https://polity.example", 1);
        let token = sign(&tokens);
        let (_, rest) = token.split_once('.').unwrap();
        for algorithm in ["none", "HS256", "RS256", "ES256"] {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
            assert!(tokens.read(&format!("{header}.{rest}"), NOW).unwrap_err().is(&reasons::CREDENTIAL));
        }
    }

    #[test]
    fn token_whose_words_were_changed_is_rejected() {
        let tokens = tokens("https://polity.example", 1);
        let token = sign(&tokens);
        let parts: Vec<_> = token.split('.').collect();
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let forged = URL_SAFE_NO_PAD.encode(claims.replace(r#""exp":900"#, r#""exp":901"#));
        assert_ne!(forged, parts[1]);
        assert!(tokens.read(&[parts[0], &forged, parts[2]].join("."), NOW).unwrap_err().is(&reasons::CREDENTIAL));
    }
}
