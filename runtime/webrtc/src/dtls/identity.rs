//! Who we are towards browsers: a key and a certificate that signs itself, as `a=fingerprint` announces it. One serves all peers of a
//! node for as long as it runs; nothing is kept on disk.

use super::provider;
use crate::credentials::Fingerprint;
use crate::limits;
use dimpl::{Config, DtlsCertificate};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use std::fmt;
use std::sync::Arc;

/// A certificate could not be made, which only a machine without randomness explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityError(String);

/// A key, its certificate, and how handshakes go that use them. Cloning shares it.
#[derive(Clone)]
pub struct Identity {
    config: Arc<Config>,
    certificate: DtlsCertificate,
    fingerprint: Fingerprint,
}

impl Identity {
    /// A new one (ECDSA on P-256). **Its key, the ephemeral keys and hellos of its handshakes and the spread of their repetitions are by
    /// the system's randomness**, through aws-lc and `dimpl`: the one place in this crate that is not told its chance.
    ///
    /// # Errors
    /// The system has no randomness, or cryptography is not what it should be: it is tried at once.
    pub fn generate() -> Result<Self, IdentityError> {
        Self::with_seed(None)
    }

    /// For tests: repetitions and hellos by a seed. Keys are still the system's.
    pub(crate) fn with_seed(seed: Option<u64>) -> Result<Self, IdentityError> {
        let failed = |error: String| IdentityError(error);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| failed(error.to_string()))?;
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        // It is seen by anybody who calls: it says nothing of the node.
        name.push(DnType::CommonName, "WebRTC");
        params.distinguished_name = name;
        let certificate = params.self_signed(&key).map_err(|error| failed(error.to_string()))?;
        let mut config = Config::builder()
            .with_crypto_provider(provider::provider())
            .mtu(limits::HANDSHAKE_MTU)
            // Cookies keep strangers from making us work. Here nobody gets this far whom ICE has not seen at that address.
            .use_server_cookie(false)
            .require_client_certificate(true)
            .flight_start_rto(limits::FLIGHT_REPETITION)
            .flight_retries(limits::FLIGHT_REPETITIONS)
            .handshake_timeout(limits::HANDSHAKE);
        if let Some(seed) = seed {
            config = config.dangerously_set_rng_seed(seed);
        }
        let config = config.build().map_err(|error| failed(error.to_string()))?;
        let certificate = DtlsCertificate {
            certificate: certificate.der().to_vec(),
            private_key: key.serialize_der(),
        };
        Ok(Self {
            config: Arc::new(config),
            fingerprint: Fingerprint::of(&certificate.certificate),
            certificate,
        })
    }

    /// For `a=fingerprint`.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    pub(super) fn certificate(&self) -> DtlsCertificate {
        self.certificate.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint)
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a certificate for DTLS cannot be made: {}", self.0)
    }
}

impl std::error::Error for IdentityError {}
